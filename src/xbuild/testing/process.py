"""Running a test's programs: bounded in time, and ended with everything they started."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_KEPT_LINES = 500
"""What is kept of a program's output: its end, where the failure is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """How a program ended. ``output`` is the end of what it printed, standard output and error together."""

    status: int
    output: str
    timed_out: bool = False

    @property
    def failure(self) -> str | None:
        """``"exit status 3"``, ``"killed by SIGSEGV"``, or None if it succeeded."""
        if self.timed_out:
            return "out of time"
        if self.status >= 0:
            return f"exit status {self.status}" if self.status else None
        try:
            return f"killed by {signal.Signals(-self.status).name}"
        except ValueError:
            return f"killed by signal {-self.status}"


def run_program(
    argv: Sequence[str | Path],
    *,
    cwd: Path,
    environ: Mapping[str, str],
    timeout: float | None = None,
    echo: Callable[[str], None] | None = None,
) -> Finished:
    """Run ``argv`` until it ends or ``timeout`` seconds have passed; ``echo`` gets each line of its output.

    Raises :class:`OSError` if it cannot be started. No program is left behind, whatever ends the waiting.
    """
    process = subprocess.Popen(
        [os.fspath(argument) for argument in argv],
        cwd=cwd,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    timed_out = threading.Event()

    def end_in_time() -> None:
        timed_out.set()
        _kill_group(process.pid)

    timer = threading.Timer(timeout, end_in_time) if timeout is not None else None
    lines: deque[str] = deque(maxlen=_KEPT_LINES)
    try:
        if timer is not None:
            timer.daemon = True
            timer.start()
        for line in process.stdout or ():
            lines.append(line)
            if echo is not None:
                echo(line.rstrip("\n"))
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # not reaped, so that its id stays the group's
    finally:
        if timer is not None:
            timer.cancel()
        _kill_group(process.pid)
        status = process.wait()
        if process.stdout is not None:
            process.stdout.close()
    return Finished(status=status, output="".join(lines), timed_out=timed_out.is_set())


def _kill_group(group: int) -> None:
    """End what is left of the program's group: it has no children outside it that it did not mean to leave."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
