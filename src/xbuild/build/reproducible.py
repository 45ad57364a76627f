"""What a build is told so that its wheel does not depend on who builds it, where, and when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xbuild.build.source import SourceTree
    from xbuild.crossfiles.spec import CrossSpec

PLACE = "/xbuild"
"""What the scratch folder of a build is called in the wheel."""
_SOURCE = f"{PLACE}/source"  # whatever the user's folder is called

_SYSTEM = (Path("/"), Path("/usr"), Path("/usr/local"))

# Of a source without dates of its own: a folder's say when it was checked out. Hatchling uses the same.
_NO_DATE = 1580601600  # 2020-02-02
_EARLIEST = 315532800  # 1980-01-01, before which the wheel's format, and many tools, know no time


def source_date(source: SourceTree, environ: Mapping[str, str]) -> int:
    """Return the date of what is built, in seconds since 1970: never that of the build.

    The user's SOURCE_DATE_EPOCH, else that of the newest file in the sdist, else a fixed one.
    Raises :class:`UsageError` if SOURCE_DATE_EPOCH is not a number.
    """
    given = environ.get("SOURCE_DATE_EPOCH")
    if given:
        if not (given.isascii() and given.isdigit()):
            raise UsageError(
                f"SOURCE_DATE_EPOCH: expected seconds since 1970, a whole number, found {given!r}",
                hint="for example: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)",
            )
        return int(given)
    return max(source.date, _EARLIEST) if source.date is not None else _NO_DATE


def fixed_environ(date: int) -> dict[str, str]:
    """Return the variables that are the same for every user: time, language, and the order of Python's sets."""
    return {
        "SOURCE_DATE_EPOCH": str(date),
        "PYTHONHASHSEED": "0",
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "LANGUAGE": "",
    }


def build_places(scratch: Path, source: Path, caches: Sequence[Path], spec: CrossSpec) -> dict[str, str]:
    """Return the folders a build with ``spec`` sees, and the fixed name of each in the wheel.

    They are the build's ``scratch`` folder, the ``source`` in it, what is in ``caches``, and the build Python, unless
    it is the system's: a text may well name a folder of that for a reason of its own. Each is there under its real path
    too, which is what a program that asks for its working folder sees.
    """
    places = {scratch: PLACE, source: _SOURCE, **{cache / "trees": f"{PLACE}/trees" for cache in caches}}
    prefix = spec.build_python.resolve().parent.parent
    if prefix not in _SYSTEM:
        places[prefix] = f"{PLACE}/python"
    if spec.emulator is not None:
        places[spec.emulator.wrapper.parent] = f"{PLACE}/emulator"
    return {str(form): name for path, name in places.items() for form in (path, path.resolve())}


def compiler_places(scratch: Path, source: Path, caches: Sequence[Path], spec: CrossSpec) -> dict[str, str]:
    """Return the folders whose names compilers would write into what they make, with what to write instead.

    The compilers know about their sysroot already: names in it are as they are on the target. So are those in the
    target Python's tree.
    """
    places = {scratch: PLACE, source: _SOURCE}  # compilers try the last one first
    root = spec.python.root
    if root is not None and any(root.is_relative_to(cache) for cache in caches):
        places[root] = ""
    return {str(form): name for path, name in places.items() for form in (path, path.resolve())}
