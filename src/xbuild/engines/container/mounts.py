"""What of this machine a container is shown: all of it read-only, and where it is here, since files name each other."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from xbuild.details.completion import read_document
from xbuild.details.json_text import lookup
from xbuild.details.model import PATH_KEYS, RENAMED
from xbuild.engines.container.plan import Mount
from xbuild.errors import DetailsError, UsageError
from xbuild.provision.image import python_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xbuild.selection import Selection

# Where the container has its own files: a folder of the user's cannot be there too.
_TAKEN = ("bin", "dev", "etc", "lib", "lib64", "opt", "proc", "sbin", "sys", "tmp", "usr", "xbuild")
# Debian's cross compilers have the target's C library in /usr/riscv64-linux-gnu; an image has no such folder.
_CROSS = re.compile(r"[a-z0-9_]+-linux-gnu\w*")
_STDLIB = re.compile(r"python3\.\d+t?")


def mount(path: Path) -> Mount:
    """Return the mount of ``path``. Raises :class:`UsageError` where the container has files of its own."""
    path = path.absolute()
    if not _is_free(path):
        raise UsageError(
            f"{path} cannot be shown to a container, which has files of its own there",
            hint="copy it to another place, such as a folder in your home",
        )
    return Mount(here=path, inside=PurePosixPath(path))


def target_mounts(selection: Selection) -> tuple[Mount, ...]:
    """Return the mounts of what the user brought for the target: of each folder once."""
    mounts: list[Mount] = []
    for each in map(mount, _brought(selection)):
        if not any(each.here.is_relative_to(other.here) for other in mounts):
            mounts.append(each)
    return tuple(mounts)


def _brought(selection: Selection) -> Iterator[Path]:
    if selection.sysroot is not None:
        yield selection.sysroot
    if selection.build_details is not None:
        if selection.sysroot_image is not None:
            # Beside an image's Python are the libraries that only it has.
            yield python_root(_installation(selection.build_details) or selection.build_details)
        else:
            yield from _python(selection.build_details.absolute())
    if "/" in selection.toolchain:
        yield Path(selection.toolchain)


def _python(file: Path) -> Iterator[Path]:
    """Yield what a container has to see of the Python that the build-details ``file`` is of.

    That is its prefix, but not where more lies in that: the user's home, or all that is around a file that lies
    anywhere. Of such a prefix the container sees only what the file names.
    """
    prefix = _installation(file)
    if prefix is not None and not _holds_more(prefix):
        yield prefix
        return
    yield file
    yield from (path for path in _named(file) if path.exists() and _is_free(path))


def _installation(file: Path) -> Path | None:
    """Return PREFIX of ``PREFIX/lib/pythonX.Y/build-details.json``; None for a file that lies elsewhere."""
    stdlib = file.parent
    is_one = _STDLIB.fullmatch(stdlib.name) and stdlib.parent.name.startswith("lib") and len(stdlib.parents) > 2
    return stdlib.parents[1] if is_one else None


def _named(file: Path) -> Iterator[Path]:
    """Yield the files and folders that ``file`` names, and those of the standard library it is of."""
    folder = file.parent
    if (folder / "os.py").is_file():
        yield folder
    yield from sorted(folder.glob("_sysconfig*"))
    try:
        document = read_document(file)
    except DetailsError:
        return  # the build says what is wrong with it
    base_prefix = lookup(document, ("base_prefix",))
    prefix = Path(posixpath.normpath(folder / base_prefix)) if isinstance(base_prefix, str) else folder
    if _holds_more(prefix) or folder.is_relative_to(prefix):
        name = f"python{lookup(document, ('language', 'version'))}"
        yield from (path for path in sorted(prefix.glob("lib*/python3.*")) if path.name.removesuffix("t") == name)
    else:
        yield prefix
    for keys in (*PATH_KEYS, *RENAMED):
        path = lookup(document, keys)
        if isinstance(path, str):
            yield Path(posixpath.normpath(prefix / path))


def _holds_more(prefix: Path) -> bool:
    """Whether the user's home is in it, too."""
    return Path(posixpath.expanduser("~")).resolve().is_relative_to(prefix)


def _is_free(path: Path) -> bool:
    """Whether the container has nothing of its own at ``path``."""
    match path.parts[1:]:
        case []:
            return False
        case ["usr", name]:
            return _CROSS.fullmatch(name) is not None
        case [top, *rest]:
            return top not in _TAKEN or path.is_relative_to("/opt/python") or len(rest) > 1
    return False
