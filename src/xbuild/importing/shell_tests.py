"""What the shell's tests and patterns say of texts and files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.importing.facts import Unknown

if TYPE_CHECKING:
    from collections.abc import Sequence


def decide_test(words: Sequence[str | Unknown]) -> bool | None:  # noqa: PLR0911, one per operator
    """Return whether ``test`` succeeds with the arguments ``words``; None if that cannot be told."""
    if any(isinstance(word, Unknown) for word in words):
        return None
    match [str(word) for word in words]:
        case []:
            return False
        case ["!", *rest]:
            result = decide_test(rest)
            return None if result is None else not result
        case [text]:
            return text != ""
        case ["-n", text]:
            return text != ""
        case ["-z", text]:
            return text == ""
        case ["-d" | "-f" | "-e" | "-r" | "-x" | "-s" | "-L" | "-h" as sign, path]:
            return _exists(sign, path)
        case [left, "=" | "==", right]:
            return left == right
        case [left, "!=", right]:
            return left != right
    return None


def fits_pattern(text: str, pattern: Sequence[tuple[str, bool]]) -> bool | None:
    """Return whether ``text`` is as ``pattern`` says, which is in pieces, each with whether it is quoted.

    None for a pattern with more than ``*`` and ``?``.
    """
    parts = []
    for piece, quoted in pattern:
        if not quoted and re.search(r"[\\\[(]", piece):
            return None
        part = re.escape(piece)
        parts.append(part if quoted else part.replace(r"\*", ".*").replace(r"\?", "."))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _exists(sign: str, path: str) -> bool:
    try:
        match sign:
            case "-d":
                return Path(path).is_dir()
            case "-f" | "-s":
                return Path(path).is_file()
            case "-L" | "-h":
                return Path(path).is_symlink()
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def trimmed(text: str, sign: str, pattern: str, where: str) -> str | Unknown:
    """``${NAME%/*}`` and its like, for patterns of plain text and one ``*`` at its outer end."""
    end = sign.startswith("%")
    plain = pattern.removesuffix("*") if end else pattern.removeprefix("*")
    if re.search(r"[*?[\\]", plain):
        return Unknown(reason=f"the pattern {pattern!r} on {where} is not followed")
    if plain == pattern:
        return text.removesuffix(plain) if end else text.removeprefix(plain)
    longest = len(sign) == 2
    if end:
        at = text.find(plain) if longest else text.rfind(plain)
        return text[:at] if at >= 0 else text
    at = text.rfind(plain) if longest else text.find(plain)
    return text[at + len(plain) :] if at >= 0 else text
