"""The folder that makes GCC fit the C library of a sysroot that is not of its suite, kept in the cache."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from xbuild.provision.directory import find_library
from xbuild.toolchains.foreign import write_support

if TYPE_CHECKING:
    from pathlib import Path

    from xbuild.crossfiles.spec import Sysroot
    from xbuild.provision.cache import Cache
    from xbuild.provision.components import GccTree
    from xbuild.targets import Target

_REVISION = 3
"""Raise it when :func:`write_support` writes something else."""

_LIBRARIES = ("libstdc++.so.6", "libgcc_s.so.1", "libc.so.6")
"""What the support folder depends on; the C library stands for its headers too, which come and go with it."""


def gcc_support(gcc: GccTree, sysroot: Sysroot, *, target: Target, cache: Cache) -> Path:
    """Return the folder to give :func:`xbuild.toolchains.gcc.gcc_plan` as ``support``, making it if need be.

    Raises :class:`ToolchainError` if GCC cannot compile for the sysroot.
    """
    libstdcxx, libgcc, libc = (find_library(sysroot, name) for name in _LIBRARIES)
    # A distribution's upgrade leaves the names as they are.
    content = json.dumps([_REVISION, gcc.tree.digest, str(sysroot.path), *map(_state, (libstdcxx, libgcc, libc))])

    def build(new: Path, _final: Path) -> None:
        compiler, archiver = gcc.compiler("gcc"), gcc.tool("ar")
        write_support(new, cc=compiler, ar=archiver, sysroot=sysroot.path, libstdcxx=libstdcxx, libgcc=libgcc)

    return cache.tree(f"gcc-support-{target.name}-{hashlib.sha256(content.encode()).hexdigest()[:16]}", build)


def _state(library: Path | None) -> tuple[str, int, int] | None:
    if library is None:
        return None
    status = library.stat()
    return str(library), status.st_size, status.st_mtime_ns
