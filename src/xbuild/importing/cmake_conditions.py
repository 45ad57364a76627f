"""``if()`` of CMake: its conditions, over arguments that are already expanded."""

from __future__ import annotations

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
# What is read alike by CMake and Python, and cannot take for ever.
_SAFE_PATTERN = re.compile(r"[\w\s./:|^$+*?-]*|\^?\(?[\w\s./:|^$?-]*\)?\$?")

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


def decide(words: Sequence[Word], lookup: Callable[[str], str | Unknown | None]) -> bool:
    """Return whether the condition holds; ``lookup`` gives a variable's value (``ENV{X}`` too), None if unset.

    Raises :class:`UndecidableError`.
    """
    parser = _Conditions(words, lookup)
    result = parser.disjunction()
    if not parser.done:
        raise UndecidableError(f"the condition has an unexpected {parser.shown!r}")
    return result


class _Conditions:
    def __init__(self, words: Sequence[Word], lookup: Callable[[str], str | Unknown | None]) -> None:
        self._words = words
        self._lookup = lookup
        self._at = 0

    @property
    def done(self) -> bool:
        return self._at >= len(self._words)

    @property
    def shown(self) -> str:
        text = self._words[self._at].text
        return text if isinstance(text, str) else "value"

    def disjunction(self) -> bool:
        result = self._conjunction()
        while self._take("OR"):
            other = self._conjunction()
            result = result or other
        return result

    def _conjunction(self) -> bool:
        result = self._negation()
        while self._take("AND"):
            # What follows a false part need not be known.
            try:
                other = self._negation()
            except UndecidableError:
                if result:
                    raise
                self._at = len(self._words)
                return False
            result = result and other
        return result

    def _negation(self) -> bool:
        if self._take("NOT"):
            return not self._negation()
        return self._test()

    def _test(self) -> bool:
        if self._take("("):
            result = self.disjunction()
            if not self._take(")"):
                raise UndecidableError("the condition lacks a ')'")
            return result
        if self._take("DEFINED"):
            return self._defined(self._text())
        for name, test in (("EXISTS", Path.exists), ("IS_DIRECTORY", Path.is_dir), ("IS_SYMLINK", Path.is_symlink)):
            if self._take(name):
                return _ask(test, self._text())
        if self._take("IS_ABSOLUTE"):
            return self._text().startswith("/")
        for name in ("COMMAND", "POLICY", "TARGET", "TEST"):
            if self._take(name):
                raise UndecidableError(f"{name} is not known before a project is configured: {self._text()}")
        return self._comparison()

    def _defined(self, name: str) -> bool:
        value = self._lookup(name.removeprefix("CACHE{").removesuffix("}") if name.startswith("CACHE{") else name)
        if isinstance(value, Unknown):
            raise UndecidableError(value.reason)
        return value is not None

    def _comparison(self) -> bool:
        left = self._next()
        sign_word = None if self.done or self._words[self._at].quoted else self._words[self._at].text
        if not isinstance(sign_word, str) or sign_word not in _BINARY:
            return self._truth(left)
        self._at += 1
        right = self._next()
        kind, sign = _BINARY[sign_word]
        first = self._value(left)
        if kind == "pattern":
            pattern = self._known(right)
            if not _SAFE_PATTERN.fullmatch(pattern):
                raise UndecidableError(f"the pattern {pattern!r} is not read")
            return _match(pattern, first)
        if kind == "list":
            return self._known(left) in (self._lookup_text(self._known(right)) or "").split(";")
        return _compare(first, self._value(right), kind=kind, sign=sign)

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
            raise UndecidableError(value.reason)
        return value

    def _text(self) -> str:
        return self._known(self._next())

    def _known(self, word: Word) -> str:
        if isinstance(word.text, Unknown):
            raise UndecidableError(word.text.reason)
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


def _match(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error as error:
        raise UndecidableError(f"the pattern {pattern!r} is not read") from error


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
