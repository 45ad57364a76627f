"""Unfinished work in a cache: a folder that is owned by whoever holds its lock, and swept up when nobody does."""

from __future__ import annotations

import logging
import os
import signal
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from filelock import BaseFileLock

_log = logging.getLogger(__name__)


class Workspace:
    """An empty folder in the cache under ``root``, its name never used before; there is none until it is claimed."""

    def __init__(self, root: Path) -> None:
        self.path = root / "tmp" / f"{os.getpid()}-{os.urandom(4).hex()}"
        self._lock = file_lock(self.path.with_suffix(".lock"))

    def claim(self) -> None:
        """Make it. Others sweep the same place: call it under the lock of all."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock.acquire(timeout=0)
        self.path.mkdir()

    def end_processes(self) -> None:
        """End what was started in it and is still at work."""
        _end_processes(self.path)

    def close(self) -> None:
        """Remove it, as far as it is there; safe to call again."""
        try:
            remove(self.path)
            Path(self._lock.lock_file).unlink(missing_ok=True)
        except OSError as error:  # the next workspace's sweep finds it by its lock
            _log.debug("cannot remove %s: %s", self.path, error)
        self._lock.release()


def sweep(root: Path) -> None:
    """Remove from the cache under ``root`` what killed processes left. Call it under the lock of all."""
    _sweep_workspaces(root / "tmp")
    _sweep_strays(root)


def remove(path: Path) -> None:
    """Remove a directory tree, if it is there, even where directories in it are read-only."""
    if not path.exists():
        return
    for folder, names, _files in os.walk(path):
        for name in names:
            child = Path(folder, name)
            mode = child.lstat().st_mode
            if stat.S_ISDIR(mode) and mode & 0o700 != 0o700:
                child.chmod(mode | 0o700)
    import shutil  # 3 ms, which a warm run need not spend

    shutil.rmtree(path)


def file_lock(path: Path) -> BaseFileLock:
    """Return the lock that the file ``path`` is, not taken yet."""
    import filelock  # takes 50 ms, and a warm run locks nothing

    return filelock.FileLock(path)


def _sweep_workspaces(base: Path) -> None:
    """Remove the workspaces in ``base`` that no living process holds the lock of."""
    import filelock

    for path in base.glob("*.lock"):
        lock = file_lock(path)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            continue
        _end_processes(path.with_suffix(""))
        remove(path.with_suffix(""))
        path.unlink(missing_ok=True)
        lock.release()


def _end_processes(workspace: Path, *, within: float = 3) -> None:
    """End what a process that was killed or interrupted had started in its workspace.

    Programs of a build or a test have the workspace's name, which no other ever has, in their environment.
    """
    deadline = time.monotonic() + within
    while (found := list(_processes_in(workspace))) and time.monotonic() < deadline:
        for process in found:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.01)


def _processes_in(workspace: Path) -> Iterator[int]:
    mark = os.fsencode(workspace)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "environ").read_bytes():
                yield int(folder.name)
        except OSError:  # it has ended, or is another user's
            continue


def _sweep_strays(root: Path) -> None:
    """Remove what writers of single files and small folders had not renamed when they were killed, an hour ago."""
    before = time.time() - 3600
    for pattern in ("*/.*.tmp", "*/.new-*"):
        for path in root.glob(pattern):
            try:
                if path.lstat().st_mtime < before:
                    remove(path) if path.is_dir() else path.unlink()
            except FileNotFoundError:
                continue
