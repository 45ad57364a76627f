"""Comparing two build-details documents by what they mean: key order and the style of paths do not count."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xbuild.details.paths import map_paths, seen_from
from xbuild.details.wording import pointer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xbuild.details.model import BuildDetails


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()
"""The value of a :class:`Difference` on the side that does not have the key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A value that two documents do not agree on; on a side without it, it is :data:`ABSENT`."""

    pointer: str
    left: Any
    right: Any


def compare(left: BuildDetails, right: BuildDetails) -> tuple[Difference, ...]:
    """Return what differs between two documents, in the order of the first one's keys.

    Paths are compared as seen from ``base_prefix``. Two prefixes are compared if both are absolute or both relative:
    otherwise nothing is known of where the relative one leads.
    """
    one, other = _normal(left), _normal(right)
    if posixpath.isabs(left.base_prefix) != posixpath.isabs(right.base_prefix):
        del one["base_prefix"], other["base_prefix"]
    return tuple(_differences(one, other, ()))


def _normal(details: BuildDetails) -> dict[str, Any]:
    prefix = posixpath.normpath(details.base_prefix)
    return map_paths(details.to_dict(), lambda path: seen_from(prefix, path)) | {"base_prefix": prefix}


def _differences(left: Any, right: Any, keys: tuple[str, ...]) -> Iterator[Difference]:
    if isinstance(left, dict) and isinstance(right, dict):
        for key in dict.fromkeys((*left, *right)):
            yield from _differences(left.get(key, ABSENT), right.get(key, ABSENT), (*keys, key))
    elif left != right or isinstance(left, bool) != isinstance(right, bool):
        yield Difference(pointer=pointer(*keys), left=left, right=right)
