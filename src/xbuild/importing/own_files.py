"""Looking at what files name: whether it is there, and whether xbuild itself wrote it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def is_own_folder(folder: Path) -> bool:
    """Say whether ``folder`` has the files of one cross build of ours (:class:`xbuild.crossfiles.layout.Layout`)."""
    return all(is_file(folder / name) for name in ("config.site", "pyo3-config.txt", "toolchain.cmake"))


def emulator_command(program: Path) -> tuple[str, ...] | None:
    """Return what the emulator script ``program`` of ours runs (:mod:`xbuild.emulator`); None for any other program."""
    script = program.with_name("run")
    if program.name not in {"run", "wrapper"} or not (program.parent / "root").is_dir():
        return None
    try:
        last = script.read_text("utf-8").splitlines()[-1]
        words = shlex.split(last)
    except (OSError, ValueError, IndexError):
        return None
    return tuple(words[1:-1]) if words[:1] == ["exec"] and words[-1:] == ["$@"] else None


def is_file(path: Path) -> bool:
    """Say whether there is a file ``path``, which may be anything that a text has for a path."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
