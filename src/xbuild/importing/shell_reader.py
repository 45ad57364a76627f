"""What a shell script does to variables when it is sourced, followed without a shell."""

from __future__ import annotations

import os.path
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xbuild.errors import ToolchainError
from xbuild.importing.cmake_commands import glob_files
from xbuild.importing.facts import Unknown
from xbuild.importing.shell_commands import Chain, For, Group, If, Node, Not, Simple, Unread, parse_shell
from xbuild.importing.shell_syntax import Piece, ShellSyntaxError, ShellWord, tokenize
from xbuild.importing.shell_tests import decide_test, fits_pattern, trimmed
from xbuild.importing.words import joined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from xbuild.importing.facts import Read

_MOST_FILES = 100
_MOST_LOOPS = 10_000
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=(.*)", re.DOTALL)
_PARAMETER = re.compile(r"([A-Za-z_]\w*|[0-9@*#?$!-])(?:\[[^]]*\])?(?:(:?[-+=?]|%%|%|##|#)(.*))?", re.DOTALL)
_DECLARING = frozenset({"export", "declare", "typeset", "readonly", "local"})
# They say or show something, or set what no build sees.
_SILENT = frozenset(
    {"alias", "bind", "cat", "complete", "echo", "hash", "printf", "set", "shift", "shopt", "sleep", "umask", "unalias"}
)
_EXPORT_ALL = (["-a"], ["-o", "allexport"])
_EXPORT_SOME = (["+a"], ["+o", "allexport"])
_SOURCES = ("BASH_SOURCE", "0")


class _Return(Exception):  # noqa: N818, no error
    """``return`` or ``exit``: the rest of the file is not read."""


