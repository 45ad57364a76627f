"""Looking through a whole distribution's root for files of a name, without missing one and without following links."""

from __future__ import annotations

import itertools
import logging
import os
import re
import resource
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_WORKERS = 8
_AT_FIRST = 64
"""Folders that are read before it is known whether the disk has to be waited for; Python's lock slows threads that do
not wait."""
_NEVER_INSIDE = frozenset({"__pycache__", ".git"})
_KERNELS = frozenset({"proc", "sys", "dev"})
_KERNELS_ROOT = 1
"""The inode of the root of the kernel's own file systems; those of disks begin later."""
_STDLIB = re.compile(r"(?:python|pypy)\d[0-9.]*[a-z]*")
_PACKAGES = ("site-packages", "dist-packages")
_log = logging.getLogger(__name__)


def _waits() -> int:
    """Return how often this thread has waited for something: with one thread, for the disk."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def find(top: Path, wanted: Callable[[str], bool], *, waits: Callable[[], int] = _waits) -> list[Path]:
    """Return every file under ``top`` whose name is ``wanted``, sorted; links that lead nowhere are among them.

    See :func:`xbuild.details.discovery.discover_all`. Where the disk's blocks are not in memory yet, which ``waits``
    shows, several threads wait for them together.
    """
    walk = _Walk(wanted)
    walk.add([os.fspath(top)])
    while walk.left:
        before = waits()
        walk.work(_AT_FIRST)
        if walk.left and waits() - before > _AT_FIRST // 2:  # with none left, the workers' ends are partly taken
            walk.work_together()
    return sorted(map(Path, walk.found))


class _Walk:
    """Folders still to be read, ``left`` of them, shared by the workers; a None ends one of these."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self.found: list[str] = []
        self._wanted = wanted
        self._folders: SimpleQueue[str | None] = SimpleQueue()
        self.left = 0
        self._lock = Lock()

    def add(self, folders: list[str], *, done: int = 0) -> None:
        """Note ``folders`` as still to be read, and ``done`` others as read."""
        with self._lock:
            self.left += len(folders) - done
            finished = self.left == 0
        for folder in (*folders, *([None] * _WORKERS if finished else ())):
            self._folders.put(folder)

    def work_together(self) -> None:
        """Read all that is left, in several threads."""
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(_WORKERS) as pool:
            for worker in [pool.submit(self.work) for _ in range(_WORKERS)]:
                worker.result()

    def work(self, most: int | None = None) -> None:
        """Read folders until none is left, or ``most`` of them."""
        for _ in itertools.count() if most is None else range(most):
            folder = self._folders.get()
            if folder is None:
                return
            inner: list[str] = []
            try:
                inner.extend(self._read(folder))
            except OSError as error:
                _log.warning("%s: cannot be looked into: %s", folder, error.strerror)
            finally:
                self.add(inner, done=1)

    def _read(self, folder: str) -> Iterator[str]:
        """Note the files of ``folder`` and yield the folders in it that are to be read."""
        folders: list[os.DirEntry[str]] = []
        is_stdlib = False
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry)
                elif self._wanted(entry.name) and can_be_opened(Path(entry.path)):
                    self.found.append(entry.path)
                elif entry.name == "os.py":
                    is_stdlib = _STDLIB.fullmatch(os.path.basename(folder)) is not None  # noqa: PTH119, in a hot loop
        for entry in folders:
            if entry.name in _NEVER_INSIDE or (is_stdlib and entry.name not in _PACKAGES) or is_kernels(entry):
                continue
            yield entry.path


def can_be_opened(path: Path) -> bool:
    """Return whether ``path`` is a file, or one that cannot be read, or a link to nothing: no silence about those."""
    try:
        return path.is_file() or not path.exists()
    except OSError:
        return True


def is_kernels(entry: os.DirEntry[str]) -> bool:
    """Return whether a folder is where the kernel has mounted a file system of its own, and no other of its name."""
    return entry.name in _KERNELS and Path(entry.path).stat().st_ino == _KERNELS_ROOT
