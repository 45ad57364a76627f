"""Reading JSON that nobody vouches for: size, depth and content are bounded before anything is built from it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from xbuild.errors import DetailsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_BYTES = 1024 * 1024
"""Real build-details.json files have 1-2 KiB, real ``_sysconfig_vars`` files 60 KiB."""
MAX_DEPTH = 64

# An unclosed string runs to the end: otherwise each quote in it would be tried in turn, in quadratic time.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_SHOWN = 60


def read_text(path: Path) -> str:
    """Return the content of a UTF-8 file of at most :data:`MAX_BYTES`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DetailsError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(content) > MAX_BYTES:
        raise DetailsError(
            f"{path}: larger than {MAX_BYTES // 1024**2} MiB, so this is no file of a Python installation",
            hint="check that the path names the file you mean",
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DetailsError(f"{path}: not UTF-8: byte {error.start} is 0x{content[error.start]:02x}") from error


def parse_json(text: str, *, source: str) -> Any:
    """Return the value of ``text``; what is not strict JSON, or absurdly large or deep, is a :class:`DetailsError`.

    Stricter than the standard library: no NaN or Infinity, no key twice in an object, no lone surrogates.
    """
    if len(text) > MAX_BYTES:
        raise DetailsError(f"{source}: larger than {MAX_BYTES // 1024**2} MiB")
    if depth(text) > MAX_DEPTH:
        raise DetailsError(f"{source}: nested deeper than {MAX_DEPTH} levels")
    if not text.strip():
        raise DetailsError(f"{source}: empty", hint="the file was truncated, or its writer was interrupted")
    try:
        value = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_no_constant, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        where = f"{source}:{error.lineno}:{error.colno}"
        end = "; the file ends there" if error.pos >= len(text.rstrip()) else ""
        raise DetailsError(f"{where}: not JSON: {error.msg}{end}") from error
    except UnicodeEncodeError as error:
        raise DetailsError(f"{source}: not Unicode: a string has half of a surrogate pair") from error
    except ValueError as error:
        raise DetailsError(f"{source}: not JSON: {error}") from error
    return value


def depth(text: str) -> int:
    """Return how deep the brackets of ``text`` nest, without recursion and however malformed it is."""
    deepest = level = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        if match[0] in "[{":
            level += 1
            deepest = max(deepest, level)
        elif match[0] in "]}":
            level -= 1
    return deepest


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


def pointer(*keys: str | int) -> str:
    """Return the JSON pointer (RFC 6901) of a path of keys; that of the document is the empty string."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)


def lookup(document: Any, keys: tuple[str | int, ...]) -> Any:
    """Return the value at ``keys``, or None where there is none."""
    for key in keys:
        if not isinstance(document, dict) or key not in document:
            return None
        document = document[key]
    return document


def _unique_keys(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {shorten(key)} is there twice in one object")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:_SHOWN]} is too large a number")
    return number
