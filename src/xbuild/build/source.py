"""What is built: a directory, an sdist, or a requirement whose sdist is fetched; always from a copy of our own."""

from __future__ import annotations

import calendar
import hashlib
import lzma
import os
import shutil
import stat
import tarfile
import tomllib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

from packaging.requirements import InvalidRequirement, Requirement

from xbuild.build.tar_member import UnsafeMemberError, extract_member
from xbuild.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# What a build leaves in a source folder for one machine must not be taken for another's; environments are not source.
_NEVER_COPIED = frozenset({"__pycache__", ".venv", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache"})
_BUILD_OUTPUT = ("lib.*", "temp.*", "bdist.*", "cp3*", "CMakeCache.txt", "meson-info", "lib")
_LATEST = 253402300799  # 9999-12-31T23:59:59, the last that compilers take as SOURCE_DATE_EPOCH
# What tarfile and zipfile raise for a file that is damaged, is compressed in a way that Python does not know, or says
# what cannot be. KeyError is a hard link to a member that is not there.
_DAMAGED = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError),
    *(KeyError, NotImplementedError, OverflowError, ValueError),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceTree:
    """An unpacked source: ``path`` has the ``pyproject.toml`` or ``setup.py``.

    ``sha256`` is of the sdist, where there is one, and ``date`` its newest file's, in seconds since 1970.
    ``label`` is what the user asked for, for messages and file names.
    """

    path: Path
    label: str
    kind: Literal["directory", "sdist"]
    sha256: str | None
    date: int | None = None


def parse_requirement(text: str) -> Requirement | None:
    """Return ``text`` as a requirement that names one project, or None if it is not one."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None
    return None if requirement.url or requirement.extras or requirement.marker else requirement


def find_requirement(source: str) -> Requirement | None:
    """Return the requirement that ``source`` is, or None if it is, or should be, a folder or a file that is there."""
    return None if "/" in source or Path(source).exists() else parse_requirement(source)


def check_source(source: str) -> Path:
    """Return the folder or the sdist that ``source`` names, without opening it further than to see that it is one.

    Raises :class:`BuildError` if there is none, or the folder is not a project.
    """
    path = Path(source)
    if path.is_dir():
        read_pyproject(path)
    elif not path.is_file():
        raise _no_source(source)
    return path


def open_source(source: str, *, into: Path, fetch_sdist: Callable[[Requirement], Path]) -> SourceTree:
    """Copy or unpack ``source`` into the empty folder ``into``.

    ``source`` is a folder, the path of an sdist, or a requirement, for which ``fetch_sdist`` returns the sdist.
    Raises :class:`BuildError` if it is none of these, or is not a source that can be built.
    """
    path = Path(source)
    if path.is_dir():
        tree = _copy_directory(path, into=into)
    elif path.is_file():
        tree = _unpack_sdist(path, into=into)
    elif (requirement := find_requirement(source)) is not None:
        tree = _unpack_sdist(fetch_sdist(requirement), into=into)
    else:
        raise _no_source(source)
    read_pyproject(tree.path)
    return tree


def _no_source(source: str) -> BuildError:
    return BuildError(
        f"{source}: no such folder or sdist, and not a requirement",
        hint="SOURCE is a project's folder, an .tar.gz or .zip sdist, or a requirement such as numpy==2.5.5",
    )


def list_files(folder: Path) -> tuple[str, ...]:
    """Return the files below ``folder``, as POSIX paths relative to it, sorted."""
    return tuple(sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()))


def read_pyproject(folder: Path) -> Mapping[str, Any]:
    """Return the content of the project's ``pyproject.toml``; empty if it builds with ``setup.py`` alone.

    Raises :class:`BuildError` where the folder is not a project, the file is not TOML, or nothing says how to build:
    a missing ``[build-system]`` means setuptools (PEP 518), which needs a ``setup.py`` or a ``[project]`` table.
    """
    file = folder / "pyproject.toml"
    legacy = (folder / "setup.py").is_file()
    if not file.is_file():
        if legacy:
            return {}
        raise BuildError(
            f"{folder}: not a Python project: it has neither pyproject.toml nor setup.py",
            hint="name the folder that holds one of them",
        )
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BuildError(f"{file}: not valid TOML: {error}", hint="correct the file") from error
    if "build-system" not in content and not legacy:
        raise BuildError(
            f"{file}: no [build-system] table, and no setup.py beside it: nothing says how to build this project",
            hint='add, for example:\n  [build-system]\n  requires = ["setuptools"]\n'
            '  build-backend = "setuptools.build_meta"',
        )
    return content


def _copy_directory(path: Path, *, into: Path) -> SourceTree:
    path = path.resolve()
    target = into / (path.name or "source")

    def ignored(folder: str, names: list[str]) -> set[str]:
        skip = {name for name in names if name in _NEVER_COPIED or name.endswith(".pyc")}
        here = Path(folder)
        if here == path:
            skip |= {name for name in ("build", "dist") if name in names and _is_build_output(here / name)}
        # Caches are not source, and xbuild's own, where it is in the project, has this copy in it.
        skip |= {name for name in names if (here / name / "CACHEDIR.TAG").is_file()}
        # Sockets and pipes are not source, and copying a pipe never ends.
        return skip | {name for name in names if not _is_plain(here / name)}

    try:
        shutil.copytree(path, target, symlinks=True, ignore=ignored)
    except (OSError, shutil.Error) as error:
        # copytree goes on after a failure, and has one entry for each: (from, to, why).
        reason = error.args[0][0][2] if isinstance(error, shutil.Error) else error
        raise BuildError(
            f"cannot copy {path} to build it: {reason}", hint="check its permissions and free space"
        ) from error
    return SourceTree(path=target, label=path.name, kind="directory", sha256=None)


def _is_plain(path: Path) -> bool:
    mode = path.lstat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)


def _is_build_output(folder: Path) -> bool:
    if folder.name == "dist":
        return any(folder.glob("*.whl")) or any(folder.glob("*.tar.gz"))
    return any(next(folder.glob(pattern), None) for pattern in _BUILD_OUTPUT)


def _unpack_sdist(path: Path, *, into: Path) -> SourceTree:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
        if path.name.endswith((".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar")):
            date = _unpack_tar(path, into)
        elif path.name.endswith(".zip"):
            date = _unpack_zip(path, into)
        else:
            raise BuildError(
                f"{path}: not an sdist: expected a name that ends with .tar.gz or .zip",
                hint="a wheel is already built; give xbuild the project's folder or its sdist",
            )
    except _DAMAGED as error:
        raise BuildError(f"{path}: cannot be unpacked: {error}", hint="fetch or make the sdist again") from error
    tops = [entry for entry in into.iterdir() if entry.is_dir()]
    if len(tops) != 1:
        raise BuildError(
            f"{path}: not an sdist: expected one folder at its top, found {len(tops)}",
            hint="make it with `python -m build --sdist`",
        )
    label = path.name
    for suffix in (".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar", ".zip"):
        label = label.removesuffix(suffix)
    return SourceTree(path=tops[0], label=label, kind="sdist", sha256=digest.hexdigest(), date=date)


def _unpack_tar(path: Path, into: Path) -> int:
    """Unpack the sdist and return the date of its newest file."""
    newest = 0
    with tarfile.open(path) as archive:
        for member in archive:
            # tarfile's own filter strips a leading "/": an sdist with one is not what it should be, so refuse it.
            if PurePosixPath(member.name).is_absolute():
                raise _unsafe(path, member.name, "its name is absolute")
            if not abs(member.mtime) <= _LATEST:  # nor is it, if it is not a number
                raise ValueError(f"the date of member {member.name!r} is no date: {member.mtime}")
            try:
                extract_member(archive, member, into)
            except UnsafeMemberError as error:
                raise _unsafe(path, member.name, str(error)) from error
            if member.isfile():
                newest = max(newest, int(member.mtime))
    return newest


def _unpack_zip(path: Path, into: Path) -> int:
    """Unpack the sdist and return the date of its newest file. Its dates, which have no time zone, are taken as UTC."""
    newest = 0
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            name = PurePosixPath(info.filename)
            if name.is_absolute() or ".." in name.parts:
                raise _unsafe(path, info.filename, "its name leads out of the folder")
            if stat.S_ISLNK(info.external_attr >> 16):
                raise _unsafe(path, info.filename, "a link in a zip sdist")
            if info.flag_bits & 1:
                raise zipfile.BadZipFile(f"member {info.filename!r} is encrypted")
            extracted = Path(archive.extract(info, into))
            if (info.external_attr >> 16) & stat.S_IXUSR:
                extracted.chmod(extracted.stat().st_mode | 0o111)
            if not info.is_dir():
                year, month, day, *time = info.date_time
                # Writers that know no date leave month and day at 0.
                date = calendar.timegm((year, min(max(month, 1), 12), max(day, 1), *time, 0, 0, 0))
                # Which file is the newer one decides whether some backends generate it again.
                os.utime(extracted, (date, date))
                newest = max(newest, date)
    return newest


def _unsafe(path: Path, member: str, reason: str) -> BuildError:
    return BuildError(
        f"{path}: unsafe sdist: member {member!r}: {reason}",
        hint="nothing was unpacked outside the scratch folder; do not trust this file",
    )
