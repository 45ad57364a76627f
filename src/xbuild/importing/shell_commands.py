"""The commands of a shell script as a tree, nothing run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xbuild.importing.shell_syntax import Operator, ShellSyntaxError, ShellWord, Token, tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Simple:
    """One program, builtin or assignment."""

    words: tuple[ShellWord, ...]
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Chain:
    """Commands joined by ``&&`` and ``||``: each with the operator before it, the first with none."""

    parts: tuple[tuple[str, Node], ...]
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class If:
    """Branches of a condition and what it guards; ``otherwise`` is what ``else`` has."""

    branches: tuple[tuple[tuple[Node, ...], tuple[Node, ...]], ...]
    otherwise: tuple[Node, ...]
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class For:
    """A loop over words."""

    name: str
    words: tuple[ShellWord, ...]
    body: tuple[Node, ...]
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Commands in braces."""

    body: tuple[Node, ...]
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Unread:
    """What is not followed (``kind`` says what it is), and the names of the variables it may set."""

    kind: str
    names: tuple[str, ...]
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Not:
    """A command after ``!``: its status is turned around."""

    body: Node
    line: int


Node = Simple | Chain | If | For | Group | Not | Unread

_CLOSING = {"case": "esac", "while": "done", "until": "done"}
_ARRAY = re.compile(r"[A-Za-z_]\w*\+?=")
_STOPS = frozenset({"then", "elif", "else", "fi", "do", "done", "esac", "}"})


def parse_shell(text: str, *, line: int = 1) -> tuple[Node, ...]:
    """Return the commands of ``text``; raises :class:`~xbuild.importing.shell_syntax.ShellSyntaxError`."""
    parser = _Parser(tokenize(text, line=line))
    nodes = parser.commands(frozenset())
    parser.expect_end()
    return nodes


