"""A host profile for Conan 2. Conan says "host" for what is the target everywhere else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xbuild.crossfiles import quoting
from xbuild.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from xbuild.crossfiles.layout import Layout
    from xbuild.crossfiles.spec import CrossSpec
    from xbuild.toolchains import Toolchain

_HEADER = """\
# Conan 2 host profile for {description}, CPython {version}.
# Use: conan build . --profile:host FILE --profile:build default
# No tools.build:sysroot: the compilers know their sysroot, and not all of them (zig) take a second one.
"""


def render(spec: CrossSpec, layout: Layout) -> str:
    """Return the profile. Raises :class:`ToolchainError` if the compiler's version, a setting, is not known."""
    sections = {
        "settings": _settings(spec),
        "buildenv": _environment(spec, layout),
        "conf": _conf(spec, layout),
    }
    blocks = [_HEADER.format(description=spec.target.description, version=spec.python.version)]
    blocks += ["".join([f"[{title}]\n", *_lines(entries)]) for title, entries in sections.items()]
    return "\n".join(blocks)


def _lines(entries: Mapping[str, str]) -> Iterable[str]:
    return (f"{name}={value}\n" for name, value in entries.items())


def _settings(spec: CrossSpec) -> dict[str, str]:
    clang = spec.toolchain.family == "clang"
    version = _compiler_version(spec.toolchain)
    return {
        "os": "Linux",
        "arch": spec.target.conan_arch,
        "compiler": spec.toolchain.family,
        "compiler.version": version,
        # The compiler's own default. Without it, recipes that ask for a standard refuse to build.
        "compiler.cppstd": "gnu17" if int(version) >= (16 if clang else 11) else "gnu14",
        # zig links its own libc++; any other clang takes GCC's library, as distributions build it.
        "compiler.libcxx": "libc++" if clang and spec.toolchain.kind == "zig" else "libstdc++11",
        "build_type": "Release",
    }


def _compiler_version(toolchain: Toolchain) -> str:
    """Return the major version: Conan has no others of today's compilers."""
    zig = re.fullmatch(r"zig 0\.(\d+)\..*", toolchain.version)
    if zig:
        return str(int(zig[1]) + 5)  # each zig brings the next clang: 0.15 has clang 20
    version = re.match(r"\d+", toolchain.version)
    if version is None:
        raise ToolchainError(
            f"a Conan profile states the compiler's version, and {toolchain.cc} has said none that is understood",
            hint="name it as toolchain.version in a toolchain file",
        )
    return version[0]


def _environment(spec: CrossSpec, layout: Layout) -> dict[str, str]:
    """What Conan's toolchains do not take from ``[conf]``."""
    programs: Mapping[str, Path | None] = {
        **spec.toolchain.binutils,
        "CC_FOR_BUILD": spec.tools.get("cc"),
        "CXX_FOR_BUILD": spec.tools.get("c++"),
    }
    values = {name: str(path) for name, path in programs.items() if path is not None}
    # Not the sysroot's packages: their paths would need a prefix that those of Conan's packages must not have.
    values |= {"CONFIG_SITE": str(layout.config_site), "PKG_CONFIG_LIBDIR": str(layout.pkgconfig)}
    return {name: quoting.conan(value) for name, value in values.items()}


def _conf(spec: CrossSpec, layout: Layout) -> dict[str, str]:
    toolchain = spec.toolchain
    compilers = {"c": toolchain.cc, "cpp": toolchain.cxx, "fortran": toolchain.fc}
    executables = {name: str(path) for name, path in compilers.items() if path is not None}
    entries = {
        # For a target that is, by Conan's settings, the build machine too.
        "tools.build.cross_building:cross_build": "True",
        "tools.build:compiler_executables": quoting.conan_dict(executables),
        "tools.gnu:host_triplet": spec.target.triplet,
        # The emulator, Python and find modes; these come first, so that Conan's settings have the last word.
        "tools.cmake.cmaketoolchain:user_toolchain": quoting.conan_list([str(layout.cmake)]),
        "tools.meson.mesontoolchain:extra_machine_files": quoting.conan_list([str(layout.conan_meson)]),
    }
    if spec.pkg_config is not None:
        entries["tools.gnu:pkg_config"] = quoting.conan(str(spec.pkg_config))
    return entries
