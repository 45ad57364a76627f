"""Unpacking one member of a tar archive that nobody vouches for, in every Python that xbuild runs with."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

HAS_FILTERS = hasattr(tarfile, "data_filter")
"""Whether :mod:`tarfile` itself knows what is unsafe (PEP 706): Debian 12's Python 3.11.2 does not."""


def extract_member(
    archive: tarfile.TarFile, member: tarfile.TarInfo, into: Path, *, own: bool = not HAS_FILTERS
) -> None:
    """Unpack ``member`` below ``into``. Raises :class:`UnsafeMemberError`, with the reason, if it would leave it.

    Owners are not kept, nor permissions beyond the caller's. ``own`` uses the checks of this module.
    """
    if own:
        extract: Callable[..., None] = archive.extract
        extract(_checked(member, into), into, **({"filter": "fully_trusted"} if HAS_FILTERS else {}))
        return
    try:
        archive.extract(member, into, filter="data")
    except tarfile.FilterError as error:
        raise UnsafeMemberError(str(error)) from error


class UnsafeMemberError(Exception):
    """A member that is not only data in the folder it is unpacked into."""


def _checked(member: tarfile.TarInfo, into: Path) -> tarfile.TarInfo:
    root = into.resolve()
    # A link unpacked before may lead elsewhere, so it is the real place that counts.
    place = (root / member.name).resolve()
    if not place.is_relative_to(root):
        raise UnsafeMemberError(f"it would be unpacked to {place}, which is outside the destination")
    if member.issym() or member.islnk():
        target = Path(member.linkname) if member.islnk() else (root / member.name).parent / member.linkname
        if Path(member.linkname).is_absolute() or not (root / target).resolve().is_relative_to(root):
            raise UnsafeMemberError(f"it is a link to {member.linkname}, which is outside the destination")
    elif not (member.isfile() or member.isdir()):
        raise UnsafeMemberError("it is a special file")
    # As tarfile's own filter does it: nobody else may write, the owner may read and write, and is the caller.
    mode = 0o755 if member.isdir() else (member.mode & 0o755) | 0o600
    changed = {"mode": mode, "uid": os.getuid(), "gid": os.getgid(), "uname": "", "gname": ""}
    for name, value in changed.items():
        setattr(member, name, value)
    return member
