"""Finding the line that matters in the output of compilers and build tools."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")

# What says that something failed without saying what: the reason stands above it.
_CONSEQUENCES = re.compile(
    r"""
    ninja:\ build\ stopped
    | collect2:\ error
    | (make|gmake)(\[\d+\])?:\ \*\*\*
    | error:\ command\ .*\ failed
    | error:\ (linking\ with|could\ not\ compile|aborting\ due\ to)
    | .*(CalledProcessError|CompileError|LinkError|BackendUnavailable|BuildBackendException)\b
    | (clang|zig)[^:]*:\ error:\ linker\ command\ failed
    | .*\berror:\ \d+\ errors?\b
    | .*compilation\ terminated
    """,
    re.VERBOSE,
)
_REASONS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:.*[:\s])?(?:fatal error|[Ii]nternal compiler error|error):\s+\S",
        r"error\[E\d+\]: \S",  # rustc
        r".*: ERROR: \S|ERROR: \S",  # Meson (with meson.build:3:1:), pip
        r".*\.(?:py|pyx|pxd|pxi):\d+:\d+: (?!warning)\S",  # Cython
        r".*\b(?:undefined reference to|multiple definition of|undefined symbol:) \S",
        r".*\bld(?:\.\w+)?: (?:cannot find|unrecognized option|unknown option) ?\S",
        r".*: file in wrong format",
        r"Error: \S.*|.*:\d+: Error: \S",  # gfortran's second line, the assembler
        r"(?:make|gmake)(?:\[\d+\])?: \*\*\* No rule to make target",
        r"ninja: error: \S",
    )
)
_CMAKE = re.compile(r"CMake Error(?: at (?P<where>[^:]+:\d+))?(?: \([^)]*\))?:(?P<rest>.*)")
_TRACEBACK = "Traceback (most recent call last):"
_EXCEPTION = re.compile(
    r"(?:[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Warning)|[A-Z]\w+): ?.*|[A-Za-z_.]*Error$"
)


def first_error(text: str) -> str | None:
    """Return the first line of ``text`` that says what went wrong, with what makes sense of it; None if there is none.

    Messages that only report another's failure (``ninja: build stopped``) count where there is nothing better.
    """
    lines = [line.rstrip() for line in _ESCAPES.sub("", text).splitlines()]
    fallback: str | None = None
    for index in range(len(lines)):
        found = _error_at(lines, index)
        if found is None:
            continue
        if not _CONSEQUENCES.match(found):
            return found
        fallback = fallback or found
    return fallback


def _error_at(lines: Sequence[str], index: int) -> str | None:
    line = lines[index].strip()
    if line == _TRACEBACK:
        return _exception(lines, index)
    cmake = _CMAKE.match(line)
    if cmake:
        return _cmake_message(cmake, lines[index + 1 :])
    if "warning:" in line.lower() or not any(reason.match(line) for reason in _REASONS):
        return None if not _CONSEQUENCES.match(line) else line
    following = lines[index + 1].strip() if index + 1 < len(lines) else ""
    is_rust = following.startswith("--> ")
    return f"{following[4:]}: {line}" if is_rust else line


def _cmake_message(match: re.Match[str], following: Sequence[str]) -> str:
    """CMake puts the message below, indented, after an empty line."""
    message = match["rest"].strip()
    body: list[str] = []
    for line in following:
        if line and not line.startswith(" "):
            break
        if not line and body:
            break
        if line:
            body.append(line.strip())
    where = f"{match['where']}: " if match["where"] else ""
    return f"CMake Error: {where}{' '.join(filter(None, [message, *body]))}"


def _exception(lines: Sequence[str], index: int) -> str | None:
    """Return the exception that ends the traceback at ``index``: the first line no further in than its head."""
    margin = len(lines[index]) - len(lines[index].lstrip())
    for line in lines[index + 1 :]:
        if line.strip() and len(line) - len(line.lstrip()) <= margin:
            text = line.strip()
            return text if _EXCEPTION.fullmatch(text) else None
    return None
