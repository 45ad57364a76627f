"""A POSIX shell script as text: words, and the commands they make, nothing expanded or run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "variable", "command"]

_OPERATORS = re.compile(r"&&|\|\||;;|[;&|()\n]")
_REDIRECTION = re.compile(r"\d*(?:<<-|<<<|<<|>>|>&|<&|>\||<>|&>|[<>])")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SPECIAL = re.compile(r"[0-9@*#?$!-]")
_ESCAPED = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|([0-7]{1,3})|(.))", re.DOTALL)
_CONTROLS = {"a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A part of a word: ``text`` as it is, what stands in ``${…}`` of a variable, or in ``$(…)`` of a command."""

    kind: Kind
    text: str
    quoted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ShellWord:
    """A word of a command and the line it is on."""

    pieces: tuple[Piece, ...]
    line: int

    @property
    def literal(self) -> str | None:
        """The word, if nothing in it is expanded or quoted: keywords are such words."""
        plain = all(piece.kind == "text" and not piece.quoted for piece in self.pieces)
        return "".join(piece.text for piece in self.pieces) if plain else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Operator:
    """``;``, a line break, ``&&`` and so on."""

    text: str
    line: int


Token = ShellWord | Operator


class ShellSyntaxError(Exception):
    """The text is not a shell's language; the message says what was expected."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def tokenize(text: str, *, line: int = 1) -> list[Token]:
    """Return the words and operators of ``text``, without comments, redirections and here-documents.

    Raises :class:`ShellSyntaxError` for a quote or bracket that is not closed.
    """
    return _Lexer(text, line).tokens()


class _Lexer:
    def __init__(self, text: str, line: int) -> None:
        self._text = text
        self._first_line = line
        self._at = 0
        self._documents: list[tuple[str, bool]] = []

    @property
    def _line(self) -> int:
        return self._first_line + self._text.count("\n", 0, self._at)

    def tokens(self) -> list[Token]:
        tokens: list[Token] = []
        text = self._text
        while self._at < len(text):
            sign = text[self._at]
            if sign in " \t\r":
                self._at += 1
            elif sign == "\\" and text[self._at + 1 : self._at + 2] == "\n":
                self._at += 2
            elif sign == "#":
                self._at = _end(text, "\n", self._at)
            elif match := _REDIRECTION.match(text, self._at):
                self._redirection(match)
            elif match := _OPERATORS.match(text, self._at):
                tokens.append(Operator(text=match[0], line=self._line))
                self._at = match.end()
                if match[0] == "\n":
                    self._skip_documents()
            else:
                tokens.append(self._word())
        return tokens

    def _redirection(self, match: re.Match[str]) -> None:
        self._at = match.end()
        while self._text[self._at : self._at + 1] in {" ", "\t"} and self._at < len(self._text):
            self._at += 1
        if self._at >= len(self._text) or self._text[self._at] in "\n;&|()":
            return
        target = self._word()
        if match[0].endswith(("<<", "<<-")):
            name = "".join(piece.text for piece in target.pieces)
            self._documents.append((name, match[0].endswith("-")))

    def _skip_documents(self) -> None:
        for name, tabs in self._documents:
            while self._at < len(self._text):
                end = _end(self._text, "\n", self._at)
                line = self._text[self._at : end]
                self._at = end + 1
                if (line.lstrip("\t") if tabs else line) == name:
                    break
        self._documents = []
        self._at = min(self._at, len(self._text))

    def _word(self) -> ShellWord:
        line = self._line
        pieces: list[Piece] = []
        text = self._text
        while self._at < len(text):
            sign = text[self._at]
            if sign in " \t\r\n;&|()<>":
                break
            if sign == "$" and text[self._at + 1 : self._at + 2] == "'":
                self._escaped(pieces)
            elif sign == "'":
                end = self._find("'", self._at + 1)
                pieces.append(Piece(kind="text", text=text[self._at + 1 : end], quoted=True))
                self._at = end + 1
            elif sign == '"' or text.startswith('$"', self._at):
                self._at += len(sign) if sign == '"' else 2
                self._double(pieces)
            elif sign in "$`":
                self._expansion(pieces, quoted=False)
            elif sign == "\\":
                follow = text[self._at + 1 : self._at + 2]
                if follow != "\n":
                    pieces.append(Piece(kind="text", text=follow, quoted=True))
                self._at += 2
            else:
                pieces.append(Piece(kind="text", text=sign, quoted=False))
                self._at += 1
        self._at = min(self._at, len(text))
        return ShellWord(pieces=tuple(pieces), line=line)

    def _escaped(self, pieces: list[Piece]) -> None:
        """``$'…'``: a quoted text with the escapes of C."""
        end = _ESCAPED.match(self._text, self._at)
        if end is None:
            raise ShellSyntaxError('the closing "\'" is missing', self._line)
        pieces.append(Piece(kind="text", text=_ESCAPE.sub(_unescaped, end[1]), quoted=True))
        self._at = end.end()

    def _double(self, pieces: list[Piece]) -> None:
        start, text = self._at, self._text
        pieces.append(Piece(kind="text", text="", quoted=True))
        while True:
            if self._at >= len(text):
                self._at = start
                raise ShellSyntaxError("the closing '\"' is missing", self._line)
            sign = text[self._at]
            if sign == '"':
                self._at += 1
                return
            if sign == "\\" and text[self._at + 1 : self._at + 2] in {"$", "`", '"', "\\", "\n"}:
                follow = text[self._at + 1]
                pieces.append(Piece(kind="text", text="" if follow == "\n" else follow, quoted=True))
                self._at += 2
            elif sign in "$`":
                self._expansion(pieces, quoted=True)
            else:
                pieces.append(Piece(kind="text", text=sign, quoted=True))
                self._at += 1

    def _expansion(self, pieces: list[Piece], *, quoted: bool) -> None:
        text, start = self._text, self._at
        if text[start] == "`":
            end = self._find("`", start + 1)
            pieces.append(Piece(kind="command", text=text[start + 1 : end], quoted=quoted))
            self._at = end + 1
        elif text.startswith("$(", start):
            end = self._closing(start + 2, "(", ")")
            pieces.append(Piece(kind="command", text=text[start + 2 : end], quoted=quoted))
            self._at = end + 1
        elif text.startswith("${", start):
            end = self._closing(start + 2, "{", "}")
            pieces.append(Piece(kind="variable", text=text[start + 2 : end], quoted=quoted))
            self._at = end + 1
        elif match := _NAME.match(text, start + 1) or _SPECIAL.match(text, start + 1):
            pieces.append(Piece(kind="variable", text=match[0], quoted=quoted))
            self._at = match.end()
        else:
            pieces.append(Piece(kind="text", text="$", quoted=quoted))
            self._at += 1

    def _closing(self, position: int, opening: str, closing: str) -> int:
        depth = 1
        for at in range(position, len(self._text)):
            depth += (self._text[at] == opening) - (self._text[at] == closing)
            if depth == 0:
                return at
        raise ShellSyntaxError(f"the closing {closing!r} is missing", self._line)

    def _find(self, sign: str, position: int) -> int:
        end = self._text.find(sign, position)
        if end < 0:
            raise ShellSyntaxError(f'the closing "{sign}" is missing', self._line)
        return end


def _unescaped(match: re.Match[str]) -> str:
    if match[4] is None:
        return chr(int(match[3], 8) & 0xFF if match[3] else int(match[1] or match[2], 16))
    return _CONTROLS.get(match[4], match[4] if match[4] in "\\'\"?" else match[0])


def _end(text: str, sign: str, position: int) -> int:
    found = text.find(sign, position)
    return len(text) if found < 0 else found
