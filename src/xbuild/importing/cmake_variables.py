"""CMake's variables as a toolchain file sets them, and the references to them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xbuild.importing.cmake_conditions import Word
from xbuild.importing.facts import Unknown
from xbuild.importing.words import check_length, joined

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from xbuild.importing.cmake_syntax import Argument

Text = str | Unknown

_FIXED = {"CMAKE_VERSION": "4.1.0", "CMAKE_HOST_SYSTEM_NAME": "Linux", "CMAKE_HOST_UNIX": "1", "UNIX": "1"}
_PROJECTS = frozenset(
    f"{prefix}_{kind}_DIR" for prefix in ("CMAKE", "CMAKE_CURRENT", "PROJECT") for kind in ("SOURCE", "BINARY")
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """A variable's last value and where it got it."""

    value: Text
    where: str


@dataclass(kw_only=True)
class CMakeVariables:
    """``variables`` are what the files in hand (``files``, the innermost last) have set, ``environment`` what they set
    of the environment, which otherwise is ``environ``. ``used`` are those whose value the files themselves have taken.
    """

    environ: Mapping[str, str]
    variables: dict[str, Variable] = field(default_factory=dict)
    environment: dict[str, Variable] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    files: list[Path] = field(default_factory=list)

    def value(self, name: str) -> Text | None:  # noqa: PLR0911, one per kind of variable
        """Return the value of the variable ``name`` (or ``ENV{X}``); None if it is not set."""
        path = self.files[-1] if self.files else None
        if name.startswith("ENV{") and name.endswith("}"):
            return self._environment(name[4:-1])
        if path is not None and name == "CMAKE_CURRENT_LIST_DIR":
            return str(path.parent)
        if path is not None and name in {"CMAKE_CURRENT_LIST_FILE", "CMAKE_TOOLCHAIN_FILE"}:
            return str(path if name == "CMAKE_CURRENT_LIST_FILE" else self.files[0])
        variable = self.variables.get(name)
        if variable is not None:
            self.used.add(name)
            return variable.value
        if name in _PROJECTS:
            return Unknown(reason=f"{name} is another folder in each project")
        if name == "CMAKE_HOST_SYSTEM_PROCESSOR":
            return os.uname().machine
        return _FIXED.get(name)

    def _environment(self, name: str) -> Text | None:
        variable = self.environment.get(name)
        return variable.value if variable is not None else self.environ.get(name)

    def set(self, name: str, value: Text, line: int) -> None:
        """Give the variable ``name`` (or ``ENV{X}``) a value, on ``line`` of the file in hand."""
        where = self.where(line)
        if name.startswith("ENV{") and name.endswith("}"):
            self.environment[name[4:-1]] = Variable(value=value, where=where)
        else:
            self.variables[name] = Variable(value=value, where=where)

    def where(self, line: int) -> str:
        """Return the place of ``line`` of the file in hand, for messages."""
        return f"{self.files[-1]}:{line}"

    def expand(self, text: str) -> Text:
        """Replace ``${X}``, ``$ENV{X}`` and escapes; unset variables are empty."""
        pieces: list[Text] = []
        position = 0
        while position < len(text):
            sign = text[position]
            if sign == "\\":
                follow = text[position + 1 : position + 2]
                pieces.append("" if follow == "\n" else _ESCAPES.get(follow, "\\;" if follow == ";" else follow))
                position += 2
                continue
            start = re.compile(r"\$(ENV|CACHE)?\{").match(text, position)
            if start is None:
                pieces.append(sign)
                position += 1
                continue
            end = _closing(text, start.end())
            name = self.expand(text[start.end() : end])
            if isinstance(name, Unknown):
                return name
            value = self.value(f"ENV{{{name}}}" if start[1] == "ENV" else name)
            pieces.append("" if value is None else value)
            position = end + 1
        return joined(pieces, where=str(self.files[-1]))

    def words(self, arguments: Sequence[Argument]) -> list[Word]:
        """Return ``arguments`` expanded, with lists that are not quoted taken apart."""
        words: list[Word] = []
        length = 0
        for argument in arguments:
            if argument.kind == "bracket":
                words.append(Word(text=argument.text, quoted=True))
            elif argument.kind == "paren":
                words.append(Word(text=argument.text, quoted=False))
            else:
                text = self.expand(argument.text)
                length += len(text) if isinstance(text, str) else 0
                check_length(length, where=str(self.files[-1]))
                if argument.kind == "quoted" or isinstance(text, Unknown):
                    words.append(Word(text=text, quoted=argument.kind == "quoted"))
                else:
                    words += [Word(text=each, quoted=False) for each in split_list(text) if each]
        return words


def _closing(text: str, position: int) -> int:
    """Return where the ``}`` of the reference that begins before ``position`` is; the text's end if it has none."""
    depth = 1
    for at in range(position, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return at
    return len(text)


def split_list(text: str) -> list[str]:
    """Split a list at semicolons that are not escaped."""
    return [each.replace("\\;", ";") for each in re.split(r"(?<!\\);", text)]
