"""How a JSON value, and its place, are written."""

from __future__ import annotations

import json
from dataclasses import dataclass

_SHOWN = 60


def describe(value: object) -> str:
    """Say what a JSON value is, for "expected a string, found …": its type, and the value itself if it is short."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f"the string {shorten(value)}"
        case int() | float():
            return f"the number {shorten(value)}"
        case dict():
            return "an object" if value else "an empty object"
        case _:
            return "an array" if value else "an empty array"


def shorten(value: object) -> str:
    """Return ``value`` as JSON, cut where it is too long for a message."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def printable(text: str) -> str:
    """Return ``text`` with every control character written out: it may come from a file that nobody vouches for.

    A line break would begin a line of the writer's choice, an escape sequence would command the terminal.
    """
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def pointer(*keys: str | int) -> str:
    """Return the JSON pointer (RFC 6901) of a path of keys; that of the document is the empty string."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)


def fill(template: str, values: dict[str, object]) -> str:
    """Return ``template`` with its fields filled in.

    ``{name}`` is the value as short JSON, ``{name:plain}`` its text, ``{name:kind}`` its type and value,
    ``{name:each}`` the items of a list.
    """
    return template.format_map({name: _Shown(value=value) for name, value in values.items()})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shown:
    value: object

    def __format__(self, style: str) -> str:
        match style:
            case "plain":
                return str(self.value)
            case "kind":
                return describe(self.value)
            case "each" if isinstance(self.value, list):
                return ", ".join(map(str, self.value))
            case _:
                return shorten(self.value)
