"""CMake's language as text: commands and their arguments, nothing evaluated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_SPACE = re.compile(r"(?:[ \t\r\n]+|\#\[(?P<fence>=*)\[.*?\](?P=fence)\]|\#[^\n]*)+", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BRACKET = re.compile(r"\[(?P<fence>=*)\[\n?(?P<text>.*?)\](?P=fence)\]", re.DOTALL)
_QUOTED = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"', re.DOTALL)
# With quotes in the middle, as in -DX="a b": CMake's legacy form.
_UNQUOTED = re.compile(r'(?:[^\s()#"\\]|\\.|"(?:[^"\\]|\\.)*")+', re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Argument:
    """One argument as written. In a ``bracket`` nothing is evaluated; an ``unquoted`` one is split into a list."""

    kind: Literal["bracket", "quoted", "unquoted", "paren"]
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CMakeCommand:
    """One command, its name in lower case, and the line it starts on."""

    name: str
    arguments: tuple[Argument, ...]
    line: int


class CMakeSyntaxError(Exception):
    """The text is not CMake's language; the message says what was expected."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def parse_cmake(text: str) -> tuple[CMakeCommand, ...]:
    """Return the commands of ``text``; raises :class:`CMakeSyntaxError`."""
    commands = []
    position = _skip(text, 0)
    while position < len(text):
        start = position
        name = _NAME.match(text, position)
        if name is None:
            raise CMakeSyntaxError(f"expected a command, found {_shown(text, position)}", _line(text, position))
        position = _skip(text, name.end())
        if text[position : position + 1] != "(":
            raise CMakeSyntaxError(f"expected '(' after {name[0]!r}", _line(text, start))
        arguments, position = _arguments(text, position + 1, start)
        commands.append(CMakeCommand(name=name[0].lower(), arguments=tuple(arguments), line=_line(text, start)))
        position = _skip(text, position)
    return tuple(commands)


def _arguments(text: str, position: int, start: int) -> tuple[list[Argument], int]:
    arguments: list[Argument] = []
    depth = 1
    while True:
        position = _skip(text, position)
        if position >= len(text):
            raise CMakeSyntaxError("the ')' of a command is missing", _line(text, start))
        sign = text[position]
        if sign in "()":
            depth += 1 if sign == "(" else -1
            position += 1
            if depth == 0:
                return arguments, position
            arguments.append(Argument(kind="paren", text=sign))
            continue
        argument, position = _argument(text, position)
        arguments.append(argument)


def _argument(text: str, position: int) -> tuple[Argument, int]:
    if match := _BRACKET.match(text, position):
        return Argument(kind="bracket", text=match["text"]), match.end()
    if match := _QUOTED.match(text, position):
        return Argument(kind="quoted", text=match["text"]), match.end()
    if match := _UNQUOTED.match(text, position):
        return Argument(kind="unquoted", text=match[0]), match.end()
    problem = "the closing '\"' is missing" if text[position] == '"' else f"unexpected {_shown(text, position)}"
    raise CMakeSyntaxError(problem, _line(text, position))


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _shown(text: str, position: int) -> str:
    return repr(text[position : position + 20].partition("\n")[0])


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
