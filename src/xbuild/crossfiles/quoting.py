"""How each format writes a string so that any path survives: spaces, quotes, ``$``, backslashes, unicode."""

from __future__ import annotations

import re
from typing import NoReturn

from xbuild.errors import ToolchainError

_CMAKE_PLAIN = re.compile(r"[^\\\"$@;\n]*")
_SHELL_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def meson(value: str) -> str:
    r"""Quote ``value`` for a Meson machine file.

    Meson doubles backslashes before it parses, so there are no escapes, and a backslash is itself only in ``'…'``. A
    quote can only stand in ``'''…'''``, where it cannot be last and a backslash would become two.
    """
    if "\n" in value:
        _refuse(value, "a Meson cross file")
    if "'" not in value:
        return f"'{value}'"
    if "'''" in value or value.endswith("'") or "\\" in value:
        _refuse(value, "a Meson cross file")
    return f"'''{value}'''"


def cmake(value: str) -> str:
    """Quote ``value`` as one CMake argument: ``"…"``, or a bracket argument, in which nothing is evaluated."""
    if _CMAKE_PLAIN.fullmatch(value):
        return f'"{value}"'
    level = "="
    while f"]{level}" in value:
        level += "="
    # CMake drops a newline that comes right after the opening bracket.
    first = "\n" if value.startswith("\n") else ""
    return f"[{level}[{first}{value}]{level}]"


def shell(value: str) -> str:
    """Quote ``value`` as one word of a POSIX shell."""
    if _SHELL_PLAIN.fullmatch(value):
        return value
    return "'" + value.replace("'", "'\\''") + "'"


def toml(value: str) -> str:
    """Quote ``value`` as a TOML basic string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\u{ord(match[0]):04x}", escaped) + '"'


def dotenv(value: str) -> str:
    """Quote ``value`` for a dotenv file, where readers agree that nothing is expanded in single quotes.

    A single quote inside needs double quotes, whose escapes readers agree on only for ``\\``, ``"`` and newline: with
    a ``$`` beside it there is no form that all of them read alike.
    """
    if _SHELL_PLAIN.fullmatch(value):
        return value
    if "'" not in value and "\n" not in value and "\\" not in value:
        return f"'{value}'"
    if "$" in value or "`" in value:
        _refuse(value, "a dotenv file")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def line(value: str, where: str) -> str:
    """Return ``value`` for a format of one value per line without quotes, which a line break would end."""
    if "\n" in value or "\r" in value:
        _refuse(value, where)
    return value


def _refuse(value: str, where: str) -> NoReturn:
    raise ToolchainError(
        f"{where} has no way to write {value!r}",
        hint="move it to a path without quotes, backslashes and line breaks",
    )
