"""The cache in the user's cache directory: unpacked trees, verified downloads, and small records of what is where.

::

    trees/<key>/              complete trees, each renamed into place in one step
    blobs/<ab>/<sha256>       downloads, verified before they get their name
    records/<digest>.json     {"key": …, "value": …}: which request is answered by which tree
    indexes/ releases/        what the archives' readers keep (verified)
    tmp/ locks/               unfinished work, owned by whoever holds its lock
    CACHEDIR.TAG              what tells backups, and copies of a source folder around it, to leave all this out

Trees stay writable by their owner, so that ``rm -rf`` and copies of them just work; builds treat them as read-only.

A cache may have another one below it, its base, which is only read: what it lacks is looked up there. Container images
have one.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbuild.errors import ProvisionError
from xbuild.files import atomic_write
from xbuild.progress import Progress, SilentProgress
from xbuild.provision.workspaces import Workspace, file_lock, sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# xbuild's cache. See https://bford.info/cachedir/\n"
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EEXIST, errno.ENOTDIR)


@dataclass(frozen=True, slots=True)
class Cache:
    """The cache under ``root``, safe for any number of processes at once, and for a kill of any of them.

    ``base`` is the root of a cache that is only read, and in which no lock is taken. Paths into it are returned as they
    are.
    """

    root: Path
    base: Path | None = field(default=None, kw_only=True)
    progress: Progress = field(default_factory=SilentProgress, kw_only=True)

    @classmethod
    def default(cls, environ: Mapping[str, str], *, progress: Progress | None = None) -> Cache:
        """Return the cache of this user: ``XBUILD_CACHE_DIR``, else the platform's cache directory.

        ``XBUILD_CACHE_BASE`` is its base. Raises :class:`ProvisionError` if that is no folder.
        """
        chosen = environ.get("XBUILD_CACHE_DIR")
        if chosen:
            root = Path(chosen).expanduser().absolute()
        else:
            import platformdirs  # not needed where the variable is set

            root = platformdirs.user_cache_path("xbuild")
        return cls(root, base=_base(environ, root), progress=progress or SilentProgress())

    @property
    def roots(self) -> tuple[Path, ...]:
        """The roots that are looked in, in this order: the cache's own, and its base's."""
        return (self.root,) if self.base is None else (self.root, self.base)

    def find(self, *parts: str) -> Path:
        """Return where the file or folder is to be read: in the base if only that has it, else in the cache itself."""
        own = self.root.joinpath(*parts)
        if self.base is not None and not own.exists() and (below := self.base.joinpath(*parts)).exists():
            return below
        return own

    # Trees

    def tree_path(self, key: str) -> Path:
        """Where the tree ``key`` is, or would be."""
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a key for a tree: {key!r}")
        return self.find("trees", key)

    def tree(self, key: str, build: Callable[[Path, Path], None]) -> Path:
        """Return the tree ``key``, building it first if it is not there.

        ``build(temporary, final)`` fills the empty directory ``temporary`` with what shall be at ``final``. Of several
        processes that want the same tree one builds and the others wait for it. If ``build`` fails, nothing is left.
        """
        final = self.tree_path(key)
        if final.is_dir():
            return final
        with self.disk_errors(), self.lock(f"tree-{key}", waiting_for=key):
            if final.is_dir():  # another process built it while this one waited
                return final
            with self.workspace() as work:
                temporary = work / key
                temporary.mkdir()
                build(temporary, final)
                final.parent.mkdir(parents=True, exist_ok=True)
                temporary.rename(final)
        return final

    def trees(self) -> Mapping[str, int]:
        """Return the size in bytes of each tree, by key."""
        found = {path.name: path for root in reversed(self.roots) for path in (root / "trees").glob("*")}
        return {name: _size(path) for name, path in sorted(found.items())}

    def remove_tree(self, key: str) -> int:
        """Remove the tree ``key`` and return the bytes that were freed: 0 if it was not there."""
        path = self.tree_path(key)
        if not path.is_dir() or not path.is_relative_to(self.root):  # the base's stay
            return 0
        with self.disk_errors(), self.lock(f"tree-{key}", waiting_for=key), self.workspace() as work:
            size = _size(path)
            path.rename(work / key)  # gone in one step; what is slow happens out of sight
        return size

    def remove_folders(self, folders: Iterable[Path]) -> int:
        """Remove folders of this cache that are no trees, and return the bytes that were freed."""
        freed = 0
        with self.disk_errors(), self.workspace() as work:
            for number, path in enumerate(tuple(folders)):
                freed += _size(path)
                path.rename(work / str(number))
        return freed

    # Blobs

    def blob_path(self, sha256: str) -> Path:
        """Where the download with this SHA-256 is, or would be."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"not a SHA-256: {sha256!r}")
        return self.find("blobs", sha256[:2], sha256)

    def find_blob(self, sha256: str, size: int) -> Path | None:
        """Return the blob's path if it is there and whole; one that was damaged since it came is removed."""
        path = self.blob_path(sha256)
        try:
            sound = path.stat().st_size == size and digest_file(path) == sha256
        except FileNotFoundError:
            return None
        if sound:
            return path
        if path.is_relative_to(self.root):
            path.unlink(missing_ok=True)
        return None

    def insert_blob(self, source: Path, sha256: str, *, origin: str) -> Path:
        """Move the file ``source`` (from a workspace) into the cache, if it has this SHA-256.

        Raises :class:`ProvisionError`, and inserts nothing, if not; ``origin`` says in it where the file is from.
        """
        found = digest_file(source)
        if found != sha256:
            raise digest_error(origin, expected=sha256, found=found)
        path = self.root / "blobs" / sha256[:2] / sha256
        with self.disk_errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            source.replace(path)
        return path

    def downloads_size(self) -> int:
        """Return the bytes that downloads take: blobs, indexes and Release files."""
        return sum(_size(self.root / name) for name in ("blobs", "indexes", "releases"))

    def remove_downloads(self) -> int:
        """Remove all downloads, keeping the trees made of them, and return the bytes that were freed."""
        freed = 0
        with self.disk_errors(), self.workspace() as work:
            for path in (self.root / name for name in ("blobs", "indexes", "releases")):
                if path.is_dir():
                    freed += _size(path)
                    path.rename(work / path.name)
        return freed

    # Records

    def record(self, key: str) -> dict[str, Any] | None:
        """Return what was last written under ``key`` (any text), or None; a damaged record counts as none."""
        for root in self.roots:
            stored = _read_record(_record_path(root, key))
            if stored is not None and stored[0] == key:
                return stored[1]
        return None

    def records(self) -> Mapping[str, dict[str, Any]]:
        """Return all records, sorted by key."""
        paths = (path for root in reversed(self.roots) for path in (root / "records").glob("*.json"))
        stored = dict(filter(None, map(_read_record, paths)))
        return dict(sorted(stored.items()))

    def write_record(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep ``value`` under ``key``, in place of what was there."""
        text = json.dumps({"key": key, "value": dict(value)}, indent=1, sort_keys=True)
        with self.disk_errors():
            atomic_write(_record_path(self.root, key), text + "\n")

    def remove_record(self, key: str) -> None:
        """Forget what was written under ``key``."""
        _record_path(self.root, key).unlink(missing_ok=True)

    # Space, workspaces, locks

    def require_space(self, size: int, *, purpose: str) -> None:
        """Raise :class:`ProvisionError` if ``size`` bytes do not fit where the cache is."""
        with self.disk_errors():
            self.root.mkdir(parents=True, exist_ok=True)
        free = self._free()
        if free < size:
            raise ProvisionError(
                f"not enough space for {purpose}: {format_size(size)} needed in {self.root}, {format_size(free)} free",
                hint="free some space, or set XBUILD_CACHE_DIR to a folder on a larger disk",
            )

    def _free(self) -> int:
        """Return how many bytes may be written where the cache is."""
        disk = os.statvfs(next(path for path in (self.root, *self.root.parents) if path.exists()))
        return disk.f_bavail * disk.f_frsize

    @contextmanager
    def disk_errors(self) -> Iterator[None]:
        """Turn a full or forbidden disk into a :class:`ProvisionError` that says what to do."""
        try:
            yield
        except OSError as error:
            where = Path(str(error.filename or self.root))
            if error.errno in _DISK_FULL:
                raise ProvisionError(
                    f"the disk is full: writing {where} failed, {format_size(self._free())} free in {self.root}",
                    hint="free some space, or set XBUILD_CACHE_DIR to a folder on a larger disk",
                ) from error
            ours = where.is_relative_to(self.root) or self.root.is_relative_to(where)
            if error.errno in _NOT_WRITABLE and ours:
                raise ProvisionError(
                    f"cannot write {where}: {error.strerror}",
                    hint="set XBUILD_CACHE_DIR to a folder that you may write to",
                ) from error
            raise

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """Give an empty directory on the cache's file system, removed at the end.

        What killed processes left of theirs is removed first, and what they had started is ended: the kernel released
        their locks.
        """
        work = Workspace(self.root)
        try:
            with self.disk_errors():
                self.root.mkdir(parents=True, exist_ok=True)
                if not (self.root / "CACHEDIR.TAG").exists():
                    atomic_write(self.root / "CACHEDIR.TAG", _TAG)
                with self.lock("tmp", waiting_for="the cache's temporary files"):
                    sweep(self.root)
                    work.claim()
            yield work.path
        except BaseException:
            work.end_processes()  # an interrupted program's own children would write on into what is removed
            raise
        finally:
            try:
                work.close()
            except BaseException:  # interrupted just now
                work.close()
                raise

    @contextmanager
    def lock(self, name: str, *, waiting_for: str) -> Iterator[None]:
        """Keep other processes from what ``name`` stands for; the user is told if this one has to wait."""
        import filelock  # takes 50 ms, and a warm run locks nothing

        path = self.root / "locks" / f"{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = file_lock(path)
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            self.progress.note(f"waiting for another xbuild that is at work on {waiting_for}")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_error(origin: str, *, expected: str, found: str) -> ProvisionError:
    """Return the error for content that is not what something verified says it is."""
    return ProvisionError(
        f"{origin} is not what the signed index says: expected SHA-256 {expected}, found {found}",
        hint="the file was changed on its way, or the mirror is in the middle of an update:"
        " try again later, or use another mirror (XBUILD_ARCHIVE)",
    )


def _base(environ: Mapping[str, str], root: Path) -> Path | None:
    chosen = environ.get("XBUILD_CACHE_BASE")
    if not chosen:
        return None
    base = Path(chosen).expanduser().absolute()
    if not base.is_dir():
        raise ProvisionError(
            f"XBUILD_CACHE_BASE is not a folder: {base}", hint="name the folder of an xbuild cache, or unset it"
        )
    return None if base == root else base


def _record_path(root: Path, key: str) -> Path:
    return root / "records" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def _read_record(path: Path) -> tuple[str, dict[str, Any]] | None:
    try:
        data = json.loads(path.read_bytes())
        key, value = data["key"], data["value"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return (key, value) if isinstance(key, str) and isinstance(value, dict) else None


def _size(path: Path) -> int:
    """Return the bytes in the files of a tree; links count for what they are, not what they name."""
    files = (Path(folder, name) for folder, _, names in os.walk(path) for name in names)
    return sum(file.lstat().st_size for file in files)


def format_size(size: int) -> str:
    """``97.6 MiB``."""
    return f"{size / 2**20:.1f} MiB"