class _Parser:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            shown = token.text if isinstance(token, Operator) else token.literal
            raise ShellSyntaxError(f"unexpected {shown!r}", token.line)

    def commands(self, stops: frozenset[str]) -> tuple[Node, ...]:
        """Read commands up to one of the keywords ``stops``, or what cannot be a command."""
        nodes: list[Node] = []
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if isinstance(token, Operator):
                if token.text not in {";", "\n", "&"}:
                    if token.text == "(":
                        nodes.append(self._chain())
                        continue
                    break
                self._at += 1
            elif token.literal in _STOPS:
                if token.literal not in stops:
                    raise ShellSyntaxError(f"unexpected {token.literal!r}", token.line)
                break
            else:
                nodes.append(self._chain())
        return tuple(nodes)

    def _chain(self) -> Node:
        line = self._tokens[self._at].line
        parts: list[tuple[str, Node]] = [("", self._pipeline())]
        while self._operator() in {"&&", "||"}:
            sign = self._operator() or ""
            self._at += 1
            self._skip_lines()
            parts.append((sign, self._pipeline()))
        return parts[0][1] if len(parts) == 1 else Chain(parts=tuple(parts), line=line)

    def _pipeline(self) -> Node:
        start = self._at
        if self._literal() == "!":
            self._at += 1
            return Not(body=self._pipeline(), line=self._tokens[start].line)
        node = self._command()
        piped = False
        while self._operator() == "|":
            piped = True
            self._at += 1
            self._skip_lines()
            self._command()
        # Each part of a pipe is a shell of its own: nothing it sets is left behind.
        return Unread(kind="a pipe", names=(), line=self._tokens[start].line) if piped else node

    def _command(self) -> Node:  # noqa: PLR0911, one per kind of command
        if self._at >= len(self._tokens):
            raise ShellSyntaxError("a command is missing", self._tokens[-1].line)
        token = self._tokens[self._at]
        if isinstance(token, Operator):
            if token.text == "(":
                self._skip_parentheses()
                return Unread(kind="a subshell", names=(), line=token.line)
            raise ShellSyntaxError(f"unexpected {token.text.strip() or 'end of line'!r}", token.line)
        match token.literal:
            case "if":
                return self._if()
            case "for":
                return self._for()
            case "{":
                self._at += 1
                body = self.commands(frozenset({"}"}))
                self._keyword("}")
                return Group(body=body, line=token.line)
            case "case" | "while" | "until" as word:
                return self._unread(word)
            case "function":
                self._at += 2
                return self._function(token.line)
        return self._simple()

    def _if(self) -> Node:
        line = self._tokens[self._at].line
        branches = []
        otherwise: tuple[Node, ...] = ()
        while self._literal() in {"if", "elif"}:
            self._at += 1
            condition = self.commands(frozenset({"then"}))
            self._keyword("then")
            branches.append((condition, self.commands(frozenset({"elif", "else", "fi"}))))
        if self._literal() == "else":
            self._at += 1
            otherwise = self.commands(frozenset({"fi"}))
        self._keyword("fi")
        return If(branches=tuple(branches), otherwise=otherwise, line=line)

    def _for(self) -> Node:
        line = self._tokens[self._at].line
        self._at += 1
        name = self._literal()
        if name is None or not re.fullmatch(r"\w+", name):
            raise ShellSyntaxError("expected a name after 'for'", line)
        self._at += 1
        words: list[ShellWord] = []
        self._skip_lines()
        if self._literal() == "in":
            self._at += 1
            while self._at < len(self._tokens) and isinstance(token := self._tokens[self._at], ShellWord):
                words.append(token)
                self._at += 1
        while self._operator() in {";", "\n"}:
            self._at += 1
        self._keyword("do")
        body = self.commands(frozenset({"done"}))
        self._keyword("done")
        return For(name=name, words=tuple(words), body=body, line=line)

    def _unread(self, word: str) -> Node:
        start, depth, end = self._at, 0, _CLOSING[word]
        openers = {opener for opener, closer in _CLOSING.items() if closer == end} | (
            {"for"} if end == "done" else set()
        )
        while self._at < len(self._tokens):
            depth += (self._literal() in openers) - (self._literal() == end)
            self._at += 1
            if depth == 0:
                return Unread(kind=word, names=self._assigned(start), line=self._tokens[start].line)
        raise ShellSyntaxError(f"{end!r} is missing", self._tokens[start].line)

    def _simple(self) -> Node:
        start, line = self._at, self._tokens[self._at].line
        words: list[ShellWord] = []
        array = False
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if isinstance(token, ShellWord):
                words.append(token)
                self._at += 1
            elif token.text == "(" and _ARRAY.fullmatch(words[-1].literal or ""):
                array = True
                self._skip_parentheses()
            else:
                break
        if array:
            return Unread(kind="an array", names=self._assigned(start), line=line)
        if len(words) == 1 and self._operator() == "(":
            return self._function(line)
        return Simple(words=tuple(words), line=line)

    def _function(self, line: int) -> Node:
        if self._operator() == "(":
            self._skip_parentheses()
        self._skip_lines()
        if self._literal() != "{":
            raise ShellSyntaxError("expected the body of a function in braces", line)
        self._command()
        return Unread(kind="a function", names=(), line=line)

    def _skip_parentheses(self) -> None:
        start, depth = self._at, 0
        while self._at < len(self._tokens):
            depth += (self._operator() == "(") - (self._operator() == ")")
            self._at += 1
            if depth == 0:
                return
        raise ShellSyntaxError("the closing ')' is missing", self._tokens[start].line)

    def _assigned(self, start: int) -> tuple[str, ...]:
        names = []
        for token in self._tokens[start : self._at]:
            text = "".join(piece.text for piece in token.pieces) if isinstance(token, ShellWord) else ""
            if match := re.match(r"(\w+)\+?=", text):
                names.append(match[1])
        return tuple(names)

    def _keyword(self, word: str) -> None:
        if self._literal() != word:
            line = self._tokens[min(self._at, len(self._tokens) - 1)].line
            raise ShellSyntaxError(f"{word!r} is missing", line)
        self._at += 1

    def _skip_lines(self) -> None:
        while self._operator() == "\n":
            self._at += 1

    def _literal(self) -> str | None:
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        return token.literal if isinstance(token, ShellWord) else None

    def _operator(self) -> str | None:
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        return token.text if isinstance(token, Operator) else None
