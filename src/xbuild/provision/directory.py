"""A sysroot or a target Python of the user's own: looked at where it is, never written to."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.crossfiles.spec import Sysroot
from xbuild.errors import DetailsError, ProvisionError

if TYPE_CHECKING:
    from xbuild.crossfiles.spec import TargetPython
    from xbuild.provision.cache import Cache
    from xbuild.targets import Target, Version

_MOST_LINKS = 40
_GLIBC_VERSION = re.compile(rb"GNU C Library [^\n]*? version (\d+)\.(\d+)")
_SYSROOT_HINT = "it is to be the target's /, with its C library and development files"


def own_sysroot(path: Path, target: Target, *, named: str = "--sysroot") -> Sysroot:
    """Return the sysroot in the user's directory ``path``, which must hold the target's C library and its headers.

    ``named`` is what named it, for messages.
    Raises :class:`ProvisionError` with what was expected where, if it does not.
    """
    from xbuild.elf_header import read_header

    if not path.is_dir():
        raise ProvisionError(f"{named} {path}: not a directory", hint=_SYSROOT_HINT)
    sysroot = Sysroot(path=path.absolute(), triplet=target.triplet)
    if not any(find_inside(path, f"{folder}/stdio.h") for folder in ("usr/include", "include")):
        raise ProvisionError(f"{named} {path}: no C headers: expected usr/include/stdio.h", hint=_SYSROOT_HINT)
    folders = [folder.relative_to(sysroot.path) for folder in sysroot.library_dirs]
    libc = find_library(sysroot, "libc.so.6")
    if libc is None:
        places = ", ".join(map(str, folders)) or "lib, usr/lib"
        raise ProvisionError(f"{named} {path}: no C library: expected libc.so.6 in {places}", hint=_SYSROOT_HINT)
    header = read_header(libc)
    if header is None or not header.matches(target.elf):
        raise ProvisionError(
            f"{named} {path}: {libc.relative_to(sysroot.path.resolve())} is {header or 'not an ELF file'}, "
            f"expected a library of {target.name} ({target.elf.machine})",
            hint=f"name the sysroot of {target.name}, or another --target",
        )
    return replace(sysroot, glibc=_glibc_version(libc))


def own_target_python(file: Path, target: Target, *, cache: Cache) -> TargetPython:
    """Return the target Python that the user's ``build-details.json`` ``file`` describes.

    Where the file is incomplete or wrong, or its headers are not all in one folder (Debian), a mended copy is made in
    ``cache`` and used in its place. Raises :class:`DetailsError` if the file cannot be read, if what lies around it is
    another machine's, or if it has no headers.
    """
    from xbuild.provision.own_python import find_own_python

    if not file.is_file():
        raise DetailsError(f"--build-details {file}: no such file", hint="name the file itself, not its folder")
    try:
        return find_own_python(file.absolute(), target, cache=cache)
    except DetailsError as error:
        error.hint = error.hint or f"see all that is wrong with it, and what can be mended: xbuild details check {file}"
        raise


def _glibc_version(libc: Path) -> Version | None:
    """Return the version a GNU C library says it has; else the newest of its symbol versions, which may be older."""
    said = _GLIBC_VERSION.search(libc.read_bytes())
    if said is not None:
        return int(said[1]), int(said[2])
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile
    from elftools.elf.gnuversions import GNUVerDefSection

    try:
        with libc.open("rb") as file:
            sections = ELFFile(file).iter_sections()
            versions = [
                each
                for section in sections
                if isinstance(section, GNUVerDefSection)
                for each in section.iter_versions()
            ]
            names = [name.name for _, auxiliaries in versions for name in auxiliaries]
    except ELFError:
        return None
    numbers = [name.removeprefix("GLIBC_").split(".") for name in names if name.startswith("GLIBC_2.")]
    return max(((int(number[0]), int(number[1])) for number in numbers), default=None)


def find_library(sysroot: Sysroot, name: str) -> Path | None:
    """Return the file of the library ``name`` (``"libc.so.6"``) in ``sysroot``; None if it is not there."""
    folders = (folder.relative_to(sysroot.path) for folder in sysroot.library_dirs)
    return next(filter(None, (find_inside(sysroot.path, f"{folder}/{name}") for folder in folders)), None)


def find_inside(root: Path, name: str) -> Path | None:
    """Return the file ``name`` of ``root``, following links as if ``root`` were ``/``; None if it is not there."""
    done, todo, links = Path(), list(reversed(Path(name.lstrip("/")).parts)), 0
    while todo:
        part = todo.pop()
        place = root / done / part
        if part == "..":
            done = done.parent
        elif place.is_symlink() and links < _MOST_LINKS:
            links += 1
            link = place.readlink()
            if link.is_absolute():
                done = Path()
            todo.extend(reversed(link.parts[1:] if link.is_absolute() else link.parts))
        else:
            done /= part
    found = root / done
    return found.resolve() if found.exists() else None
