"""The values of Meson's machine files: strings, numbers, booleans, arrays, names, ``+`` and ``/``."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = str | int | bool | list["Value"]

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|\#[^\n]*)
  | (?P<long>'''.*?''')
  | (?P<string>'[^'\n]*')
  | (?P<number>0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|0|[1-9][0-9]*)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<sign>[][()+/,])
    """,
    re.VERBOSE | re.DOTALL,
)


class MesonValueError(Exception):
    """The text is no value of a machine file; the message says why."""


def evaluate(text: str, names: Mapping[str, Value]) -> Value:
    r"""Return what ``text`` means where ``names`` are defined; raises :class:`MesonValueError` if it means nothing.

    Meson doubles backslashes before it reads the text: there are no escapes, and in ``'''…'''`` they stay doubled.
    """
    parser = _Parser(_tokens(text), names)
    value = parser.sum()
    if parser.kind:
        raise MesonValueError(f"unexpected {parser.text!r}")
    return value


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise MesonValueError(f"unexpected {text[position:].split(maxsplit=1)[0][:20]!r}")
        if match.lastgroup and match.lastgroup != "space":
            tokens.append((match.lastgroup, match[0]))
        position = match.end()
    return tokens


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], names: Mapping[str, Value]) -> None:
        self._tokens = [*tokens, ("", "")]
        self._names = names
        self._at = 0

    @property
    def kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def text(self) -> str:
        return self._tokens[self._at][1]

    def sum(self) -> Value:
        value = self._path()
        while self._take("+"):
            other = self._path()
            if isinstance(value, str) and isinstance(other, str):
                value += other
            elif isinstance(value, list) and isinstance(other, list):
                value = [*value, *other]
            else:
                raise MesonValueError("'+' takes two strings or two arrays")
        return value

    def _path(self) -> Value:
        value = self._single()
        while self._take("/"):
            other = self._single()
            if not isinstance(value, str) or not isinstance(other, str):
                raise MesonValueError("'/' takes two strings")
            value = posixpath.join(value, other)
        return value

    def _single(self) -> Value:
        kind, text = self._tokens[self._at]
        if not kind:
            raise MesonValueError("a value is missing")
        self._at += 1
        match kind:
            case "string":
                return text[1:-1]
            case "long":
                return text[3:-3].replace("\\", "\\\\")
            case "number":
                return int(text, 0)
            case "name":
                return self._name(text)
            case _ if text == "(":
                value = self.sum()
                self._expect(")")
                return value
            case _ if text == "[":
                return self._array()
            case _:
                raise MesonValueError(f"unexpected {text!r}")

    def _name(self, name: str) -> Value:
        if name in {"true", "false"}:
            return name == "true"
        try:
            return self._names[name]
        except KeyError:
            raise MesonValueError(f"there is no constant {name!r}: strings are written in single quotes") from None

    def _array(self) -> Value:
        items: list[Value] = []
        while not self._take("]"):
            items.append(self.sum())
            if not self._take(","):
                self._expect("]")
                break
        return items

    def _take(self, sign: str) -> bool:
        if (self.kind, self.text) != ("sign", sign):
            return False
        self._at += 1
        return True

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise MesonValueError(f"expected {sign!r}, found {self.text!r}" if self.kind else f"{sign!r} is missing")
