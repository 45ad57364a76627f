"""The interpreter's sysconfig build-time variables, read from the files beside its standard library.

``_sysconfig_vars__*.json`` (CPython 3.14 and later) is plain JSON. ``_sysconfigdata_*.py`` is Python source that other
tools import; here it is *read*: it must be the assignment of one flat literal, and anything else is refused.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import TYPE_CHECKING

from xbuild.details.json_text import is_file, parse_json, read_text
from xbuild.details.wording import describe, printable, shorten
from xbuild.errors import DetailsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from xbuild.targets import Target

Variables = dict[str, str | int]

_PATTERNS = ("_sysconfig_vars_*.json", "_sysconfigdata_*.py")
_TOKEN = re.compile(
    r"""(?P<skip>(?:[ \t\f\r\n]|\#[^\n]*+|\\\r?\n)++)
      | (?P<string>'(?:[^'\\\n]|\\[\s\S])*+'|"(?:[^"\\\n]|\\[\s\S])*+")
      | (?P<number>-?[0-9]++(?![\w.]))
      | (?P<name>[A-Za-z_]\w*+)
      | (?P<mark>[{}():,=])""",
    re.VERBOSE,
)


def read_variables(stdlib: Path, *, target: Target | None = None) -> Mapping[str, str | int]:
    """Return the build-time variables of the interpreter whose standard library is ``stdlib``.

    Raises :class:`DetailsError` if there is no such file, if several differ and ``target`` does not choose, or if one
    is malformed or has code in it.
    """
    return parse_variables(find_variables(stdlib, target=target))


def has_variables(stdlib: Path) -> bool:
    """Return whether there is any file :func:`read_variables` could read."""
    return any(_candidates(stdlib, pattern) for pattern in _PATTERNS)


def find_variables(stdlib: Path, *, target: Target | None = None) -> Path:
    """Return the file :func:`read_variables` reads: the JSON one before the Python one. Raises as it does."""
    for pattern in _PATTERNS:
        candidates = _candidates(stdlib, pattern)
        if target is not None and len(candidates) > 1:
            candidates = [file for file in candidates if target.triplet in file.name] or candidates
        if len(candidates) > 1:
            names = ", ".join(file.name for file in candidates)
            raise DetailsError(
                f"{stdlib}: sysconfig variables of several interpreters: {names}", hint="choose one with a target"
            )
        if candidates:
            return candidates[0]
    raise DetailsError(
        f"{stdlib}: no sysconfig variables: expected {' or '.join(_PATTERNS)}",
        hint="Debian has them in libpython3.X-stdlib (3.14 and later) or libpython3.X-minimal",
    )


def _candidates(stdlib: Path, pattern: str) -> list[Path]:
    # Debian has each file under two names, one a link to the other.
    return sorted({file.resolve(): file for file in sorted(stdlib.glob(pattern)) if is_file(file)}.values())


def parse_variables(file: Path) -> Variables:
    """Read one file of either kind. Raises :class:`DetailsError` unless it is a flat table of strings and numbers."""
    text = read_text(file)
    if file.suffix == ".py":
        return parse_sysconfigdata(text, source=str(file))
    table = parse_json(text, source=str(file))
    if not isinstance(table, dict):
        raise DetailsError(f"{file}: expected an object, found {describe(table)}")
    wrong = {name: value for name, value in table.items() if not isinstance(value, str | int | None)}
    if wrong:
        name, value = next(iter(wrong.items()))
        raise DetailsError(f"{file}: {printable(name)}: expected a string or a whole number, found {describe(value)}")
    return {name: value for name, value in table.items() if value is not None}


def parse_sysconfigdata(text: str, *, source: str) -> Variables:
    """Read the text of a ``_sysconfigdata_*.py`` without executing any of it.

    The grammar is ``build_time_vars = {'NAME': 'text' 'more' | number, …}``. Reading tokens, not an AST, also keeps
    hostile input from exhausting the parser's stack.
    """
    tokens = _tokens(text, source=source)
    for expected in ("build_time_vars", "=", "{"):
        found, line = next(tokens)
        if found != expected:
            raise _refused(source, line, f"expected {expected!r}, found {found!r}")
    variables: Variables = {}
    word, line = next(tokens)
    while word != "}":
        if not isinstance(name := _literal(word), str):
            raise _refused(source, line, f"expected the name of a variable, found {word!r}")
        word, line = next(tokens)
        if word != ":":
            raise _refused(source, line, f"expected ':', found {word!r}")
        variables[name], (word, line) = _value(tokens, source=source)
        if word == ",":
            word, line = next(tokens)
        elif word != "}":
            raise _refused(source, line, f"expected ',' or '}}', found {word!r}")
    word, line = next(tokens)
    if word:
        raise _refused(source, line, f"code after the table: {word!r}")
    return variables


def _value(tokens: Iterator[tuple[str, int]], *, source: str) -> tuple[str | int, tuple[str, int]]:
    """Read a number, or strings that stand side by side, perhaps in brackets; also return the word after it."""
    word, line = next(tokens)
    bracketed = word == "("
    if bracketed:
        word, line = next(tokens)
    value = _literal(word)
    if value is None:
        raise _refused(source, line, f"expected a string or a number, found {word!r}")
    word, line = next(tokens)
    while isinstance(value, str) and isinstance(more := _literal(word), str):
        value += more
        word, line = next(tokens)
    if bracketed:
        if word != ")":
            raise _refused(source, line, f"expected ')', found {word!r}")
        word, line = next(tokens)
    return value, (word, line)


def _literal(word: str) -> str | int | None:
    if word[:1] in {"'", '"'}:
        if "\\" not in word:
            return word[1:-1]
        return _unescaped(word)
    if word[:1].isdigit() or word[:1] == "-":
        return int(word) if len(word) <= 40 else None
    return None


def _unescaped(literal: str) -> str | None:
    """Return the value of one string literal: a single token, so the parser has nothing to recurse into."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown escape such as '\\d' stands for itself
            text = ast.literal_eval(literal)
            text.encode("utf-8")
    except (SyntaxError, ValueError):
        return None
    return str(text)


def _tokens(text: str, *, source: str) -> Iterator[tuple[str, int]]:
    """Yield each word with its line, and at the end empty ones for ever."""
    position, line = 0, 1
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _refused(source, line, f"unexpected {shorten(text[position : position + 20])}")
        if match.lastgroup != "skip":
            yield match[0], line
        position = match.end()
        line += match[0].count("\n")
    while True:
        yield "", line


def _refused(source: str, line: int, problem: str) -> DetailsError:
    return DetailsError(
        f"{source}:{line}: not a plain table of build_time_vars: {problem}",
        hint="xbuild reads this file without executing it, so it may hold nothing but one literal",
    )
