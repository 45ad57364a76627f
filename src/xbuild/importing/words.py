"""What the readers of all formats do with text."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from xbuild.errors import ToolchainError
from xbuild.importing.facts import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

LONGEST = 1 << 20
"""Of a value in characters: a few lines that double a text could otherwise fill the memory."""


def split_flags(text: str, *, said: str, where: str) -> tuple[str, ...]:
    """Split ``text``, which ``said`` names in the message of the :class:`ToolchainError` if a quote is not closed."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ToolchainError(f"{where}: {said}: cannot be split into arguments ({error}): {text!r}") from error


def joined(parts: Sequence[str | Unknown], *, where: str) -> str | Unknown:
    """Return ``parts`` as one text, unknown if one of them is; :class:`ToolchainError` if it grows without end."""
    unknown = next((part for part in parts if isinstance(part, Unknown)), None)
    if unknown is not None:
        return unknown
    texts = [part for part in parts if isinstance(part, str)]
    check_length(sum(map(len, texts)), where=where)
    return "".join(texts)


def check_length(length: int, *, where: str) -> None:
    """Raise :class:`ToolchainError` for a value that is longer than any a toolchain has."""
    if length > LONGEST:
        raise ToolchainError(f"{where}: a value grows without end")


def left_out(entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Say, a line for each file, that there is no place for what stands where: pairs of ``FILE:LINE`` and a name."""
    files: dict[str, list[str]] = {}
    for where, name in entries:
        file, _, line = where.rpartition(":")
        files.setdefault(file, []).append(f"{name} (line {line})")
    return (f"{file}: a toolchain file has no place for {', '.join(names)}" for file, names in files.items())
