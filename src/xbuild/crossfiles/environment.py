"""The environment variables that setuptools, autotools, pkg-config, CMake and Cargo take a cross build from.

Values, never changes to ``os.environ``. Not among them: CFLAGS, which would *replace* those of the sysconfig data in
setuptools; LDFLAGS, as the compilers know their sysroot; LDSHARED, which some configure scripts (zlib's) take for a
whole command of their own; and LD, as the compiler knows its linker and some makefiles pass LD compiler options.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Literal, assert_never

from xbuild.crossfiles import pkgconfig, quoting
from xbuild.crossfiles.cargo import build_script_variables
from xbuild.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.crossfiles.layout import Layout
    from xbuild.crossfiles.spec import CrossSpec

Format = Literal["sh", "json", "github", "dotenv"]


def environment(spec: CrossSpec, layout: Layout) -> Mapping[str, str]:
    """Return the variables of ``spec``, sorted.

    The interpreter's own answers are not in it: a build Python that already speaks for the target (crossenv's) needs
    only this, any other one :func:`interpreter_environment` too.
    """
    files = {"CMAKE_TOOLCHAIN_FILE": str(layout.cmake), "CONFIG_SITE": str(layout.config_site)}
    variables = _compilers(spec) | pkgconfig.environment(spec, layout) | _python(spec) | _cargo(spec, layout) | files
    return dict(sorted(variables.items()))


def interpreter_environment(spec: CrossSpec, layout: Layout) -> Mapping[str, str]:
    """Return the variables that make a build Python's sysconfig answer as the target's.

    PYTHONPATH is meant to be put before the user's. It, and not CPython 3.14's variable for the purpose, because every
    other Python that is started looks for the module too, and fails without it.
    """
    return {
        "PYTHONPATH": quoting.search_path([str(layout.sysconfigdata.parent)], "PYTHONPATH"),
        "_PYTHON_HOST_PLATFORM": spec.target.platform,
        "_PYTHON_SYSCONFIGDATA_NAME": layout.sysconfigdata.stem,
    }


def _compilers(spec: CrossSpec) -> dict[str, str]:
    toolchain = spec.toolchain
    build_cc, build_cxx = spec.tools.get("cc"), spec.tools.get("c++")
    programs = {
        "CC": toolchain.cc,
        "CXX": toolchain.cxx,
        "FC": toolchain.fc,
        "F77": toolchain.fc,
        "F90": toolchain.fc,
        **toolchain.binutils,
        "PKG_CONFIG": spec.pkg_config,
        # Programs that are compiled to run during the build: autotools' and Meson's names, then cc-rs's.
        "CC_FOR_BUILD": build_cc,
        "CXX_FOR_BUILD": build_cxx,
        "HOST_CC": build_cc,
        "HOST_CXX": build_cxx,
    }
    return {name: str(path) for name, path in programs.items() if path is not None}


def _python(spec: CrossSpec) -> dict[str, str]:
    return {
        "_PYTHON_HOST_PLATFORM": spec.target.platform,
        # For scikit-build-core and pybind11, which read it before they ask the interpreter.
        "SETUPTOOLS_EXT_SUFFIX": spec.python.extension_suffix,
    }


def _cargo(spec: CrossSpec, layout: Layout) -> dict[str, str]:
    triple = spec.target.rust_triple
    cargo = f"CARGO_TARGET_{triple.replace('-', '_').upper()}"
    variables = {
        "CARGO_BUILD_TARGET": triple,
        f"{cargo}_AR": str(spec.toolchain.ar),
        f"{cargo}_LINKER": str(spec.toolchain.cc),
    }
    if spec.emulator is not None:
        variables[f"{cargo}_RUNNER"] = str(spec.emulator.wrapper)
    return variables | build_script_variables(spec, layout)


def check_words(variables: Mapping[str, str]) -> None:
    """Raise :class:`ToolchainError` for a program or file that the readers of its variable take apart.

    autotools, make and setuptools read ``CC`` and its like as words of a command, and autotools splits ``CONFIG_SITE``
    at spaces: there is no way to quote them that all of these understand.
    """
    for name in ("CC", "AR", "CONFIG_SITE"):
        if not re.fullmatch(r"[\w/.,+@%:=~-]*", variables[name]):
            raise ToolchainError(
                f"{name} is read as words of a command, which no quotes are right in: {variables[name]!r}",
                hint="use a cache whose path has letters and digits only (XBUILD_CACHE_DIR); "
                "the files for Meson and CMake take spaces",
            )


def render(variables: Mapping[str, str], style: Format) -> str:
    """Return ``variables`` as text: for a POSIX shell's ``eval``, JSON, GitHub's ``$GITHUB_ENV`` or a dotenv file."""
    match style:
        case "sh":
            return "".join(f"export {name}={quoting.shell(value)}\n" for name, value in variables.items())
        case "json":
            return json.dumps(dict(variables), indent=2, ensure_ascii=False) + "\n"
        case "github":
            return "".join(quoting.github(name, value) for name, value in variables.items())
        case "dotenv":
            return "".join(f"{name}={quoting.dotenv(value)}\n" for name, value in variables.items())
    assert_never(style)
