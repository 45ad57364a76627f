"""The target Python's ``.pc`` files, and the variables that make pkg-config find them and the sysroot's, and no others.

Without them ``dependency('python3')`` in Meson (which its Cython check asks for too) means the interpreter that runs
Meson.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from xbuild.crossfiles import quoting

if TYPE_CHECKING:
    from pathlib import Path

    from xbuild.crossfiles.layout import Layout
    from xbuild.crossfiles.spec import CrossSpec

# Not -I, and not the library alone: pkg-config would put the sysroot before folders that are outside it.
_FILE = """\
Name: Python{suffix}
Description: CPython for {description}
Version: {version}
Cflags: --include-directory={include}
Libs: {libs}
"""


EMBEDDING = "-Wl,--allow-shlib-undefined"
"""What programs that embed Python are linked with: the library's own needs are not in the sysroot, or newer there."""


def file_names(spec: CrossSpec) -> tuple[str, ...]:
    """Return ``python3.pc`` and ``python-3.13.pc``, and these with ``-embed`` where there is a library to link."""
    versioned = f"python-{spec.python.version}{spec.python.abi_flags}"
    suffixes = ("", "-embed") if _libpython(spec) else ("",)
    return tuple(f"{name}{suffix}.pc" for name in ("python3", versioned) for suffix in suffixes)


def render(name: str, spec: CrossSpec, _layout: Layout) -> str:
    """Return the text of the file ``name``."""
    suffix = "-embed" if name.endswith("-embed.pc") else ""
    library = _libpython(spec) if suffix else None
    return _FILE.format(
        suffix=suffix,
        description=spec.target.description,
        version=spec.python.version,
        include=_path(str(spec.python.include), spec),
        libs=f"{EMBEDDING} -Wl,{_path(library, spec)}" if library else "",
    )


def libdirs(spec: CrossSpec, layout: Layout) -> tuple[Path, ...]:
    """Return the folders pkg-config is to search, and no others."""
    return (layout.pkgconfig, *spec.sysroot.pkgconfig_dirs)


def environment(spec: CrossSpec, layout: Layout) -> dict[str, str]:
    """Return the variables that make pkg-config find the target's packages alone."""
    return {
        "PKG_CONFIG_LIBDIR": quoting.search_path(map(str, libdirs(spec, layout)), "PKG_CONFIG_LIBDIR"),
        "PKG_CONFIG_PATH": "",
        "PKG_CONFIG_SYSROOT_DIR": str(spec.sysroot.path),
    }


def _libpython(spec: CrossSpec) -> str | None:
    libpython = spec.python.details.libpython
    return (libpython.dynamic or libpython.static) if libpython else None


def _path(path: str, spec: CrossSpec) -> str:
    """Say where ``path`` is; from the sysroot if it is portable, as ``${pcfiledir}`` has the sysroot before it."""
    if quoting.HERE not in path:
        return quoting.pkgconfig(path)
    below = "/" + "folder/" * 64  # so that no ".." of the two is lost
    return "${pc_sysrootdir}/" + quoting.pkgconfig(posixpath.relpath(below + path, f"{below}{spec.sysroot.path}"))
