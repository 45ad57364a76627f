"""``if()`` of CMake: its conditions, over arguments that are already expanded."""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbuild.importing.facts import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TRUE = {"1", "ON", "YES", "TRUE", "Y"}
_FALSE = {"", "0", "OFF", "NO", "FALSE", "N", "IGNORE", "NOTFOUND"}
# What is read alike by CMake and Python, and has no repeated groups, which could take for ever.
_SAFE_PATTERN = re.compile(
    r"""
    (?: (?: [\w\s./:,=@%-] | \[ \^? (?:(?!--)[\w./:,=@%+\ -])+ \] ) [*+?]?
      | [|^$(]
      | \) (?![*+?])
    )*
    """,
    re.VERBOSE | re.ASCII,
)
_MOST_WAYS = 10**8
"""To divide a text between the parts of a pattern, which are tried one after the other."""

_BINARY = {
    "EQUAL": ("number", "=="),
    "LESS": ("number", "<"),
    "GREATER": ("number", ">"),
    "LESS_EQUAL": ("number", "<="),
    "GREATER_EQUAL": ("number", ">="),
    "STREQUAL": ("text", "=="),
    "STRLESS": ("text", "<"),
    "STRGREATER": ("text", ">"),
    "VERSION_EQUAL": ("version", "=="),
    "VERSION_LESS": ("version", "<"),
    "VERSION_GREATER": ("version", ">"),
    "VERSION_LESS_EQUAL": ("version", "<="),
    "VERSION_GREATER_EQUAL": ("version", ">="),
    "MATCHES": ("pattern", ""),
    "IN_LIST": ("list", ""),
    "PATH_EQUAL": ("text", "=="),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """An expanded argument: a quoted one is never the name of a variable or an operator."""

    text: str | Unknown
    quoted: bool


class UndecidableError(Exception):
    """The condition depends on what reading alone does not give, or is none; the message says why."""


class _UnknownError(Exception):
    """A part of the condition is not known; whether that matters is told by the others."""


def decide(
    words: Sequence[Word],
    lookup: Callable[[str], str | Unknown | None],
    store: Callable[[Sequence[str] | Unknown], None],
) -> bool:
    """Return whether the condition holds; ``lookup`` gives a variable's value (``ENV{X}`` too), None if unset.

    ``store`` is given what each MATCHES has found, as CMake has it in CMAKE_MATCH_0 and so on.
    Raises :class:`UndecidableError`.
    """
    parser = _Conditions(words, lookup, store)
    result = parser.condition()
    if not parser.done:
        raise UndecidableError(f"the condition has an unexpected {parser.shown!r}")
    if isinstance(result, Unknown):
        raise UndecidableError(result.reason)
    return result


class _Conditions:
    def __init__(
        self,
        words: Sequence[Word],
        lookup: Callable[[str], str | Unknown | None],
        store: Callable[[Sequence[str] | Unknown], None],
    ) -> None:
        self._words = words
        self._lookup = lookup
        self._store = store
        self._at = 0

    @property
    def done(self) -> bool:
        return self._at >= len(self._words)

    @property
    def shown(self) -> str:
        text = self._words[self._at].text
        return text if isinstance(text, str) else "value"

    def condition(self) -> bool | Unknown:
        """AND binds no closer than OR: CMake takes both as they come."""
        result = self._negation()
        while not self.done:
            if self._take("AND"):
                result = _joined(result, self._negation(), settled=False)
            elif self._take("OR"):
                result = _joined(result, self._negation(), settled=True)
            else:
                break
        return result

    def _negation(self) -> bool | Unknown:
        if self._take("NOT"):
            result = self._negation()
            return result if isinstance(result, Unknown) else not result
        if self._take("("):
            result = self.condition()
            if not self._take(")"):
                raise UndecidableError("the condition lacks a ')'")
            return result
        try:
            return self._test()
        except _UnknownError as problem:
            return Unknown(reason=str(problem))

    def _test(self) -> bool:
        if self._take("DEFINED"):
            return self._defined(self._text())
        for name, test in (("EXISTS", Path.exists), ("IS_DIRECTORY", Path.is_dir), ("IS_SYMLINK", Path.is_symlink)):
            if self._take(name):
                return _ask(test, self._text())
        if self._take("IS_ABSOLUTE"):
            return self._text().startswith("/")
        for name in ("COMMAND", "POLICY", "TARGET", "TEST"):
            if self._take(name):
                raise _UnknownError(f"{name} is not known before a project is configured: {self._text()}")
        return self._comparison()

    def _defined(self, name: str) -> bool:
        value = self._lookup(name.removeprefix("CACHE{").removesuffix("}") if name.startswith("CACHE{") else name)
        if isinstance(value, Unknown):
            raise _UnknownError(value.reason)
        return value is not None

    def _comparison(self) -> bool:
        left = self._next()
        sign_word = None if self.done or self._words[self._at].quoted else self._words[self._at].text
        if not isinstance(sign_word, str) or sign_word not in _BINARY:
            return self._truth(left)
        self._at += 1
        right = self._next()
        kind, sign = _BINARY[sign_word]
        if kind == "pattern":
            return self._matches(left, right)
        first = self._value(left)
        if kind == "list":
            return first in (self._lookup_text(self._known(right)) or "").split(";")
        return _compare(first, self._value(right), kind=kind, sign=sign)

    def _matches(self, left: Word, right: Word) -> bool:
        try:
            found = _match(self._known(right), self._value(left))
        except _UnknownError as problem:
            self._store(Unknown(reason=str(problem)))
            raise
        self._store(found or ())
        return found is not None

    def _truth(self, word: Word) -> bool:
        text = self._known(word)
        if text.upper() in _TRUE or re.fullmatch(r"-?[0-9.]*[1-9][0-9.]*", text):
            return True
        if text.upper() in _FALSE or text.upper().endswith("-NOTFOUND") or word.quoted:
            return False
        value = self._lookup_text(text)
        return value is not None and value.upper() not in _FALSE and not value.upper().endswith("-NOTFOUND")

    def _value(self, word: Word) -> str:
        """A name that stands for a variable is its value."""
        text = self._known(word)
        value = None if word.quoted else self._lookup_text(text)
        return text if value is None else value

    def _lookup_text(self, name: str) -> str | None:
        value = self._lookup(name)
        if isinstance(value, Unknown):
            raise _UnknownError(value.reason)
        return value

    def _text(self) -> str:
        return self._known(self._next())

    def _known(self, word: Word) -> str:
        if isinstance(word.text, Unknown):
            raise _UnknownError(word.text.reason)
        return word.text

    def _next(self) -> Word:
        if self.done:
            raise UndecidableError("the condition ends too early")
        self._at += 1
        return self._words[self._at - 1]

    def _take(self, keyword: str) -> bool:
        if self.done or self._words[self._at].quoted or self._words[self._at].text != keyword:
            return False
        self._at += 1
        return True


def _ask(test: Callable[[Path], bool], text: str) -> bool:
    try:
        return test(Path(text))
    except (OSError, ValueError):
        return False


def _joined(left: bool | Unknown, right: bool | Unknown, *, settled: bool) -> bool | Unknown:
    """Return what AND or OR makes of two parts, one of which is enough if it is ``settled``."""
    if left is settled or right is settled:
        return settled
    return left if isinstance(left, Unknown) else right


def _match(pattern: str, text: str) -> tuple[str, ...] | None:
    """Return the whole match and the groups, where there is one."""
    # Python's "$" is also before a last line's end, and CMake's is not.
    choices = len(re.findall(r"[*+?|]", pattern)) + 1
    takes_too_long = math.comb(len(text) + choices, choices) > _MOST_WAYS
    if not _SAFE_PATTERN.fullmatch(pattern) or takes_too_long or text.endswith("\n"):
        raise _UnknownError(f"the pattern {pattern!r} is not read")
    try:
        found = re.search(pattern, text, re.DOTALL)
    except re.error as error:
        raise _UnknownError(f"the pattern {pattern!r} is not read") from error
    return (found[0], *found.groups("")) if found is not None else None


def _compare(left: str, right: str, *, kind: str, sign: str) -> bool:
    order: tuple[Any, Any] = (left, right)
    if kind == "version":
        order = _version(left), _version(right)
    elif kind == "number":
        try:
            order = float(left), float(right)
        except ValueError:
            return False
    first, second = order
    compare: dict[str, Callable[[Any, Any], bool]] = {
        "==": operator.eq,
        "<": operator.lt,
        ">": operator.gt,
        "<=": operator.le,
        ">=": operator.ge,
    }
    return compare[sign](first, second)


def _version(text: str) -> list[int]:
    numbers = [int(number) for number in re.findall(r"\d{1,9}", text)[:4]]
    return numbers + [0] * (4 - len(numbers))
