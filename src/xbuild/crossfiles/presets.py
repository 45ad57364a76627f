"""CMake presets: the toolchain file by a name, for configuring, building and testing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from xbuild.crossfiles import quoting

if TYPE_CHECKING:
    from xbuild.crossfiles.layout import Layout
    from xbuild.crossfiles.spec import CrossSpec

# toolchainFile came with version 3 (CMake 3.21), ${fileDir} with version 4.
_VERSION, _CMAKE = 3, {"major": 3, "minor": 21, "patch": 0}
_PORTABLE_VERSION, _PORTABLE_CMAKE = 4, {"major": 3, "minor": 23, "patch": 0}


def preset_name(spec: CrossSpec) -> str:
    """``riscv64-cp314t``: what ``cmake --preset`` is told."""
    return f"{spec.target.name}-cp{spec.python.version_nodot}{spec.python.abi_flags}"


def render(spec: CrossSpec, layout: Layout) -> str:
    """Return the presets. Compilers, sysroot and emulator are the toolchain file's matter."""
    name = preset_name(spec)
    toolchain = quoting.preset(str(layout.cmake))
    portable = quoting.HERE in str(layout.cmake)
    configure = {
        "name": name,
        "displayName": f"{spec.target.name}, CPython {spec.python.version}{spec.python.abi_flags}",
        "description": f"Cross build for {spec.target.description}",
        "binaryDir": "${sourceDir}/build/${presetName}",
        "toolchainFile": toolchain,
    }
    document: dict[str, Any] = {
        "version": _PORTABLE_VERSION if portable else _VERSION,
        "cmakeMinimumRequired": _PORTABLE_CMAKE if portable else _CMAKE,
        "configurePresets": [configure],
        "buildPresets": [{"name": name, "configurePreset": name}],
        "testPresets": [{"name": name, "configurePreset": name, "output": {"outputOnFailure": True}}],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
