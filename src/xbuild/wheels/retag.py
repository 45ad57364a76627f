"""Giving a wheel other platform tags: in its file's name and in WHEEL."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def retagged_name(name: str, platforms: Sequence[str]) -> str:
    """Return the wheel's file name ``name`` with the platform tags ``platforms``, sorted."""
    return f"{name.rpartition('-')[0]}-{'.'.join(sorted(platforms))}.whl"


def retagged_metadata(content: bytes, name: str) -> bytes:
    """Replace WHEEL's Tag lines, where the first one stands, by those of the wheel's file name ``name``."""
    tags = [f"Tag: {'-'.join(tag)}\n" for tag in product(*(part.split(".") for part in name[:-4].split("-")[-3:]))]
    lines = content.decode("utf-8").splitlines(keepends=True)
    is_tag = [line.lower().startswith("tag:") for line in lines]
    first = is_tag.index(True) if True in is_tag else len(lines)
    kept = [line for line, tagged in zip(lines, is_tag, strict=True) if not tagged]
    return "".join((*kept[:first], *tags, *kept[first:])).encode("utf-8")
