"""Reading files, JSON above all, that nobody vouches for: size and depth are bounded before anything is built."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any

from xbuild.details.findings import InvalidDetailsError, Problem
from xbuild.details.positions import places, tokens

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_BYTES = 1024 * 1024
"""Real build-details.json files have 1-2 KiB, real ``_sysconfig_vars`` files 60 KiB."""
MAX_DEPTH = 64
MAX_ITEMS = 20_000
"""Real files have 60 values, real ``_sysconfig_vars`` files 1000. Each may be a finding, with its whole pointer."""
MAX_KEY = 200

# An unclosed string runs to the end: otherwise each quote in it would be tried in turn, in quadratic time.
_WORD = re.compile(r'(?P<string>"(?:[^"\\]|\\.)*+(?:"|\\?\Z))(?P<key>[ \t\r\n]*+:)?|[\[\]{},]', re.DOTALL)
_ABSURD = (
    "nested deeper than {expected:plain} levels",
    "more than {expected:plain} values",
    "a key longer than {expected:plain} characters",
)
_PLAIN = re.compile(r"-?\d{1,300}(?:\.\d+)?|true|false|null", re.ASCII)
_SHOWN = 60
_MOST_DIGITS = 1000
_BYTE_ORDER_MARK = "\ufeff"


def read_text(path: Path) -> str:
    """Return the content of a UTF-8 file of at most :data:`MAX_BYTES`; raises :class:`InvalidDetailsError`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        unread = Problem.make("XBD101", "cannot be read: {found:plain}", expected="a readable file", found=reason)
        raise InvalidDetailsError(str(path), [unread]) from error
    if len(content) > MAX_BYTES:
        raise InvalidDetailsError(str(path), [_too_large()], hint="check that the path names the file you mean")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte {error.start} is 0x{content[error.start]:02x}"
        other = Problem.make("XBD101", "not {expected:plain}: {found:plain}", expected="UTF-8", found=found)
        raise InvalidDetailsError(str(path), [other]) from error


def is_file(path: Path) -> bool:
    """Return whether there is a regular file at ``path``; opening a pipe instead could wait for ever.

    A path that no file system can have is none: it may be made of what a document says.
    """
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, a folder that may not be searched, a NUL
        return False


def parse_json(text: str, *, source: str) -> Any:
    """Return the value of ``text``; raises :class:`InvalidDetailsError` for what is not strict JSON, or absurd.

    Stricter than the standard library: no NaN or Infinity, no key twice in an object, no lone surrogates.
    """
    if len(text) > MAX_BYTES:
        raise InvalidDetailsError(source, [_too_large()])
    for template, most, has in zip(_ABSURD, (MAX_DEPTH, MAX_ITEMS, MAX_KEY), extent(text), strict=True):
        if has > most:
            raise InvalidDetailsError(source, [Problem.make("XBD101", template, expected=most, found=has)])
    if not text.strip():
        hint = "the file was truncated, or its writer was interrupted"
        raise InvalidDetailsError(source, [_not_json("the file is empty")], hint=hint)
    if text.startswith(_BYTE_ORDER_MARK):
        hint = "save the file as UTF-8 without it"
        raise InvalidDetailsError(source, [_not_json("the file begins with a byte order mark")], hint=hint)
    try:
        return _strict(text)
    except json.JSONDecodeError as error:
        found = f"{error.msg[:1].lower()}{error.msg[1:].removesuffix(' starting at')}"
        if error.pos >= len(text.rstrip()) or "nterminated" in error.msg:
            found += ": the file ends there"
        wrong = dataclasses.replace(_not_json(found), line=error.lineno, column=error.colno)
        raise InvalidDetailsError(source, [wrong]) from error
    except _RepeatedKeyError as error:
        raise InvalidDetailsError(source, [_repeated_key(text)]) from error
    except ValueError as error:
        raise InvalidDetailsError(source, [_not_strict(text)]) from error


def _strict(text: str) -> Any:
    value = json.loads(
        text, object_pairs_hook=_unique_keys, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole
    )
    json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def extent(text: str) -> tuple[int, int, int]:
    """Return how deep the brackets of ``text`` nest, how many items they have, and how long the longest key is.

    Without recursion, in linear time, and however malformed it is. An item is what ends with a comma; a key has quotes.
    """
    deepest = level = items = longest = 0
    for match in _WORD.finditer(text):
        if match["key"]:
            longest = max(longest, len(match["string"]) - len('""'))
        elif match[0] in "[{":
            level += 1
            deepest = max(deepest, level)
        elif match[0] in "]}":
            level -= 1
        elif match[0] == ",":
            items += 1
    return deepest, items, longest


def lookup(document: Any, keys: tuple[str | int, ...]) -> Any:
    """Return the value at ``keys``, or None where there is none."""
    for key in keys:
        if not isinstance(document, dict) or key not in document:
            return None
        document = document[key]
    return document


class _RepeatedKeyError(ValueError):
    pass


def _too_large() -> Problem:
    template = "larger than {kibibytes:plain} KiB, so this is no file of a Python installation"
    return Problem.make("XBD101", template, expected=f"at most {MAX_BYTES} bytes", kibibytes=MAX_BYTES // 1024)


def _not_json(found: str) -> Problem:
    return Problem.make("XBD102", "not {expected:plain}: {found:plain}", expected="JSON", found=found)


def _repeated_key(text: str) -> Problem:
    """Return where ``text``, in which a key is there twice, has the first such."""
    seen: set[str] = set()
    found = places(text)
    while (place := next(found))[0] not in seen:
        seen.add(place[0])
    where, key, (line, column) = place
    template = "the key {found} is there twice in one object"
    twice = Problem.make("XBD103", template, pointer=where, expected="each key once", found=key)
    return dataclasses.replace(twice, line=line, column=column)


def _not_strict(text: str) -> Problem:
    """Return where ``text``, which only the standard library takes for JSON, has the first value that is none."""
    found, (line, column) = next((why, place) for kind, shown, place in tokens(text) if (why := _lax(kind, shown)))
    return dataclasses.replace(_not_json(found), line=line, column=column)


def _lax(kind: str, shown: str) -> str | None:
    """Say why a word is none of strict JSON, None if it is one."""
    try:
        if kind == "string" and "\\u" in shown:
            json.loads(shown).encode("utf-8")
        elif kind == "atom" and not _PLAIN.fullmatch(shown):
            json.loads(shown, parse_constant=_no_constant, parse_float=_finite, parse_int=_whole)
    except UnicodeEncodeError:
        return "a string has half of a surrogate pair"
    except ValueError as error:
        return str(error)
    return None


def _unique_keys(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found: dict[str, Any] = dict(pairs)
    if len(found) < len(pairs):
        raise _RepeatedKeyError
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:_SHOWN]} is too large a number")
    return number


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"{text[:_SHOWN]}… is too large a number")
    return int(text)
