"""Where each value of a JSON text is, for findings with line and column: the standard library does not say."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from xbuild.details.json_text import pointer

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCAN = re.compile(r'(?P<space>[ \t\r\n]++)|(?P<string>"(?:[^"\\]|\\.)*+")|(?P<mark>[\[\]{},:])|(?P<atom>[^\s,\]}]++)')


def positions(text: str) -> Mapping[str, tuple[int, int]]:
    """Return line and column (from 1) of every value of the valid JSON ``text``, by its pointer.

    A member of an object is where its key is.
    """
    found: dict[str, tuple[int, int]] = {}
    path: list[str | int] = []
    key_at: tuple[int, int] | None = None
    line, line_start = 1, 0
    pending: str | None = None
    for match in _SCAN.finditer(text):
        here = (line, match.start() - line_start + 1)
        shown = match[0]
        if match.lastgroup == "space":
            if "\n" in shown:
                line += shown.count("\n")
                line_start = match.start() + shown.rindex("\n") + 1
            continue
        if match.lastgroup == "mark" and shown in ",:":
            if shown == "," and path and isinstance(path[-1], int):
                path[-1] += 1
            continue
        if match.lastgroup == "mark" and shown in "]}":
            path.pop()
            continue
        in_object = bool(path) and isinstance(path[-1], str)
        if in_object and pending is None:
            pending, key_at = json.loads(shown), here
            path[-1] = str(pending)
            continue
        found[pointer(*path)] = key_at if in_object and key_at else here
        pending = None
        if shown == "{":
            path.append("")
        elif shown == "[":
            path.append(0)
    return found
