"""Meson's cross file. Meson says "host" for what is the target everywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xbuild.crossfiles import quoting
from xbuild.crossfiles.pkgconfig import libdirs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.crossfiles.layout import Layout
    from xbuild.crossfiles.spec import CrossSpec

_HEADER = """\
# Meson cross file for {description}, CPython {version}. Use: meson setup --cross-file FILE
# Needs Meson 1.10 (python.build_config). A later --cross-file overrides single entries. Names without a folder are
# found on PATH.
"""

_CONAN_HEADER = "# Goes with Conan's own cross file, after it.\n"
_NOT_CONANS = frozenset({"python", "python3", "exe_wrapper", "cmake", "cython", "rust", "readelf"})


def render(spec: CrossSpec, layout: Layout) -> str:
    """Return the cross file."""
    sections = {
        "binaries": _binaries(spec),
        "host_machine": _host_machine(spec),
        "properties": _properties(spec, layout),
        "built-in options": _options(spec),
    }
    return _file(_HEADER.format(description=spec.target.description, version=spec.python.version), sections)


def render_for_conan(spec: CrossSpec, layout: Layout) -> str:
    """Return what Conan's own cross file lacks, to be read after it; it names pkg-config, and Meson refuses two.

    pkg-config finds Conan's packages and the target's Python, but not the sysroot's: their paths would need a prefix
    that those of Conan's must not have.
    """
    properties = _properties(spec, layout)
    properties.pop("sys_root", None)
    sections = {
        "binaries": {name: value for name, value in _binaries(spec).items() if name in _NOT_CONANS},
        "properties": properties | {"pkg_config_libdir": f"[{quoting.meson(str(layout.pkgconfig))}]"},
        "built-in options": _options(spec),
    }
    return _file(_CONAN_HEADER, sections)


def _options(spec: CrossSpec) -> dict[str, str]:
    # Not the interpreter of [binaries] but this file answers what the target's Python is like (PEP 739).
    return {"python.build_config": quoting.meson(str(spec.python.details_file))}


def _file(header: str, sections: Mapping[str, Mapping[str, str]]) -> str:
    blocks = [header]
    for title, entries in sections.items():
        blocks.append("".join([f"[{title}]\n", *(f"{name} = {value}\n" for name, value in entries.items())]))
    return "\n".join(blocks)


def _binaries(spec: CrossSpec) -> dict[str, str]:
    toolchain = spec.toolchain
    programs = {
        "c": toolchain.cc,
        "cpp": toolchain.cxx,
        "fortran": toolchain.fc,
        "ar": toolchain.ar,
        "ranlib": toolchain.ranlib,
        "strip": toolchain.strip,
        "nm": toolchain.nm,
        "objcopy": toolchain.objcopy,
        "readelf": toolchain.readelf,
        # Meson runs it, so it is the build Python; whoever has a better one for the purpose overrides it.
        "python": spec.build_python,
        "python3": spec.build_python,
        "exe_wrapper": spec.emulator.wrapper if spec.emulator else None,
    }
    entries = {name: quoting.meson(str(path)) for name, path in programs.items() if path is not None}
    entries["pkg-config"] = _pkg_config(spec)
    # Meson does not look for these in a cross build unless they are named. Without a folder, as the right ones are
    # those of the environment Meson runs in.
    entries |= {name: quoting.meson(name) for name in ("cmake", "cython")}
    # The linker is the C compiler, as Meson has it.
    rust = ("rustc", "--target", spec.target.rust_triple)
    entries["rust"] = f"[{', '.join(map(quoting.meson, rust))}]"
    return entries


def _pkg_config(spec: CrossSpec) -> str:
    program = str(spec.pkg_config or "pkg-config")
    if _has_sys_root(spec):
        return quoting.meson(program)
    words = ("env", f"PKG_CONFIG_SYSROOT_DIR={spec.sysroot.path}", program)
    return f"[{', '.join(map(quoting.meson, words))}]"


def _has_sys_root(spec: CrossSpec) -> bool:
    """Whether ``sys_root`` can be set: Meson prefixes it to the Python's headers unless they are inside it.

    Where they are not, the same is done for pkg-config, which is all else that Meson does with ``sys_root``.
    """
    return spec.python.include.is_relative_to(spec.sysroot.path)


def _host_machine(spec: CrossSpec) -> dict[str, str]:
    machine = spec.target.meson
    return {
        "system": quoting.meson("linux"),
        "kernel": quoting.meson("linux"),
        "subsystem": quoting.meson("linux"),
        "cpu_family": quoting.meson(machine.cpu_family),
        "cpu": quoting.meson(machine.cpu),
        "endian": quoting.meson(machine.endian),
    }


def _properties(spec: CrossSpec, layout: Layout) -> dict[str, str]:
    folders = ", ".join(quoting.meson(str(folder)) for folder in libdirs(spec, layout))
    entries = {
        "needs_exe_wrapper": "true",
        "pkg_config_libdir": f"[{folders}]",
        "longdouble_format": quoting.meson(spec.target.long_double_format),
        # For CMake subprojects and dependencies.
        "cmake_toolchain_file": quoting.meson(str(layout.cmake)),
    }
    if _has_sys_root(spec):
        entries["sys_root"] = quoting.meson(str(spec.sysroot.path))
    return entries
