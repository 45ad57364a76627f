"""From verified ``.deb`` files to one tree, without root: data.tar is streamed and nothing lands outside the tree."""

from __future__ import annotations

import gzip
import lzma
import os
import sys
import tarfile
import zlib
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import IO, TYPE_CHECKING, cast

from debian.arfile import ArError, ArFile

from xbuild.errors import ProvisionError
from xbuild.provision.rooted import RootedTree, UnsafePathError, split_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

_CHUNK = 1 << 20
_MERGED = ("bin", "sbin", "lib")
_SKIPPED = tuple(
    f"usr/share/{folder}/" for folder in ("doc", "doc-base", "man", "info", "locale", "lintian", "bug", "gdb")
)
_UNSAFE_HINT = "the archive served a package that no build should use; nothing of it was kept"


@dataclass(frozen=True, kw_only=True, slots=True)
class Deb:
    """One downloaded and verified package; ``label`` is what messages call it: ``libc6 2.41-12``."""

    label: str
    path: Path


def without_documentation(name: str) -> bool:
    """Return whether a build or a test can need ``name``: manuals, translations and licences' copies are left out."""
    return not name.startswith(_SKIPPED)


def unpack(
    debs: Sequence[Deb],
    root: Path,
    *,
    wanted: Callable[[str], bool] = without_documentation,
    lib64: bool = False,
    workers: int | None = None,
) -> None:
    """Unpack ``debs`` over one another into the existing, empty directory ``root``, as a merged-/usr system.

    ``wanted`` is asked for the path of each member, without a leading ``./`` (directories are only made where a file
    needs one). ``lib64`` makes the link of that name too. Where two packages have the same path, the later one's stays.
    Owners, special modes and device nodes are dropped; modification times are kept.

    Raises :class:`ProvisionError` naming the package, and the member that would land outside ``root``, and
    :class:`OSError` if ``root`` cannot be written; it is then incomplete, and the caller's to delete.
    """
    tree = RootedTree(root)
    for name in (*_MERGED, "lib64") if lib64 else _MERGED:
        tree.directory(f"usr/{name}")
        tree.symlink(name, f"usr/{name}", origin=name)
    unpacker = _Unpacker(tree=tree, wanted=wanted)
    with ThreadPoolExecutor(workers or min(4, os.cpu_count() or 1)) as pool:
        # The largest first: the last to finish is then a small one.
        order = sorted(range(len(debs)), key=lambda index: -debs[index].path.stat().st_size)
        running = [pool.submit(unpacker.unpack, debs[index], index) for index in order]
        try:
            for future in as_completed(running):
                future.result()
        except BaseException:
            unpacker.stop.set()  # Ctrl-C, or one bad package, must not wait for the large ones
            pool.shutdown(cancel_futures=True)
            raise
    try:
        tree.check_links()
    except UnsafePathError as error:
        raise ProvisionError(f"unsafe package: {error}", hint=_UNSAFE_HINT) from None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Unpacker:
    tree: RootedTree
    wanted: Callable[[str], bool]
    stop: Event = field(default_factory=Event)

    def unpack(self, deb: Deb, layer: int) -> None:
        member: tarfile.TarInfo | None = None
        try:
            with open_data(deb.path) as stream, tarfile.open(fileobj=stream, mode="r|", bufsize=_CHUNK) as archive:
                for member in archive:
                    if self.stop.is_set():
                        return
                    self._add(deb, layer, archive, member)
        except UnsafePathError as error:
            name = member.name if member else "?"
            raise ProvisionError(f"unsafe package {deb.label}: member {name!r} {error}", hint=_UNSAFE_HINT) from None
        except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, ValueError) as error:
            raise ProvisionError(
                f"{deb.label}: {deb.path} is not a readable package: {error}",
                hint="it is what the archive's signed index names: use another mirror or moment (XBUILD_ARCHIVE)",
            ) from error

    def _add(self, deb: Deb, layer: int, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        if member.name in {".", "./"}:
            return
        # Checked even for a member that is left out: a package that names a path outside is not to be trusted.
        name = "/".join(split_name(member.name))
        if not self.wanted(name):
            return
        if member.isreg():
            content = cast("IO[bytes]", archive.extractfile(member))
            executable = bool(member.mode & 0o111)
            self.tree.file(name, content, executable=executable, modified=member.mtime, layer=layer)
        elif member.issym():
            origin = f"{deb.label}: member {member.name!r}"
            self.tree.symlink(name, member.linkname, origin=origin, layer=layer)
        elif member.islnk():
            self.tree.hard_link(name, member.linkname, layer=layer)


@contextmanager
def open_data(deb: Path) -> Iterator[IO[bytes]]:
    """Open the package's file tree (``data.tar.*``) as an uncompressed stream. Raises what the decompressor raises."""
    with deb.open("rb") as file:
        try:
            # An ArMember has all the methods a decompressor and tarfile use of IO[bytes].
            members = {member.name: cast("IO[bytes]", member) for member in ArFile(fileobj=file)}
        except (ArError, ValueError, OSError) as error:
            raise tarfile.ReadError(str(error)) from error
        name = next((name for name in members if name.startswith("data.tar")), None)
        match name:
            case None:
                raise tarfile.ReadError("it has no data.tar")
            case "data.tar":
                yield members[name]
            case "data.tar.xz":
                with lzma.open(members[name]) as stream:
                    yield stream
            case "data.tar.gz":
                with gzip.open(members[name]) as stream:
                    yield cast("IO[bytes]", stream)
            case "data.tar.zst" if sys.version_info >= (3, 14):
                from compression import zstd

                with zstd.open(members[name]) as stream:
                    yield stream
            case _:
                raise tarfile.ReadError(f"{name} has a compression that this Python cannot read")
