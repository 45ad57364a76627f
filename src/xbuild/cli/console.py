"""What a command shows while it works, on standard error, and its results, on standard output."""

from __future__ import annotations

import json
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self, TextIO

import click

from xbuild.cli import Session
from xbuild.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from xbuild.progress import Progress

SLOW = 10.0
"""Seconds after which a step that is still running gets a line of its own where there is no live display."""


@contextmanager
def open_progress() -> Iterator[Progress]:
    """Yield the progress display of the running command, as ``-v``, ``-q`` and the terminal ask for."""
    session = click.get_current_context().ensure_object(Session)
    if session.verbosity >= 0 and sys.stderr.isatty():
        with LiveProgress(verbose=session.verbosity > 0) as live:
            yield live
    else:
        yield LineProgress(sys.stderr, verbosity=session.verbosity)


def print_result(text: str) -> None:
    """Print one line of the command's result."""
    click.echo(text)


def print_json(value: object) -> None:
    """Print the command's result as JSON."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def write_output(path: Path, text: str) -> None:
    """Write the command's result where ``-o`` says: ``-`` is standard output.

    A file is replaced at once, with the permissions it had; a device or a pipe (``/dev/stdout``) is written to.
    """
    from xbuild.files import atomic_write

    if str(path) == "-":
        click.echo(text, nl=False)
        return
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, "utf-8")
            return
        real = path.resolve()
        mode = real.stat().st_mode if real.exists() else None
        atomic_write(real, text)
        if mode is not None:
            real.chmod(mode)
    except (FileNotFoundError, FileExistsError, NotADirectoryError) as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint="name another file") from error


class LineProgress:
    """Plain lines, for files, pipes and logs of CI."""

    def __init__(
        self,
        stream: TextIO,
        *,
        verbosity: int = 0,
        clock: Callable[[], float] = time.monotonic,
        slow: float = SLOW,
    ) -> None:
        self._stream = stream
        self._verbosity = verbosity
        self._clock = clock
        self._slow = slow
        self._lock = threading.Lock()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        started = self._clock()
        still_running = threading.Timer(self._slow, self.note, [f"… {title}"])
        still_running.daemon = True
        still_running.start()
        try:
            yield
        except BaseException:
            self.note(f"✗ {title} ({_elapsed(self._clock() - started)})")
            raise
        else:
            self.note(f"✓ {title} ({_elapsed(self._clock() - started)})")
        finally:
            still_running.cancel()

    @contextmanager
    def transfer(self, title: str, *, total: int) -> Iterator[Callable[[int], None]]:
        with self.step(f"{title}, {size(total)}"):
            yield lambda _count: None

    def note(self, text: str) -> None:
        if self._verbosity >= 0:
            self._write(text)

    def output(self, line: str) -> None:
        if self._verbosity > 0:
            self._write(line)

    def _write(self, line: str) -> None:
        with self._lock:
            print(line.rstrip("\n"), file=self._stream, flush=True)


class LiveProgress:
    """A line per finished step, and under them what is running now with its time or its bar."""

    def __init__(self, *, verbose: bool = False, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        self._verbose = verbose
        self._console = console or Console(stderr=True, highlight=False)
        self._bars: Bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[size]}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._bars.stop()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        with self._task(title, total=None):
            yield

    @contextmanager
    def transfer(self, title: str, *, total: int) -> Iterator[Callable[[int], None]]:
        with self._task(title, total=total, size=size(total)) as task:
            yield lambda count: self._bars.advance(task, count)

    @contextmanager
    def _task(self, title: str, *, total: int | None, size: str = "") -> Iterator[TaskID]:
        started = time.monotonic()
        task = self._bars.add_task(title, total=total, size=size)
        mark, style = "✗", "red"
        try:
            yield task
            mark, style = "✓", "green"
        finally:
            self._bars.remove_task(task)
            self._print_step(mark, style, f"{title}, {size}" if size else title, time.monotonic() - started)

    def _print_step(self, mark: str, style: str, title: str, seconds: float) -> None:
        from rich.text import Text

        self._console.print(Text.assemble((mark, style), f" {title} ", (_elapsed(seconds), "dim")))

    def note(self, text: str) -> None:
        self._console.print(text, markup=False)

    def output(self, line: str) -> None:
        if self._verbose:
            self._console.print(line.rstrip("\n"), markup=False, style="dim")


def _elapsed(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02} min" if minutes else f"{seconds:.1f} s"


def size(count: int) -> str:
    """Return a number of bytes as a person reads it."""
    return f"{count / 2**20:.1f} MiB" if count >= 2**20 else f"{count / 2**10:.0f} KiB"


def table(rows: list[tuple[str, ...]]) -> str:
    """Lay out ``rows`` in columns two spaces apart; the first row is the heading."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def shown(value: Any) -> str:
    """Return ``value`` as a person reads it in a table."""
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None or value == "" else str(value)
