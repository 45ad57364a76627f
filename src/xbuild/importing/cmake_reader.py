"""What a CMake toolchain file does to variables, followed without CMake.

The commands that toolchain files are made of are followed; what any other one sets is :class:`Unknown`, and so is what
depends on it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from xbuild.errors import ToolchainError
from xbuild.importing.cmake_commands import COMMANDS, texts_of
from xbuild.importing.cmake_conditions import UndecidableError, Word, decide
from xbuild.importing.cmake_syntax import CMakeCommand, CMakeSyntaxError, parse_cmake
from xbuild.importing.cmake_variables import CMakeVariables, Text, split_list
from xbuild.importing.facts import Unknown
from xbuild.importing.own_files import is_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from xbuild.importing.facts import Read

_MATCHES = 10  # as many as CMake has
_MOST_FILES = 50
_MOST_LOOPS = 10_000
_ENDS = {"if": "endif", "foreach": "endforeach", "while": "endwhile", "function": "endfunction", "macro": "endmacro"}
_ENDS |= {"block": "endblock"}
# They say something, or set up what a toolchain file does not.
_SILENT = frozenset(
    {"cmake_minimum_required", "cmake_policy", "include_guard", "mark_as_advanced", "enable_language", "project"}
)


class _Return(Exception):  # noqa: N818, no error
    """``return()``: the rest of the file is not read."""


@dataclass(kw_only=True)
class CMakeReader(CMakeVariables):
    """Follows files, which ``read`` reads; ``notes`` are on what could not be followed."""

    read: Read
    notes: list[str] = field(default_factory=list)
    _read_files: int = 0
    _loops: int = 0

    def run(self, path: Path) -> None:
        """Follow the file ``path``; raises :class:`ToolchainError` if it is not CMake's language or stops CMake."""
        self._read_files += 1
        if self._read_files > _MOST_FILES or len(self.files) > 20:
            raise ToolchainError(f"{path}: the files include each other without end")
        try:
            commands = parse_cmake(self.read(path))
        except CMakeSyntaxError as problem:
            raise ToolchainError(f"{path}:{problem.line}: {problem}") from problem
        self.files.append(path)
        try:
            self._run(commands)
        except _Return:
            pass
        finally:
            self.files.pop()

    # Commands

    def _run(self, commands: Sequence[CMakeCommand]) -> None:
        index = 0
        while index < len(commands):
            command = commands[index]
            if command.name not in _ENDS:
                self._command(command)
                index += 1
                continue
            end = self._end(commands, index)
            body = commands[index + 1 : end]
            if command.name == "if":
                self._if(command, body)
            elif command.name == "foreach":
                self._foreach(command, body)
            elif command.name == "block":
                self._run(body)
            elif command.name == "while":
                self._not_followed(command, body)
            index = end + 1

    def _end(self, commands: Sequence[CMakeCommand], index: int) -> int:
        name, depth = commands[index].name, 0
        for at in range(index, len(commands)):
            depth += (commands[at].name == name) - (commands[at].name == _ENDS[name])
            if depth == 0:
                return at
        raise ToolchainError(f"{self.where(commands[index].line)}: {name}() has no {_ENDS[name]}()")

    def _if(self, command: CMakeCommand, body: Sequence[CMakeCommand]) -> None:
        branches = _branches(command, body)
        for index, (condition, commands) in enumerate(branches):
            if condition.name == "else":
                self._run(commands)
                return
            try:
                store = partial(self._matched, line=condition.line)
                chosen = decide(self.words(condition.arguments), self.value, store)
            except UndecidableError as problem:
                reason = f"{condition.name}() on {self.where(condition.line)} cannot be decided: {problem}"
                self.notes.append(f"{self.where(condition.line)}: {condition.name}() cannot be decided: {problem}")
                for _, possible in branches[index:]:
                    self._unknown(possible, reason)
                return
            if chosen:
                self._run(commands)
                return

    def _foreach(self, command: CMakeCommand, body: Sequence[CMakeCommand]) -> None:
        words = self.words(command.arguments)
        texts = [word.text for word in words if isinstance(word.text, str)]
        if len(texts) != len(words) or not texts or "RANGE" in texts[1:2] or "ZIP_LISTS" in texts:
            self._not_followed(command, body)
            return
        for item in self._items(texts[1:]):
            self._loops += 1
            if self._loops > _MOST_LOOPS:
                raise ToolchainError(f"{self.where(command.line)}: foreach() goes on without end")
            self.set(texts[0], item, command.line)
            self._run(body)
        self.variables.pop(texts[0], None)

    def _items(self, words: Sequence[str]) -> list[Text]:
        if words[:1] != ["IN"]:
            return list(words)
        items: list[Text] = []
        kind = ""
        for word in words[1:]:
            if word in {"ITEMS", "LISTS"}:
                kind = word
            elif kind == "LISTS":
                value = self.value(word)
                items += [value] if isinstance(value, Unknown) else [each for each in split_list(value or "") if each]
            else:
                items.append(word)
        return items

    def _not_followed(self, command: CMakeCommand, body: Sequence[CMakeCommand]) -> None:
        where = self.where(command.line)
        self.notes.append(f"{where}: {command.name}() is not followed")
        self._unknown(body, f"{command.name}() on {where} is not followed")

    def _unknown(self, commands: Sequence[CMakeCommand], reason: str) -> None:
        """Whatever ``commands`` may set is not known from here on."""
        for command in commands:
            self._forget(command, reason)

    def _matched(self, found: Sequence[str] | Unknown, *, line: int) -> None:
        """Set what the last match of a pattern has found: the whole, and the groups."""
        known = () if isinstance(found, Unknown) else found
        for index in range(_MATCHES):
            value = known[index] if index < len(known) else ""
            self.set(f"CMAKE_MATCH_{index}", found if isinstance(found, Unknown) else value, line)
        count = max((index for index, text in enumerate(known) if text), default=0)
        self.set("CMAKE_MATCH_COUNT", found if isinstance(found, Unknown) else str(count), line)

    def _forget(self, command: CMakeCommand, reason: str) -> None:
        if {"MATCHES", "REGEX"} & {each.text for each in command.arguments}:
            self._matched(Unknown(reason=reason), line=command.line)
        names = [each.text for each in command.arguments if re.fullmatch(r"\w+|ENV\{\w+\}", each.text)]
        # set() sets its first, and of the others nobody knows.
        for name in names[:1] if command.name in {"set", "unset", "option", "get_filename_component"} else names:
            if command.name == "set" or name not in self.variables:
                self.set(name, Unknown(reason=reason), command.line)

    def _command(self, command: CMakeCommand) -> None:
        if command.name in _SILENT:
            return
        words = self.words(command.arguments)
        match command.name:
            case "include":
                followed = self._include(words, command.line)
            case "message":
                followed = self._message(words, command.line)
            case "return":
                raise _Return
            case name:
                followed = name in COMMANDS and COMMANDS[name](self, words, command.line)
        if not followed:
            subject = next((each.text for each in command.arguments[:1] if each.text.isupper()), None)
            name = f"{command.name}({subject if command.name in {'string', 'list', 'file'} else ''})"
            self.notes.append(f"{self.where(command.line)}: {name} is not followed")
            self._forget(command, f"{name} on {self.where(command.line)} is not followed")

    def _include(self, words: Sequence[Word], line: int) -> bool:
        texts = texts_of(words)
        if not texts:
            return False
        path = self.files[-1].parent / texts[0]
        if not is_file(path):
            if "OPTIONAL" in texts:
                return True
            self.notes.append(f"{self.where(line)}: include({texts[0]}) is not followed: there is no {path}")
            return True
        self.run(path)
        return True

    def _message(self, words: Sequence[Word], line: int) -> bool:
        if words and words[0].text == "FATAL_ERROR":
            said = " ".join(word.text for word in words[1:] if isinstance(word.text, str))
            raise ToolchainError(f"{self.where(line)}: the file stops CMake here: {said}")
        return True


def _branches(command: CMakeCommand, body: Sequence[CMakeCommand]) -> list[tuple[CMakeCommand, list[CMakeCommand]]]:
    branches: list[tuple[CMakeCommand, list[CMakeCommand]]] = [(command, [])]
    depth = 0
    for each in body:
        depth += (each.name == "if") - (each.name == "endif")
        if depth == 0 and each.name in {"elseif", "else"}:
            branches.append((each, []))
        else:
            branches[-1][1].append(each)
    return branches
