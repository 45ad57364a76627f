"""What a container image gave: a sysroot and a target Python, each a tree in the cache with a record of the image.

The layout is manylinux's: the Pythons are ``/opt/python/cp314-cp314`` and so on. What copies them out of an image is
:mod:`xbuild.engines.container.sysroot`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.provision.model import ImageRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

PYTHONS = "opt/python"
LIBRARIES = "usr/lib64"
"""Where in a Python's tree the libraries are that only it has."""

_RECORD = ".xbuild-image.json"


def python_tag(version: str) -> str:
    """Return the name of a Python's folder: ``"3.14t"`` -> ``"cp314-cp314t"``."""
    number = version.removesuffix("t").replace(".", "")
    return f"cp{number}-cp{number}{'t' if version.endswith('t') else ''}"


def python_root(prefix: Path) -> Path:
    """Return the tree that the Python with this prefix is in."""
    return prefix.parents[len(Path(PYTHONS).parts)]


def write_record(tree: Path, *, image_id: str, digests: Sequence[str]) -> None:
    """Write into ``tree`` which image it is of, for :func:`read_record`."""
    text = json.dumps({"id": image_id, "digests": list(digests)}, indent=1)
    (tree / _RECORD).write_text(text + "\n", "utf-8")


def read_record(tree: Path, *, reference: str) -> ImageRecord:
    """Return which image ``tree`` is of; ``reference`` is what the user calls it."""
    data = json.loads((tree / _RECORD).read_bytes())
    return ImageRecord(reference=reference, id=data["id"], digests=tuple(data["digests"]))
