"""Run at the start of a build's interpreters: folders are listed in the order of names.

Else it is the file system's order, which differs between machines, and many a ``setup.py`` compiles and links its
sources in that order. Nothing of xbuild can be imported there.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing takes longer to import than all the rest, and this runs very often
if TYPE_CHECKING:
    from typing import Any, Self

_listdir, _scandir = os.listdir, os.scandir


def listdir(path: Any = ".") -> list[Any]:
    """Do what :func:`os.listdir` does, in order."""
    return sorted(_listdir(path))


class scandir:  # noqa: N801 - the name it stands in for
    """What :func:`os.scandir` returns, in order."""

    def __init__(self, path: Any = ".") -> None:
        with _scandir(path) as entries:
            self._entries = iter(sorted(entries, key=lambda entry: entry.name))

    def __iter__(self) -> scandir:
        return self

    def __next__(self) -> os.DirEntry[Any]:
        return next(self._entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Give no more entries."""
        self._entries = iter(())


def install() -> None:
    """Put both in place of those of :mod:`os`; what knows that they take a file descriptor is to know it still."""
    for name, own in (("listdir", listdir), ("scandir", scandir)):
        if getattr(os, name) in os.supports_fd:
            os.supports_fd.add(own)
        setattr(os, name, own)
