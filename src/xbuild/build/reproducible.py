"""What a build is told so that its wheel does not depend on who builds it, where, and when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.build.rust import CARGO, cargo_home
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


def build_places(
    scratch: Path, source: Path, caches: Sequence[Path], spec: CrossSpec, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the folders a build with ``spec`` sees, and the fixed name of each in the wheel.

    They are the build's ``scratch`` folder, the ``source`` in it, what is in ``caches``, the sysroot and the target
    Python where they are the user's own, the sources of Rust's crates, and the build Python. Not the system's folders:
    a text may well name one of those for a reason of its own. Each is there under its real path too, which is what a
    program that asks for its working folder sees.
    """
    places = {scratch: PLACE, source: _SOURCE, **{cache / "trees": f"{PLACE}/trees" for cache in caches}}
    places |= _own_places(caches, spec)
    cargo = cargo_home(environ)
    if cargo is not None:
        # Not all of it: a Dockerfile that names root's is no more than a text.
        places |= {cargo / folder: f"{CARGO}/{folder}" for folder in ("registry/src", "git/checkouts")}
    prefix = spec.build_python.resolve().parent.parent
    if prefix not in _SYSTEM:
        places[prefix] = f"{PLACE}/python"
    if spec.emulator is not None:
        places[spec.emulator.wrapper.parent] = f"{PLACE}/emulator"
    return _with_real_paths(places)


def compiler_places(
    scratch: Path, source: Path, caches: Sequence[Path], spec: CrossSpec, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the folders whose names compilers would write into what they make, with what to write instead.

    Names in the sysroot and in the target Python's tree are as they are on the target. xbuild's own compilers know
    about their sysroot already, the user's do not.
    """
    places: dict[Path, str] = {}  # compilers try the last one first
    cargo = cargo_home(environ)
    if cargo is not None:
        places[cargo] = CARGO  # crates have sources in C, too
    root, own = spec.python.root, _own_places(caches, spec)
    if spec.sysroot.path in own:
        own[spec.sysroot.path] = ""
    places |= {**own, scratch: PLACE, source: _SOURCE}
    if root is not None and root.resolve() not in _SYSTEM:
        places[root] = ""
    return _with_real_paths(places)


def _own_places(caches: Sequence[Path], spec: CrossSpec) -> dict[Path, str]:
    """Return the sysroot's folder and the target Python's, where the user brought them, and a name for each."""
    own: dict[Path, str] = {}
    for folder, name in ((spec.sysroot.path, f"{PLACE}/sysroot"), (spec.python.prefix, f"{PLACE}/target-python")):
        is_known = folder.resolve() in _SYSTEM or any(folder.is_relative_to(other) for other in (*caches, *own))
        if not is_known:
            own[folder] = name
    return own


def _with_real_paths(places: Mapping[Path, str]) -> dict[str, str]:
    return {str(form): name for path, name in places.items() for form in (path, path.resolve())}
