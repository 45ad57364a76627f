"""Which modules a wheel brings, by what is in it."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from xbuild.errors import TestError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = re.compile(r"[^\W\d]\w*")
_NATIVE = re.compile(r"([^\W\d]\w*)(\.[\w-]+)?\.so")

# Folders and files that get installed at the top by mistake, and often cannot be imported on their own.
_NOT_THE_PRODUCT = frozenset(
    {"__init__", "__main__", "benchmarks", "conftest", "doc", "docs", "examples", "setup", "test", "tests"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Modules:
    """The names to import: ``top`` are the outermost packages and modules, ``native`` every extension module."""

    top: tuple[str, ...]
    native: tuple[str, ...]


def find_modules(wheel: Path) -> Modules:
    """Return the modules in ``wheel``. Raises :class:`TestError` if it is not a wheel that can be read.

    A shared object counts as an extension module if it has the initialisation function of its name, whatever its
    suffix says: one with another interpreter's suffix shall fail to be imported, not be passed over.
    """
    native: set[str] = set()
    paths: set[PurePosixPath] = set()
    try:
        with zipfile.ZipFile(wheel) as archive:
            for info in archive.infolist():
                path = _installed_path(info.filename)
                if path is None:
                    continue
                paths.add(path)
                if (name := _native_name(path)) is not None and _is_module(archive.read(info), path):
                    native.add(name)
    except (OSError, zipfile.BadZipFile) as error:
        raise TestError(f"{wheel} cannot be read as a wheel: {error}") from error
    top = {*_top_modules(paths), *(name for name in native if "." not in name)}
    return Modules(top=tuple(sorted(top)), native=tuple(sorted(native)))


def _installed_path(name: str) -> PurePosixPath | None:
    """Return where a member goes below site-packages; None if it goes elsewhere or is not a file to import."""
    path = PurePosixPath(name)
    first = path.parts[0] if path.parts else ""
    if first.endswith(".data"):
        return PurePosixPath(*path.parts[2:]) if path.parts[1:2] in {("purelib",), ("platlib",)} else None
    return path if path.suffix in {".py", ".so"} else None


def _top_modules(paths: set[PurePosixPath]) -> Iterator[str]:
    """Yield the modules that are in no package, and the packages, also those in a namespace, that are in no other."""
    packages = {path.parent for path in paths if path.name == "__init__.py" and path.parent.parts}
    outermost = {package for package in packages if packages.isdisjoint(package.parents)}
    modules = {path.with_suffix("") for path in paths if path.suffix == ".py" and len(path.parts) == 1}
    for path in outermost | modules:
        if path.parts[0] not in _NOT_THE_PRODUCT and all(_NAME.fullmatch(part) for part in path.parts):
            yield ".".join(path.parts)


def _native_name(path: PurePosixPath) -> str | None:
    found = _NATIVE.fullmatch(path.name)
    if found is None or not all(_NAME.fullmatch(part) for part in path.parent.parts):
        return None
    name = [*path.parent.parts, found[1]]
    return ".".join(name[:-1] if found[1] == "__init__" else name)


def _is_module(data: bytes, path: PurePosixPath) -> bool:
    """Tell an extension module from another shared library (PEP 489's and PEP 793's functions)."""
    stem = path.name.partition(".")[0]
    name = path.parent.name if stem == "__init__" else stem
    if not name.isascii():
        return True
    return any(f"{function}_{name}".encode() in data for function in ("PyInit", "PyModExport"))
