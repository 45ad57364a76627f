"""Cross files that can be moved: paths said from the file itself, and what such a file needs besides."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from xbuild.crossfiles import quoting

if TYPE_CHECKING:
    from collections.abc import Sequence

Value = TypeVar("Value")

_SOURCED = """\
# Where this file is: bash and zsh know it, other shells must be in its folder.
if test -n "${BASH_SOURCE-}"; then
  case $BASH_SOURCE in */*) xbuild_here=${BASH_SOURCE%/*} ;; *) xbuild_here=. ;; esac
elif test -n "${ZSH_VERSION-}"; then
  eval 'xbuild_here=${${(%):-%x}:A:h}'
else
  xbuild_here=.
fi
xbuild_here=$(CDPATH='' cd -- "$xbuild_here" && pwd)
"""


def moved(value: Value, moves: Mapping[Path, Path]) -> Value:
    """Return ``value`` with every path in it that is, or is below, a key of ``moves`` put below that key's value.

    ``value`` may be a path, a text with paths in it, or a dataclass, mapping or tuple of these.
    """
    order = sorted(moves, key=lambda path: len(path.parts), reverse=True)
    paths = "|".join(re.escape(str(path)) for path in order)
    # At the start, in an option (-L/usr/lib, --sysroot=/), or in a list.
    pattern = re.compile(f"(?P<before>^(?:-[A-Za-z]+)?|[=:,])(?P<path>{paths})(?=[/=:,]|$)")
    result: Value = _moved(value, pattern, {str(old): str(new) for old, new in moves.items()})
    return result


def _moved(value: Any, pattern: re.Pattern[str], moves: Mapping[str, str]) -> Any:
    match value:
        case Path():
            return Path(_moved(str(value), pattern, moves))
        case str():
            return pattern.sub(lambda found: found["before"] + moves[found["path"]], value)
        case tuple():
            return tuple(_moved(each, pattern, moves) for each in value)
        case Mapping():
            return {name: _moved(each, pattern, moves) for name, each in value.items()}
    if not is_dataclass(value) or isinstance(value, type):
        return value
    parts = {field.name: getattr(value, field.name) for field in fields(value) if field.init}
    return replace(value, **{name: _moved(each, pattern, moves) for name, each in parts.items()})


def as_seen_from(file: Path, value: Value, *, root: Path) -> Value:
    """Return ``value`` with its paths below ``root`` said from the folder of ``file``, which is there as well."""
    folders = [file.parent, *file.parent.parents]
    above = folders[: folders.index(root) + 1]
    return moved(value, {folder: Path(quoting.HERE, *[".."] * up) for up, folder in enumerate(above)})


def with_note(name: str, text: str, note: Sequence[str]) -> str:
    """Return the ``text`` of the format ``name`` with the lines ``note`` at its head."""
    if name != "presets":
        return "".join(f"# {line}\n" for line in note) + text
    document = json.loads(text)  # JSON has no comments
    head = {"version": document.pop("version"), "vendor": {"xbuild": {"note": list(note)}}}
    return json.dumps({**head, **document}, indent=2, ensure_ascii=False) + "\n"


def sourced(file: Path, variables: Mapping[str, str]) -> str:
    """Return a shell file, to be sourced, that sets ``variables``, whose paths are said from it."""
    name = quoting.shell(file.name)
    said = quoting.shell(f"{file.name}: go to its folder first, or use bash or zsh")
    check = f'test -f "$xbuild_here"/{name} || {{ echo {said} >&2; return 1; }}\n'
    lines = [f"export {variable}={quoting.shell(value)}\n" for variable, value in variables.items()]
    lines.append('export PYTHONPATH="$PYTHONPATH$xbuild_users"\n' if "PYTHONPATH" in variables else "")
    users = "xbuild_users=${PYTHONPATH:+:$PYTHONPATH}\n" if "PYTHONPATH" in variables else ""
    return "".join([_SOURCED, check, users, *lines, "unset xbuild_here xbuild_users\n"])


def script(program: str, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None) -> str:
    """Return a shell script that runs ``program`` with ``arguments`` before the caller's, their paths said from it."""
    lines = ["#!/bin/sh\nxbuild_here=${0%/*}\n"]
    lines += [f"export {name}={quoting.shell(value)}\n" for name, value in sorted((environment or {}).items())]
    words = " ".join(quoting.shell(word) for word in (program, *arguments))
    return "".join([*lines, f'exec {words} "$@"\n'])