@dataclass(kw_only=True)
class ShellReader:
    """Follows scripts. ``variables`` are all there are, ``exported`` those the scripts export, with their place.

    ``assigned`` are all that they set.
    """

    environ: Mapping[str, str]
    read: Read
    variables: dict[str, str | Unknown] = field(default_factory=dict)
    exported: dict[str, str] = field(default_factory=dict)
    assigned: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _export_all: bool = False
    _files: list[Path] = field(default_factory=list)
    _read_files: int = 0
    _loops: int = 0

    def __post_init__(self) -> None:
        # Yocto's scripts refuse to go on where it is set, which does not concern a reader.
        self.variables.update({name: value for name, value in self.environ.items() if name != "LD_LIBRARY_PATH"})

    def run(self, path: Path) -> None:
        """Follow the script ``path``; raises :class:`ToolchainError` if it is not a shell's language."""
        self._read_files += 1
        if self._read_files > _MOST_FILES or len(self._files) > 20:
            raise ToolchainError(f"{path}: the scripts source each other without end")
        try:
            nodes = parse_shell(self.read(path))
            self._files.append(path)
            try:
                self._run(nodes)
            except _Return:
                pass
            finally:
                self._files.pop()
        except ShellSyntaxError as problem:
            raise ToolchainError(f"{path}:{problem.line}: {problem}") from problem

    # Commands: each returns whether it succeeds, None if that cannot be told

    def _run(self, nodes: Sequence[Node]) -> bool | None:
        status: bool | None = True
        for node in nodes:
            status = self._node(node)
        return status

    def _node(self, node: Node) -> bool | None:  # noqa: PLR0911, one per kind of command
        match node:
            case Simple():
                return self._simple(node)
            case Chain():
                return self._chain(node)
            case If():
                return self._if(node)
            case For():
                return self._for(node)
            case Group():
                return self._run(node.body)
            case Not():
                status = self._node(node.body)
                return None if status is None else not status
            case Unread():
                if node.kind != "a function":
                    self._note(node.line, f"{node.kind} is not followed")
                self._forget(node.names, f"{node.kind} on {self._where(node.line)} is not followed", node.line)
                return None if node.kind != "a function" else True

    def _chain(self, chain: Chain) -> bool | None:
        status: bool | None = True
        for sign, node in chain.parts:
            if status is None and sign:
                self._doubt([node], chain.line, "what comes before it cannot be decided")
            elif not sign or status == (sign == "&&"):
                status = self._node(node)
        return status

    def _if(self, node: If) -> bool | None:
        for index, (condition, body) in enumerate(node.branches):
            status = self._run(condition)
            if status is None:
                self._note(node.line, "the condition of 'if' cannot be decided")
                rest = [each for _, each in node.branches[index:]]
                for each in (*rest, node.otherwise):
                    self._doubt(each, node.line, "'if' cannot be decided")
                return None
            if status:
                return self._run(body)
        return self._run(node.otherwise)

    def _for(self, node: For) -> bool | None:
        items: list[str] = []
        for word in node.words:
            text = self._text(word)
            if isinstance(text, Unknown):
                self._doubt(node.body, node.line, text.reason)
                return None
            wild = any(piece.kind == "text" and not piece.quoted and "*" in piece.text for piece in word.pieces)
            # Without a match the pattern stands for itself; a test for the file then says there is none.
            items += (glob_files(text) if wild else None) or ([text] if self._is_one(word) else text.split())
        for item in items:
            if "*" in item:
                continue
            self._loops += 1
            if self._loops > _MOST_LOOPS:
                raise ToolchainError(f"{self._where(node.line)}: 'for' goes on without end")
            self.variables[node.name] = item
            self._run(node.body)
        return True

    def _is_one(self, word: ShellWord) -> bool:
        return all(piece.quoted or piece.kind == "text" for piece in word.pieces)

    def _simple(self, node: Simple) -> bool | None:
        words = list(node.words)
        while words and (assignment := self._assignment(words[0])):
            name, value = assignment
            if len(words) == 1:
                self._assign(name, value, node.line, export=name in self.exported or name in self.environ)
                return True
            if all(self._assignment(word) for word in words):
                self._assign(name, value, node.line, export=name in self.exported or name in self.environ)
            words.pop(0)
        texts = [self._text(word) for word in words]
        if not texts or isinstance(texts[0], Unknown):
            return None
        name = texts[0]
        if name in _DECLARING:
            return self._declare(words[1:], node.line)
        if name == "[[":
            return self._condition([word for word in words[1:] if word.literal != "]]"])
        if name in {"[", "test"}:
            return decide_test([text for text in texts[1:] if text != "]"])
        return self._builtin(name, texts[1:], node.line)

    def _condition(self, words: Sequence[ShellWord]) -> bool | None:
        """What stands between ``[[`` and ``]]``. Unquoted, the right side of a comparison is a pattern."""
        if words and words[0].literal == "!":
            status = self._condition(words[1:])
            return None if status is None else not status
        texts = [self._text(word) for word in words]
        match texts:
            case [str(left), "=" | "==" | "!=" as sign, str()]:
                pieces = [(str(self._piece(piece, words[2].line)), piece.quoted) for piece in words[2].pieces]
                fits = fits_pattern(left, pieces)
                return None if fits is None else fits == (sign != "!=")
        return decide_test(texts)

    def _builtin(self, name: str, arguments: Sequence[str | Unknown], line: int) -> bool | None:
        match name:
            case ":" | "true":
                return True
            case "false":
                return False
            case "return" | "exit":
                raise _Return
            case "unset":
                for each in arguments:
                    if isinstance(each, str):
                        self.variables.pop(each, None)
                        self.exported.pop(each, None)
                        self.assigned.pop(each, None)
                return True
            case "." | "source":
                return self._source(arguments, line)
        if name == "set" and list(arguments) in _EXPORT_ALL:
            self._export_all = True
        elif name == "set" and list(arguments) in _EXPORT_SOME:
            self._export_all = False
        if name in _SILENT:
            return True
        self._note(line, f"{name!r} is not run")
        return None

    def _source(self, arguments: Sequence[str | Unknown], line: int) -> bool | None:
        file = arguments[0] if arguments else Unknown(reason="no file is named")
        if isinstance(file, Unknown):
            self._note(line, f"a file is not read: {file.reason}")
            return None
        path = self._files[-1].parent / file
        if "\0" in file or not path.is_file():
            self._note(line, f"there is no file {file} to read")
            return False
        self.run(path)
        return True

    def _declare(self, words: Sequence[ShellWord], line: int) -> bool:
        for word in words:
            assignment = self._assignment(word)
            if assignment is not None:
                self._assign(*assignment, line, export=True)
                continue
            text = self._text(word)
            if isinstance(text, Unknown) or text.startswith("-"):
                continue
            match = _ASSIGNMENT.fullmatch(text)  # "NAME=value" as a whole in quotes, as Buildroot has it
            if match:
                self._assign(match[1], match[3], line, export=True)
            elif text in self.variables:
                self.exported[text] = self._where(line)
        return True

    # Variables

    def _assignment(self, word: ShellWord) -> tuple[str, str | Unknown] | None:
        """``NAME=VALUE``, where the name is not quoted."""
        head = "".join(
            piece.text if piece.kind == "text" and not piece.quoted else "\0" for piece in word.pieces
        ).partition("=")
        match = re.fullmatch(r"([A-Za-z_]\w*)(\+?)", head[0])
        if not match or not head[1]:
            return None
        index = next(at for at, piece in enumerate(word.pieces) if piece.text == "=" and not piece.quoted)
        value = self._text(ShellWord(pieces=word.pieces[index + 1 :], line=word.line))
        if match[2]:
            old = self.variables.get(match[1], "")
            value = joined([old, value], where=self._where(word.line))
        return match[1], value

    def _assign(self, name: str, value: str | Unknown, line: int, *, export: bool) -> None:
        self.variables[name] = value
        self.assigned[name] = self._where(line)
        if export or self._export_all:
            self.exported[name] = self._where(line)

    def _forget(self, names: Sequence[str], reason: str, line: int) -> None:
        for name in names:
            self._assign(name, Unknown(reason=reason), line, export=True)

    def _doubt(self, nodes: Sequence[Node], line: int, why: str) -> None:
        """Whatever ``nodes`` may set is not known from here on."""
        self._forget(tuple(_assigned(nodes)), f"it is set on {self._where(line)} under a condition: {why}", line)

    def _text(self, word: ShellWord) -> str | Unknown:
        return joined([self._piece(piece, word.line) for piece in word.pieces], where=self._where(word.line))

    def _piece(self, piece: Piece, line: int) -> str | Unknown:
        match piece.kind:
            case "text":
                return piece.text
            case "variable":
                return self._parameter(piece.text, line)
            case "command":
                return self._substitution(piece.text, line)

    def _parameter(self, text: str, line: int) -> str | Unknown:
        match = _PARAMETER.fullmatch(text)
        if match is None:
            return Unknown(reason=f"${{{text}}} on {self._where(line)} is not followed")
        name, sign, rest = match[1], match[2], match[3] or ""
        value = str(self._files[-1]) if name in _SOURCES else self.variables.get(name)
        if isinstance(value, Unknown) or sign is None:
            return value if value is not None else ""
        if sign in {"%", "%%", "#", "##"}:
            other = self._inner(rest, line)
            return other if isinstance(other, Unknown) else trimmed(value or "", sign, other, self._where(line))
        there = value is not None and (value != "" or not sign.startswith(":"))
        if sign.endswith("+"):
            return self._inner(rest, line) if there else ""
        if there:
            return value or ""
        return self._inner(rest, line) if sign[-1] in "-=" else Unknown(reason=f"{name} is not set")

    def _inner(self, text: str, line: int) -> str | Unknown:
        words = [token for token in tokenize(text, line=line) if isinstance(token, ShellWord)]
        texts = [self._text(word) for word in words]
        return next((each for each in texts if isinstance(each, Unknown)), " ".join(map(str, texts)))

    def _substitution(self, text: str, line: int) -> str | Unknown:  # noqa: PLR0911, one per program
        """What finds the script's own folder is followed; other programs would have to be run."""
        unknown = Unknown(reason=f"$({text}) on {self._where(line)} is not run")
        nodes = parse_shell(text, line=line)
        match nodes:
            case [Simple() as simple]:
                folder, last = str(self._files[-1].parent), simple
            case [Chain(parts=[("", Simple() as first), ("&&", Simple() as last)])]:
                place = self._plain(first)
                if isinstance(place, Unknown) or place[:1] != ["cd"] or len(place) < 2:
                    return unknown
                folder = place[-1]
            case _:
                return unknown
        words = self._plain(last)
        if isinstance(words, Unknown) or not words:
            return unknown
        match words:
            case ["pwd", *_]:
                return os.path.realpath(folder) if "\0" not in folder else unknown
            case ["dirname", path] | ["dirname", "--", path]:
                return path.rstrip("/").rpartition("/")[0] or ("/" if path.startswith("/") else ".")
            case ["basename", path] | ["basename", "--", path]:
                return path.rstrip("/").rpartition("/")[2]
            case ["realpath", path] | ["readlink", "-f" | "-e", path] if "\0" not in path:
                return os.path.realpath(os.path.join(folder, path))  # noqa: PTH118, as realpath() takes it
            case ["echo", *texts] if not any(each.startswith("-") for each in texts):
                return " ".join(texts)
        return unknown

    def _plain(self, simple: Simple) -> list[str] | Unknown:
        texts = [self._text(word) for word in simple.words]
        return next((each for each in texts if isinstance(each, Unknown)), [str(each) for each in texts])

    def _where(self, line: int) -> str:
        return f"{self._files[-1]}:{line}"

    def _note(self, line: int, text: str) -> None:
        self.notes.append(f"{self._where(line)}: {text}")


def _assigned(nodes: Sequence[Node]) -> Iterator[str]:
    for node in nodes:
        match node:
            case Simple(words=words):
                for word in words:
                    text = "".join(piece.text for piece in word.pieces if piece.kind == "text")
                    if match := _ASSIGNMENT.match(text):
                        yield match[1]
            case Chain(parts=parts):
                yield from _assigned([each for _, each in parts])
            case If(branches=branches, otherwise=otherwise):
                for _, body in branches:
                    yield from _assigned(body)
                yield from _assigned(otherwise)
            case For(body=body) | Group(body=body):
                yield from _assigned(body)
            case Not(body=negated):
                yield from _assigned([negated])
            case Unread(names=names):
                yield from names
