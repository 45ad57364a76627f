"""From a tar stream of an image's files to a tree: only what a build or a test needs, and nothing outside the tree."""

from __future__ import annotations

import posixpath
import re
import tarfile
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, cast

from xbuild.errors import EngineError
from xbuild.provision.rooted import RootedTree, UnsafePathError, split_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_CHUNK = 1 << 20
_MOST_BYTES = 8 << 30
_MOST_MEMBERS = 1_000_000

_HEADERS = re.compile(r"usr/(local/)?include/.+")
_IN_LIBRARIES = re.compile(r"(usr/(local/)?)?lib(64)?/.+")
_LIBRARY = re.compile(r"[^/]+(\.so(\.[0-9.]+)?|\.a|\.o|\.pc|\.cmake)")
_NO_LIBRARIES = re.compile(
    # Other languages' trees, the image's own compiler (its libraries are not what our compilers go with), and data.
    r"/(python[^/]*|gcc|gcc-cross|perl5?|ruby|node_modules|jvm|debug|locale|gconv|modules|firmware|rpm|systemd)/"
)
_STATIC_PYTHON = re.compile(r"libpython[^/]*\.a")
_SYSTEM = re.compile(r"etc/(os-release|ld\.so\.conf(\.d/[^/]+)?)|usr/lib/os-release|usr/share/pkgconfig/[^/]+\.pc")

_PYTHON_PROGRAM = re.compile(r"bin/python[0-9.t]*")
_PYTHON_FILES = re.compile(r"include/.+|lib/python3[^/]*/.+")
_NOT_OF_PYTHON = re.compile(
    r"lib/python3[^/]*/(site-packages|test|idlelib|turtledemo|ensurepip|lib2to3|config-[^/]*)/|.*/(tests?|idle_test)/"
)


def is_of_sysroot(name: str) -> bool:
    """Return whether a sysroot needs the file ``name`` of an image (``usr/include/stdio.h``)."""
    if _IN_LIBRARIES.fullmatch(name) and not _SYSTEM.fullmatch(name):
        file = name.rpartition("/")[2]
        wanted = _LIBRARY.fullmatch(file) is not None and not _STATIC_PYTHON.fullmatch(file)
        return wanted and not _NO_LIBRARIES.search(name)
    return bool(_HEADERS.fullmatch(name) or _SYSTEM.fullmatch(name))


def is_of_python(name: str) -> bool:
    """Return whether a target Python needs the file ``name`` of its prefix (``lib/python3.14/os.py``)."""
    if _PYTHON_PROGRAM.fullmatch(name):
        return True
    return _PYTHON_FILES.fullmatch(name) is not None and not _NOT_OF_PYTHON.match(name)


def is_library(name: str) -> bool:
    """Return whether ``name`` is a shared library in the folder that is copied itself, not in one below it."""
    return re.fullmatch(r"[^/]+\.so(\.[0-9.]+)?", name) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """Copies of one image's files into ``tree``; ``source`` is what messages call the image.

    Owners, special modes and device nodes are dropped. Limits hold for all copies together.
    """

    tree: RootedTree
    source: str
    most_bytes: int = _MOST_BYTES
    most_members: int = _MOST_MEMBERS
    _counts: dict[str, int] = field(default_factory=dict, init=False)

    def add(self, stream: Iterable[bytes], *, to: str, wanted: Callable[[str], bool]) -> tuple[str, ...]:
        """Add the tar ``stream`` of one place of the image as ``to``: ``<its last part>/os.py`` as ``<to>/os.py``.

        ``wanted`` is asked for what is inside a folder, by the name it has there; a file or a link that is the place
        itself is always wanted. Returns the names of wanted hard links whose file was not wanted: they are to be copied
        by themselves.
        Raises :class:`EngineError` for a member that would land outside the tree, for more than the limits, and for a
        stream that is not a whole tar file.
        """
        missed = []
        name = to
        try:
            with tarfile.open(fileobj=cast("IO[bytes]", Chunks(iter(stream))), mode="r|", bufsize=_CHUNK) as archive:
                for member in archive:
                    self._count("members", 1, most=self.most_members)
                    name = member.name
                    inside = "/".join(split_name(name)[1:])
                    if (not inside or wanted(inside)) and not self._add(archive, member, inside, to=to):
                        missed.append(inside)
        except UnsafePathError as error:
            raise self._unsafe(f"member {name!r} {error}") from None
        except (tarfile.TarError, EOFError, ValueError) as error:
            raise EngineError(
                f"copying /{to} from the image {self.source} failed: {error}",
                hint="the container engine stopped in the middle: try again",
            ) from error
        return tuple(missed)

    def check(self) -> None:
        """Raise :class:`EngineError` if a symbolic link that was copied leads out of the tree."""
        try:
            self.tree.check_links()
        except UnsafePathError as error:
            raise self._unsafe(str(error)) from None

    def _add(self, archive: tarfile.TarFile, member: tarfile.TarInfo, inside: str, *, to: str) -> bool:
        """Add one member; False if it is a hard link to a file that is not in the tree."""
        target = f"{to}/{inside}".rstrip("/")
        if member.isreg():
            self._count("bytes", member.size, most=self.most_bytes)
            content = cast("IO[bytes]", archive.extractfile(member))
            self.tree.file(target, content, executable=bool(member.mode & 0o111), modified=member.mtime)
        elif member.issym():
            self.tree.symlink(target, _inside_root(target, member.linkname), origin=f"the link /{target}")
        elif member.islnk():
            existing = "/".join((to, *split_name(member.linkname)[1:]))
            if not (self.tree.path / existing).is_file():
                return False
            self.tree.hard_link(target, existing)
        return True

    def _count(self, what: str, more: int, *, most: int) -> None:
        self._counts[what] = self._counts.get(what, 0) + more
        if self._counts[what] > most:
            raise EngineError(
                f"the image {self.source} has more than {most} {what} where its sysroot and its Python are",
                hint="use an image with less in it, such as manylinux's",
            )

    def _unsafe(self, problem: str) -> EngineError:
        hint = "nothing of it was kept: use an image that you trust"
        return EngineError(f"unsafe image {self.source}: {problem}", hint=hint)


def _inside_root(name: str, link: str) -> str:
    """Return what the symbolic link ``name`` to ``link`` means: ``..`` above an image's root stays there."""
    depth = name.count("/")
    for part in link.split("/"):
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        if depth < 0 and not link.startswith("/"):
            return posixpath.normpath(f"/{posixpath.dirname(name)}/{link}")
    return link


class Chunks:
    """An iterator of chunks, as the file that :mod:`tarfile` reads a stream from."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end."""
        while len(self._rest) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._rest += chunk
        data, self._rest = self._rest[:size], self._rest[size:]
        return data
