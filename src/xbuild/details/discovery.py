"""Finding ``build-details.json`` under the names it really has.

The specification says ``<stdlib>/build-details.json``. Debian says ``build-details.<flags>.<triplet>.json``, so that
several architectures and ABIs can share a directory; with no flags that has two dots in a row.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xbuild.details.walk import can_be_opened, find
from xbuild.errors import DetailsError

if TYPE_CHECKING:
    from pathlib import Path

    from xbuild.targets import Target

PLAIN_NAME = "build-details.json"

_NAME = re.compile(r"build-details(?:\.(?P<flags>[a-z]*)\.(?P<triplet>[A-Za-z0-9_-]+))?\.json")
_STDLIB_PLACES = ("lib", "lib64", "lib/*", "usr/lib", "usr/lib64", "usr/lib/*", "usr/local/lib", "usr/local/lib64")


def triplet_of(file: Path) -> str | None:
    """Return the triplet in a file's name, None where the name has none."""
    match = _NAME.fullmatch(file.name)
    return match["triplet"] if match else None


def flags_of(file: Path) -> str | None:
    """Return the ABI flags in a file's name, None where the name has none."""
    match = _NAME.fullmatch(file.name)
    return match["flags"] if match else None


def discover(directory: Path, *, target: Target | None = None) -> Path | None:
    """Return the build-details file of a standard library directory, or of the prefix or root that holds one.

    ``target`` chooses among files for several machines. Raises :class:`DetailsError`, naming them, if more than one
    remains; returns None if there is none.
    """
    found = _in_directory(directory, target=target)
    if not found:
        stdlibs = {
            stdlib.resolve(): stdlib
            for place in _STDLIB_PLACES
            for stdlib in sorted(directory.glob(f"{place}/python3*"))
            if stdlib.is_dir()
        }
        found = [file for stdlib in stdlibs.values() for file in _in_directory(stdlib, target=target)]
    if len(found) > 1:
        names = ", ".join(str(file.relative_to(directory)) for file in found)
        hint = "name the file you mean" if target else "name the file you mean, or a target that chooses one"
        raise DetailsError(f"{directory}: several build-details files: {names}", hint=hint)
    return found[0] if found else None


def discover_all(directory: Path) -> list[Path]:
    """Return every build-details file under ``directory``, a whole distribution's root perhaps, sorted.

    Links to folders are not followed, so that none is seen twice. Left out are the kernel's file systems (``/proc``),
    and of a standard library all but the packages in it. A folder that cannot be read is logged as a warning.
    """
    # Most of a full root's hundred thousand names are none of ours, so the cheapest test comes first.
    return find(directory, lambda name: name.startswith("build-details") and _NAME.fullmatch(name) is not None)


def _in_directory(directory: Path, *, target: Target | None) -> list[Path]:
    named = (file for file in directory.glob("build-details*.json") if _NAME.fullmatch(file.name))
    files = sorted(file for file in named if can_be_opened(file))
    plain = [file for file in files if file.name == PLAIN_NAME]
    if target is not None:
        own = [file for file in files if triplet_of(file) == target.triplet]
        return own or plain or files
    return plain or files
