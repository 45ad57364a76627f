"""CMake's toolchain file. CMake reads it again in every ``try_compile``, so each statement can be repeated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xbuild.crossfiles import pkgconfig, quoting
from xbuild.crossfiles.environment import interpreter_environment
from xbuild.crossfiles.pkgconfig import EMBEDDING
from xbuild.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from xbuild.crossfiles.layout import Layout
    from xbuild.crossfiles.spec import CrossSpec

_HEADER = """\
# CMake toolchain file for {description}, CPython {version}. Use: cmake --toolchain FILE (or CMAKE_TOOLCHAIN_FILE).
"""

_SYSROOT = """\
# No CMAKE_SYSROOT: the compilers know their sysroot, and not all of them (zig) take a second one.
"""

_MODES = """\
# Programs are the build machine's, libraries and headers the target's.
# Packages may be either: pybind11, nanobind and their like are found in the build environment, which is no root.
# The target's come first, and a library of the wrong machine does not link.
"""

_INTERPRETER = """\
# The interpreter that runs during the build has the target's version. An explicit one, then that of an active
# virtual environment, is better than ours: it has the packages the build imports.
"""

_ANSWERS = """\
# What FindPython asks an interpreter about itself, answered for the target whichever interpreter it is.
"""

_CONFIG = """\
# Before 4.1, FindPython asks no interpreter in a cross build, and lets no variable but its own say what else to ask.
"""

_HEADERS = """\
# The target's headers, also where a build backend has preset its own interpreter's.
"""

_SOABI = """\
# In a find without the Interpreter, FindPython has nobody to ask and takes these. It unsets all but cache entries.
"""

_PYBIND11 = """\
# pybind11 (its FindPythonLibsNew too) and nanobind, which would otherwise ask the interpreter.
"""


def render(spec: CrossSpec, layout: Layout) -> str:
    """Return the toolchain file. Raises :class:`ToolchainError` for compilers with a path CMake cannot take."""
    if re.search(r'["\\;]', str(spec.toolchain.cc)):
        # It writes the path into files of its own, as it is.
        raise ToolchainError(
            "CMake cannot take a compiler whose path has a double quote, a semicolon or a backslash: "
            f"{str(spec.toolchain.cc)!r}",
            hint="use a cache with another path (XBUILD_CACHE_DIR)",
        )
    blocks = [
        _HEADER.format(description=spec.target.description, version=spec.python.version),
        "".join(_system(spec)),
        _SYSROOT + "".join(_sysroot(spec)),
        _MODES + "".join(_modes()),
        "".join(_pkg_config(spec, layout)),
        _INTERPRETER + "".join(_interpreter(spec)),
        _ANSWERS + "".join(_answers(spec, layout)),
        _CONFIG + "".join(_config(layout)),
        _HEADERS + "".join(_headers(spec)),
        _SOABI + "".join(_soabi(spec)),
        _PYBIND11 + "".join(_pybind11(spec)),
    ]
    return "\n".join(blocks)


def _set(name: str, *values: object) -> str:
    return f"set({name} {' '.join(quoting.cmake(str(value)) for value in values)})\n"


def _cache(name: str, value: object, kind: str = "STRING") -> str:
    return f'set({name} {quoting.cmake(str(value))} CACHE {kind} "")\n'


def _system(spec: CrossSpec) -> Iterator[str]:
    toolchain = spec.toolchain
    yield _set("CMAKE_SYSTEM_NAME", "Linux")
    yield _set("CMAKE_SYSTEM_PROCESSOR", spec.target.cmake_processor)
    yield _set("CMAKE_LIBRARY_ARCHITECTURE", spec.sysroot.triplet)
    programs = {
        "CMAKE_C_COMPILER": toolchain.cc,
        "CMAKE_CXX_COMPILER": toolchain.cxx,
        "CMAKE_Fortran_COMPILER": toolchain.fc,
        "CMAKE_AR": toolchain.ar,
        "CMAKE_RANLIB": toolchain.ranlib,
        "CMAKE_STRIP": toolchain.strip,
        "CMAKE_NM": toolchain.nm,
        "CMAKE_LINKER": toolchain.ld,
        "CMAKE_OBJCOPY": toolchain.objcopy,
        "CMAKE_READELF": toolchain.readelf,
        # Runs the target's programs under QEMU and the build machine's directly: FindPython starts the build
        # Python with it (CMP0190), try_run and ctest the target's programs.
        "CMAKE_CROSSCOMPILING_EMULATOR": spec.emulator.wrapper if spec.emulator else None,
    }
    yield from (_set(name, path) for name, path in programs.items() if path is not None)
    # For a language without a compiler CMake searches PATH, where the build machine's are, unless this says which.
    for variable, language, path in (("CXX", "C++", toolchain.cxx), ("FC", "Fortran", toolchain.fc)):
        if path is None:
            yield _set(f"ENV{{{variable}}}", f"the-toolchain-has-no-{language}-for-{spec.target.name}")


def _sysroot(spec: CrossSpec) -> Iterable[str]:
    # A path that is inside a root already is taken as it is: the Python's headers and library.
    return [_set("CMAKE_FIND_ROOT_PATH", *dict.fromkeys((spec.sysroot.path, spec.python.prefix)))]


def _modes() -> Iterator[str]:
    yield "set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)\n"
    yield "set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)\n"
    yield "set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)\n"
    yield "set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE BOTH)\n"
    # They list what was built on, and for, this machine.
    yield "set(CMAKE_FIND_USE_PACKAGE_REGISTRY FALSE)\n"
    yield "set(CMAKE_FIND_USE_SYSTEM_PACKAGE_REGISTRY FALSE)\n"


def _pkg_config(spec: CrossSpec, layout: Layout) -> Iterator[str]:
    if spec.pkg_config is not None:
        yield _cache("PKG_CONFIG_EXECUTABLE", spec.pkg_config, "FILEPATH")
    yield from (_set(f"ENV{{{name}}}", value) for name, value in pkgconfig.environment(spec, layout).items())


def _interpreter(spec: CrossSpec) -> Iterator[str]:
    version = spec.python.version
    yield "foreach(_xbuild_prefix IN ITEMS Python Python3 PYTHON)\n"
    yield "  if(NOT DEFINED ${_xbuild_prefix}_EXECUTABLE)\n"
    yield f'    if(DEFINED ENV{{VIRTUAL_ENV}} AND EXISTS "$ENV{{VIRTUAL_ENV}}/bin/python{version}")\n'
    yield f'      set(${{_xbuild_prefix}}_EXECUTABLE "$ENV{{VIRTUAL_ENV}}/bin/python{version}")\n'
    yield "    else()\n"
    yield f"      set(${{_xbuild_prefix}}_EXECUTABLE {quoting.cmake(str(spec.build_python))})\n"
    yield "    endif()\n"
    yield "  endif()\n"
    yield "endforeach()\n"


def _answers(spec: CrossSpec, layout: Layout) -> Iterator[str]:
    variables = dict(interpreter_environment(spec, layout))
    yield "if(NOT DEFINED ENV{_PYTHON_SYSCONFIGDATA_NAME})\n"
    yield f"  {_set('_xbuild_pythonpath', variables.pop('PYTHONPATH'))}"
    yield "  if(DEFINED ENV{PYTHONPATH})\n"
    yield '    string(APPEND _xbuild_pythonpath ":$ENV{PYTHONPATH}")\n'
    yield "  endif()\n"
    yield '  set(ENV{PYTHONPATH} "${_xbuild_pythonpath}")\n'
    yield from (f"  {_set(f'ENV{{{name}}}', value)}" for name, value in variables.items())
    yield "endif()\n"


def _config(layout: Layout) -> Iterator[str]:
    yield "if(CMAKE_VERSION VERSION_LESS 4.1)\n"
    for prefix in ("Python", "Python3"):
        yield f"  {_set(f'_{prefix}_CONFIG', layout.python_config)}"
        yield f"  {_set(f'_{prefix}_CONFIG_LAUNCHER', layout.python_config)}"
    yield "endif()\n"


def _headers(spec: CrossSpec) -> Iterator[str]:
    for prefix in ("Python", "Python3", "PYTHON"):
        yield _set(f"{prefix}_INCLUDE_DIR", spec.python.include)
    libpython = spec.python.details.libpython
    library = (libpython.dynamic or libpython.static) if libpython else None
    if library is None:
        return
    # Only for programs that embed Python: extension modules link no libpython. CMake 3.21 and 3.23, told of it, find
    # no Development.Module any more.
    yield f"if(NOT CMAKE_VERSION VERSION_LESS 3.25 AND EXISTS {quoting.cmake(library)})\n"
    for prefix in ("Python", "Python3", "PYTHON"):
        yield f"  {_set(f'{prefix}_LIBRARY', library)}"
    # The user may have set it too, and CMake reads this file more than once.
    yield f'  if(NOT "${{CMAKE_EXE_LINKER_FLAGS_INIT}}" MATCHES "{EMBEDDING}")\n'
    yield f'    string(APPEND CMAKE_EXE_LINKER_FLAGS_INIT " {EMBEDDING}")\n'
    yield "  endif()\n"
    yield "endif()\n"


def _soabi(spec: CrossSpec) -> Iterator[str]:
    for prefix in ("Python", "Python3"):
        yield _cache(f"{prefix}_SOABI", spec.python.soabi)
        yield _cache(f"{prefix}_SOSABI", _stable_abi(spec))
    if "t" in spec.python.abi_flags:
        # Before 3.30 there was no fourth item and no find of a free-threaded Python.
        yield "if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.30)\n"
        for prefix in ("Python", "Python3"):
            yield f"  {_set(f'{prefix}_FIND_ABI', 'ANY', 'ANY', 'ANY', 'ON')}"
        yield "endif()\n"


def _stable_abi(spec: CrossSpec) -> str:
    """``abi3``, without the triplet CPython 3.15 adds: interpreters before it import only the short form."""
    abi = spec.python.details.abi
    suffix = (abi.stable_abi_suffix if abi else None) or ".abi3.so"
    return suffix.removeprefix(".").removesuffix(".so").partition("-")[0]


def _pybind11(spec: CrossSpec) -> Iterator[str]:
    yield _set("SKBUILD_SOABI", spec.python.soabi)
    yield _cache("PYBIND11_PYTHONLIBS_OVERWRITE", "OFF", "BOOL")
    yield _cache("PYTHON_MODULE_EXTENSION", spec.python.extension_suffix, "INTERNAL")
    yield _cache("PYTHON_MODULE_DEBUG_POSTFIX", "", "INTERNAL")
    yield _cache("PYTHON_IS_DEBUG", "ON" if "d" in spec.python.abi_flags else "OFF", "INTERNAL")
