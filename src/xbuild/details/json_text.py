"""Reading JSON that nobody vouches for: size, depth and content are bounded before anything is built from it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from xbuild.details.findings import InvalidDetailsError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_BYTES = 1024 * 1024
"""Real build-details.json files have 1-2 KiB, real ``_sysconfig_vars`` files 60 KiB."""
MAX_DEPTH = 64

# An unclosed string runs to the end: otherwise each quote in it would be tried in turn, in quadratic time.
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_SHOWN = 60
_TOO_LARGE = f"larger than {MAX_BYTES // 1024} KiB, so this is no file of a Python installation"


def read_text(path: Path) -> str:
    """Return the content of a UTF-8 file of at most :data:`MAX_BYTES`; raises :class:`InvalidDetailsError`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _unreadable(str(path), f"cannot be read: {reason}") from error
    if len(content) > MAX_BYTES:
        raise _unreadable(str(path), _TOO_LARGE, hint="check that the path names the file you mean")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"not UTF-8: byte {error.start} is 0x{content[error.start]:02x}"
        raise _unreadable(str(path), message) from error


def parse_json(text: str, *, source: str) -> Any:
    """Return the value of ``text``; raises :class:`InvalidDetailsError` for what is not strict JSON, or absurd.

    Stricter than the standard library: no NaN or Infinity, no key twice in an object, no lone surrogates.
    """
    if len(text) > MAX_BYTES:
        raise _unreadable(source, _TOO_LARGE)
    if depth(text) > MAX_DEPTH:
        raise _unreadable(source, f"nested deeper than {MAX_DEPTH} levels")
    if not text.strip():
        hint = "the file was truncated, or its writer was interrupted"
        raise InvalidDetailsError(source, [Problem(code="XBD102", message="not JSON: the file is empty")], hint=hint)
    try:
        value = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_no_constant, parse_float=_finite)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg[:1].lower()}{error.msg[1:].removesuffix(' starting at')}"
        if error.pos >= len(text.rstrip()) or "nterminated" in error.msg:
            message += ": the file ends there"
        problem = Problem(code="XBD102", message=message, line=error.lineno, column=error.colno)
        raise InvalidDetailsError(source, [problem]) from error
    except _RepeatedKeyError as error:
        raise InvalidDetailsError(source, [Problem(code="XBD103", message=str(error))]) from error
    except UnicodeEncodeError as error:
        message = "not JSON: a string has half of a surrogate pair"
        raise InvalidDetailsError(source, [Problem(code="XBD102", message=message)]) from error
    except ValueError as error:
        raise InvalidDetailsError(source, [Problem(code="XBD102", message=f"not JSON: {error}")]) from error
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


class _RepeatedKeyError(ValueError):
    pass


def _unreadable(source: str, message: str, *, hint: str | None = None) -> InvalidDetailsError:
    return InvalidDetailsError(source, [Problem(code="XBD101", message=message)], hint=hint)


def _unique_keys(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _RepeatedKeyError(f"the key {shorten(key)} is there twice in one object")
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:_SHOWN]} is too large a number")
    return number
