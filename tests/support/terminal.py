"""A program with a terminal of its own, as a person has it: type, and look at what comes.

with Terminal(["bash", "-i"], environ=environ) as terminal:
    terminal.expect("$ ")
    terminal.type("exit 3")
    assert terminal.wait() == 3
"""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

INTERRUPT = "\x03"


class Terminal:
    """A program in a session of its own, whose controlling terminal is this one. Leaving the context ends it."""

    def __init__(self, command: Sequence[str], *, environ: Mapping[str, str], cwd: Path) -> None:
        self.seen = ""
        """What was shown since what was last expected."""
        self.all = ""
        self._main, other = pty.openpty()
        self.process = subprocess.Popen(
            # setsid(1) makes the terminal the controlling one, which a shell's job control needs.
            ["setsid", "--ctty", *command],
            stdin=other,
            stdout=other,
            stderr=other,
            env={"TERM": "dumb", **environ},
            cwd=cwd,
        )
        os.close(other)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self._main)

    def type(self, text: str, *, enter: bool = True) -> None:
        """Type ``text``, and the enter key."""
        os.write(self._main, text.encode() + (b"\n" if enter else b""))

    def expect(self, text: str, *, seconds: float = 60) -> str:
        """Wait until ``text`` is shown, and return what was shown before it since the last time."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < deadline, f"no {text!r} in:\n{self.seen}"
            assert self._read(), f"it ended without {text!r}:\n{self.seen}"
        before, _, self.seen = self.seen.partition(text)
        return before

    def wait(self, *, seconds: float = 60) -> int:
        """Wait for the program's end and return its exit status."""
        deadline = time.monotonic() + seconds
        while self._read():
            assert time.monotonic() < deadline, f"it does not end:\n{self.seen}"
        return self.process.wait(seconds)

    def _read(self) -> bool:
        """Read what there is; say whether there may be more."""
        ready, _, _ = select.select([self._main], [], [], 0.1)
        if not ready:
            return True
        try:
            data = os.read(self._main, 65536)
        except OSError:  # what Linux says where nobody has the other end any more
            return False
        text = data.decode(errors="replace")
        self.seen += text
        self.all += text
        return bool(data)
