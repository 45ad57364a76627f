# ruff: noqa: PTH102, PTH108, PTH112, PTH113, PTH114, PTH115, PTH211 -- os calls on strings: they run for every member
"""A directory tree written as if it were ``/``: nothing written to it can land outside it."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from threading import Lock
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_CHUNK = 1 << 20
_MAX_LINKS = 40  # Linux's own limit on the links in one path


class UnsafePathError(Exception):
    """A path leads, or would lead, out of the tree, or through something that is not a directory."""


class RootedTree:
    """Creates files in a directory, resolving every path inside it as ``openat2(RESOLVE_IN_ROOT)`` would.

    Absolute symbolic links become relative ones, so the tree means the same from outside; ``..`` above the top is an
    error and not clamped, since no honest package has it. Safe for several threads: names are resolved and created
    under one lock, and only the data is written outside it.

    Entries come in layers: of two at the same place the higher layer's stays, whichever came first.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._top = os.path.realpath(path)
        self._lock = Lock()
        self._resolved: dict[tuple[str, ...], str] = {}
        self._links: dict[str, str] = {}
        self._layers: dict[str, int] = {}

    def directory(self, name: str) -> None:
        """Create the directory ``name`` and those above it. A link to a directory that is in its place stays."""
        with self._lock:
            self._parent((*split_name(name), "."))

    def file(self, name: str, content: IO[bytes], *, executable: bool, modified: float, layer: int = 0) -> None:
        """Create the regular file ``name`` with ``content``, modified at that time, unless a higher layer has it."""
        with self._lock:
            place = self._claim(name, layer)
            if place is None:
                return
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(place, flags, 0o755 if executable else 0o644)
        with os.fdopen(descriptor, "wb") as out:
            shutil.copyfileobj(content, out, _CHUNK)
            out.flush()
            os.utime(out.fileno(), (modified, modified))

    def symlink(self, name: str, target: str, *, origin: str, layer: int = 0) -> None:
        """Create the symbolic link ``name``. ``origin`` is what to call it in the error :meth:`check_links` raises.

        A directory that is in its place stays, as with dpkg.
        """
        with self._lock:
            parts = split_name(name)
            parent = self._parent(parts)
            if _is_directory(f"{parent}/{parts[-1]}"):
                return
            place = self._claim(name, layer)
            if place is None:
                return
            if target.startswith("/"):
                target = os.path.relpath(f"{self._top}/{target.lstrip('/')}", parent)
            os.symlink(target, place)
            self._links[place] = origin

    def hard_link(self, name: str, existing: str, *, layer: int = 0) -> None:
        """Create ``name`` as a hard link to the regular file ``existing`` of the tree."""
        with self._lock:
            source_parts = split_name(existing)
            source = f"{self._parent(source_parts)}/{source_parts[-1]}"
            if not _is_file(source):
                raise UnsafePathError(f"is a hard link to {existing!r}, which is not a regular file of the tree")
            place = self._claim(name, layer)
            if place is not None and place != source:
                os.link(source, place, follow_symlinks=False)

    def check_links(self) -> None:
        """Raise :class:`UnsafePathError` if a symbolic link made here leads out of the finished tree."""
        for place, origin in self._links.items():
            parts = Path(place).relative_to(self._top).parts
            try:
                self._walk(parts, create=False)
            except UnsafePathError as error:
                raise UnsafePathError(f"{origin}: {error}") from None

    def _parent(self, parts: Sequence[str]) -> str:
        """Return the real path of the directory that holds ``parts[-1]``, creating it if need be."""
        key = tuple(parts[:-1])
        found = self._resolved.get(key)
        if found is None:
            found = self._resolved[key] = self._walk(key, create=True)
        return found

    def _claim(self, name: str, layer: int) -> str | None:
        """Return where ``name`` really goes, vacated, or None if a higher layer has it."""
        parts = split_name(name)
        place = f"{self._parent(parts)}/{parts[-1]}"
        if self._layers.setdefault(place, layer) > layer:
            return None
        self._layers[place] = layer
        if _is_directory(place):
            raise UnsafePathError("would replace a directory")
        try:
            os.unlink(place)
        except FileNotFoundError:
            return place
        self._resolved.clear()
        self._links.pop(place, None)
        return place

    def _walk(self, parts: Sequence[str], *, create: bool) -> str:
        """Return the real path of ``parts``, following links inside the tree."""
        done: list[str] = []
        todo = list(reversed(parts))
        links = 0
        while todo:
            part = todo.pop()
            if part in {"", "."}:
                continue
            if part == "..":
                if not done:
                    raise UnsafePathError("leads out of the tree")
                done.pop()
                continue
            place = "/".join((self._top, *done, part))
            try:
                mode = os.lstat(place).st_mode
            except (FileNotFoundError, NotADirectoryError):
                if create:
                    os.mkdir(place, 0o755)
                done.append(part)
                continue
            if stat.S_ISLNK(mode):
                links += 1
                if links > _MAX_LINKS:
                    raise UnsafePathError("too many levels of symbolic links")
                target = os.readlink(place)
                if target.startswith("/"):
                    raise UnsafePathError(f"leads out of the tree, to {target!r}")
                todo.extend(reversed(target.split("/")))
            elif create and not stat.S_ISDIR(mode):
                raise UnsafePathError(f"{'/'.join((*done, part))!r} is not a directory")
            else:
                done.append(part)
        return "/".join((self._top, *done))


def _is_directory(place: str) -> bool:
    return os.path.isdir(place) and not os.path.islink(place)


def _is_file(place: str) -> bool:
    return os.path.isfile(place) and not os.path.islink(place)


def split_name(name: str) -> tuple[str, ...]:
    """Return the components of a member's name; an absolute one, one with ``..`` and an empty one are unsafe."""
    parts = tuple(part for part in name.split("/") if part not in {"", "."})
    if name.startswith("/") or ".." in parts:
        raise UnsafePathError("names a path outside the tree")
    if not parts:
        raise UnsafePathError("has no name")
    return parts
