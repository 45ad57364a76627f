"""Where each value of a JSON text is, for findings with line and column: the standard library does not say."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from xbuild.details.wording import pointer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SCAN = re.compile(r'(?P<space>[ \t\r\n]++)|(?P<string>"(?:[^"\\]|\\.)*+")|(?P<mark>[\[\]{},:])|(?P<atom>[^\s,\]}]++)')

Place = tuple[int, int]
"""Line and column, from 1."""


def positions(text: str) -> Mapping[str, Place]:
    """Return the place of every value of the valid JSON ``text``, by its pointer. That of a member is its key's."""
    return {where: place for where, _, place in places(text)}


def places(text: str) -> Iterator[tuple[str, str, Place]]:
    """Yield pointer, key ("" for what is no member) and place of every value of ``text``, also of repeated keys."""
    path: list[str | int] = []
    pending: tuple[str, Place] | None = None
    for _, shown, here in tokens(text):
        match shown:
            case ",":
                if isinstance(path[-1], int):
                    path[-1] += 1
                continue
            case ":":
                continue
            case "]" | "}":
                path.pop()
                continue
        if path and isinstance(path[-1], str) and pending is None:
            path[-1] = str(json.loads(shown))
            pending = path[-1], here
            continue
        key, place = pending or ("", here)
        yield pointer(*path), key, place
        pending = None
        if shown == "{":
            path.append("")
        elif shown == "[":
            path.append(0)


def tokens(text: str) -> Iterator[tuple[str, str, Place]]:
    """Yield kind ("string", "mark", "atom"), text and place of every word of the JSON ``text``."""
    line, line_start = 1, 0
    for match in _SCAN.finditer(text):
        if match.lastgroup != "space":
            yield str(match.lastgroup), match[0], (line, match.start() - line_start + 1)
        elif "\n" in match[0]:
            line += match[0].count("\n")
            line_start = match.start() + match[0].rindex("\n") + 1
