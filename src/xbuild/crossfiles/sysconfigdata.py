"""The target Python's ``_sysconfigdata`` module, rewritten for these compilers and these folders.

setuptools and distutils compile with what it says, and use its ``INCLUDEPY`` only if that folder exists: with the
distributor's own paths they would take the build Python's headers, silently.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.crossfiles import quoting
from xbuild.crossfiles.flags import clean_flags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.crossfiles.layout import Layout
    from xbuild.crossfiles.spec import CrossSpec, TargetPython

Variables = dict[str, str | int]

# What sysconfig computes itself when it starts. `_sysconfig_vars_*.json` has them too, as they were on the
# distributor's machine; put back, they would send installations to the distributor's prefix.
_COMPUTED = frozenset(
    {"abi_thread", "abiflags", "base", "implementation", "implementation_lower", "installed_base", "installed_platbase"}
    | {"multiarchsubdir", "platbase", "platlibdir", "projectbase", "py_version", "py_version_nodot"}
    | {"py_version_nodot_plat", "py_version_short", "srcdir", "userbase"}
)

# Variables of compiler flags that do not end in FLAGS.
_FLAG_VARIABLES = frozenset({"BLDLIBRARY", "CCSHARED", "LIBS", "LINKFORSHARED", "MODLIBS", "OPT", "SHLIBS", "SYSLIBS"})

# Full commands, by the compiler they start with. What follows the compiler stays, cleaned.
_C_COMMANDS = ("BLDSHARED", "LDSHARED")
_CXX_COMMANDS = ("LDCXXSHARED",)


_HEADER = "# The target's sysconfig variables, rewritten by xbuild.\n"
_FIND_HERE = "import os\n\n_here = os.path.dirname(os.path.abspath(__file__))\n"


def render(spec: CrossSpec, _layout: Layout) -> str:
    """Return the text of the module: ``build_time_vars``, in ASCII and sorted; a literal, unless it is portable."""
    lines = [f"    {name!r}: {_expression(value)},\n" for name, value in sorted(rewrite_variables(spec).items())]
    find_here = _FIND_HERE if quoting.HERE in str(spec.python.prefix) else ""
    return "".join([_HEADER, find_here, "build_time_vars = {\n", *lines, "}\n"])


def _expression(value: str | int) -> str:
    return quoting.python(value) if isinstance(value, str) else ascii(value)


def rewrite_variables(spec: CrossSpec) -> Mapping[str, str | int]:
    """Return the variables of ``spec.python`` with compilers, flags, folders and identity as ``spec`` has them."""
    original = {name: value for name, value in spec.python.variables.items() if name not in _COMPUTED}
    rewritten: Variables = {
        name: clean_flags(value) if isinstance(value, str) and _holds_flags(name) else value
        for name, value in original.items()
    }
    rewritten |= _commands(spec, original)
    rewritten |= _folders(spec.python, original)
    rewritten |= _identity(spec)
    # It says where it is run, which only the running interpreter knows. crossenv fills it in.
    rewritten.pop("BUILD_GNU_TYPE", None)
    return rewritten


def _holds_flags(name: str) -> bool:
    return name in _FLAG_VARIABLES or re.search(r"(?:FLAGS|FLAGS_NODIST|FLAGS_NOLTO)$", name) is not None


def _commands(spec: CrossSpec, original: Mapping[str, str | int]) -> Variables:
    toolchain = spec.toolchain
    cc = _word(toolchain.cc)
    # Readers need the variable; without a C++ compiler, GCC's C driver explains best what is missing.
    cxx = _word(toolchain.cxx or toolchain.cc)
    commands: Variables = {
        "CC": cc,
        "CXX": cxx,
        "MAINCC": cc,
        "LINKCC": cc,
        "CPP": f"{cc} -E",
        "AR": _word(toolchain.ar),
        "RANLIB": _word(toolchain.ranlib),
    }
    optional = {"NM": toolchain.nm, "READELF": toolchain.readelf, "OBJCOPY": toolchain.objcopy}
    commands |= {name: _word(path) for name, path in optional.items() if path is not None}
    commands |= {name: _relink(cc, original.get(name)) for name in _C_COMMANDS}
    commands |= {name: _relink(cxx, original.get(name, original.get("LDSHARED"))) for name in _CXX_COMMANDS}
    return commands


def _word(path: Path) -> str:
    """Quote a program as setuptools takes a command apart, which is nearly as a shell does."""
    text = str(path)
    return f'"{text}"' if quoting.HERE in text else quoting.shell(text)


def _relink(compiler: str, command: str | int | None) -> str:
    words = str(command or "").split()
    while words and not words[0].startswith("-"):
        del words[0]
    flags = clean_flags(" ".join(words))
    return f"{compiler} {flags}" if "-shared" in flags.split() else f"{compiler} -shared {flags}".rstrip()


def _folders(python: TargetPython, original: Mapping[str, str | int]) -> Variables:
    """Return every folder variable, moved to the same place in ``python.prefix``; headers and library as they are."""
    prefix = str(python.prefix)
    include, stdlib, libdir = str(python.include), str(python.stdlib), str(_library_dir(python))
    config = Path(str(original.get("LIBPL") or f"config-{python.version}")).name
    folders: Variables = {
        "prefix": prefix,
        "exec_prefix": prefix,
        "BINDIR": f"{prefix}/bin",
        "CONFINCLUDEDIR": str(python.include.parent),
        "CONFINCLUDEPY": include,
        "DESTSHARED": f"{stdlib}/lib-dynload",
        "INCLUDEDIR": str(python.include.parent),
        "INCLUDEPY": include,
        "LIBDEST": stdlib,
        "LIBDIR": libdir,
        "LIBPL": f"{stdlib}/{config}",
        "SCRIPTDIR": str(python.stdlib.parent),
    }
    same = {"host_prefix": prefix, "host_exec_prefix": prefix, "DESTLIB": stdlib, "BINLIBDEST": stdlib}
    same |= {"MACHDESTLIB": stdlib, "LIBPC": f"{libdir}/pkgconfig"}
    return folders | {name: value for name, value in same.items() if name in original}


def _library_dir(python: TargetPython) -> Path:
    libpython = python.details.libpython
    if libpython is not None and libpython.dynamic is not None:
        return Path(libpython.dynamic).parent
    return python.prefix / "lib"


def _identity(spec: CrossSpec) -> Variables:
    python = spec.python
    identity: Variables = {
        "ABIFLAGS": python.abi_flags,
        "EXT_SUFFIX": python.extension_suffix,
        "HOST_GNU_TYPE": spec.target.triplet,
        "LDVERSION": f"{python.version}{python.abi_flags}",
        "MULTIARCH": spec.multiarch,
        "SHLIB_SUFFIX": ".so",
        "SOABI": python.soabi,
        "VERSION": python.version,
    }
    if "t" in python.abi_flags:
        identity["Py_GIL_DISABLED"] = 1
    return identity
