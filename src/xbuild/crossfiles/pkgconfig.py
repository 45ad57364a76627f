"""The target Python's ``.pc`` files, and the variables that make pkg-config find them and the sysroot's, and no others.

Without them ``dependency('python3')`` in Meson (which its Cython check asks for too) means the interpreter that runs
Meson.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
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


def render_all(spec: CrossSpec) -> Mapping[str, str]:
    """Return the text of each file by its name: ``python3.pc`` and ``python-3.13.pc``, and these with ``-embed``."""
    versioned = f"{spec.python.version}{spec.python.abi_flags}"
    texts: dict[str, str] = {}
    for suffix in ("", "-embed"):
        text = _FILE.format(
            suffix=suffix,
            description=spec.target.description,
            version=spec.python.version,
            include=_escape(str(spec.python.include)),
            libs=_libpython(spec) if suffix else "",
        )
        texts |= {f"python3{suffix}.pc": text, f"python-{versioned}{suffix}.pc": text}
    return texts


def libdirs(spec: CrossSpec, layout: Layout) -> tuple[Path, ...]:
    """Return the folders pkg-config is to search, and no others."""
    return (layout.pkgconfig, *spec.sysroot.pkgconfig_dirs)


def environment(spec: CrossSpec, layout: Layout) -> dict[str, str]:
    """Return the variables that make pkg-config find the target's packages alone."""
    return {
        "PKG_CONFIG_LIBDIR": ":".join(map(str, libdirs(spec, layout))),
        "PKG_CONFIG_PATH": "",
        "PKG_CONFIG_SYSROOT_DIR": str(spec.sysroot.path),
    }


def _libpython(spec: CrossSpec) -> str:
    libpython = spec.python.details.libpython
    path = (libpython.dynamic or libpython.static) if libpython else None
    return f"-Wl,{_escape(path)}" if path else f"-lpython{spec.python.version}{spec.python.abi_flags}"


def _escape(path: str) -> str:
    # With the brace escaped too, "${" is no variable.
    return re.sub(r"([^\w/.,+@%:=~-])", r"\\\1", path)
