"""Running a compiler, behind a seam."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NOT_EXECUTABLE = 126
NOT_FOUND = 127


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a command ended with. ``output`` is stdout and stderr as they came."""

    status: int
    output: str


class Run(Protocol):
    """Runs a command to its end; a program that cannot be started is status 126 or 127, as a shell has it."""

    def __call__(self, argv: Sequence[str], *, cwd: Path | None = None) -> Result:
        """Return how ``argv`` ended."""


def run_command(argv: Sequence[str], *, cwd: Path | None = None) -> Result:
    """Run ``argv`` with messages in English, so that they can be recognised."""
    import subprocess  # slow to import, and most commands run no compiler

    environment = {**os.environ, "LC_ALL": "C", "LANGUAGE": ""}
    try:
        done = subprocess.run(
            argv,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        return Result(status=NOT_FOUND, output=f"{argv[0]}: {error.strerror}\n")
    except OSError as error:
        return Result(status=NOT_EXECUTABLE, output=f"{argv[0]}: {error.strerror}\n")
    return Result(status=done.returncode, output=done.stdout)
