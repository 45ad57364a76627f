from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner
from rich.console import Console

from xbuild.cli import Session
from xbuild.cli.console import LineProgress, LiveProgress, open_progress, print_json, shown, table

if TYPE_CHECKING:
    from collections.abc import Callable


def clock(*times: float) -> Callable[[], float]:
    return iter(times).__next__


def lines(*, verbosity: int = 0, times: tuple[float, ...] = (0, 1.25)) -> tuple[io.StringIO, LineProgress]:
    stream = io.StringIO()
    return stream, LineProgress(stream, verbosity=verbosity, clock=clock(*times))


def test_a_step_is_one_line_with_its_time() -> None:
    stream, progress = lines()
    with progress.step("Fetch the sysroot"):
        assert stream.getvalue() == ""
    assert stream.getvalue() == "✓ Fetch the sysroot (1.2 s)\n"


def test_minutes() -> None:
    stream, progress = lines(times=(0, 247.4))
    with progress.step("Build"):
        pass
    assert stream.getvalue() == "✓ Build (4:07 min)\n"


def test_a_step_that_fails() -> None:
    stream, progress = lines()
    with pytest.raises(ValueError, match="no"), progress.step("Build"):
        raise ValueError("no")
    assert stream.getvalue() == "✗ Build (1.2 s)\n"


def test_a_step_that_takes_long_says_that_it_runs() -> None:
    written = threading.Event()

    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            written.set()
            return super().write(text)

    stream = Stream()
    progress = LineProgress(stream, clock=clock(0, 1), slow=0.01)
    with progress.step("Build"):
        assert written.wait(10)
    assert stream.getvalue() == "… Build\n✓ Build (1.0 s)\n"


def test_a_transfer_names_its_size() -> None:
    stream, progress = lines()
    with progress.transfer("gcc", total=3 * 2**20 // 2) as advance:
        advance(1000)
    assert stream.getvalue() == "✓ gcc, 1.5 MiB (1.2 s)\n"


def test_a_small_transfer() -> None:
    stream, progress = lines()
    with progress.transfer("keys", total=2048):
        pass
    assert stream.getvalue() == "✓ keys, 2 KiB (1.2 s)\n"


@pytest.mark.parametrize(("verbosity", "seen"), [(-1, ""), (0, "note\n"), (1, "note\ncc -c x.c\n")])
def test_how_much_is_said(verbosity: int, seen: str) -> None:
    stream, progress = lines(verbosity=verbosity)
    progress.note("note")
    progress.output("cc -c x.c\n")
    assert stream.getvalue() == seen


def test_quiet_steps() -> None:
    stream, progress = lines(verbosity=-1)
    with progress.step("Build"):
        pass
    assert stream.getvalue() == ""


def live(*, verbose: bool = False) -> tuple[io.StringIO, LiveProgress]:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, color_system=None, highlight=False)
    return stream, LiveProgress(verbose=verbose, console=console)


def test_the_live_display_leaves_a_line_per_step() -> None:
    stream, progress = live()
    with progress:
        with progress.step("Resolve [x]"):
            pass
        with progress.transfer("gcc", total=2**20) as advance:
            advance(2**19)
        with pytest.raises(ValueError, match="no"), progress.step("Build"):
            raise ValueError("no")
        progress.note("a [note]")
    text = stream.getvalue()
    for expected in ("✓ Resolve [x] 0.0 s", "✓ gcc, 1.0 MiB 0.0 s", "✗ Build 0.0 s", "a [note]"):
        assert expected in text


@pytest.mark.parametrize(("verbose", "seen"), [(False, False), (True, True)])
def test_the_live_display_streams_output_if_asked(verbose: bool, seen: bool) -> None:
    stream, progress = live(verbose=verbose)
    with progress:
        progress.output("cc -c [x].c\n")
    assert ("cc -c [x].c" in stream.getvalue()) == seen


@click.command()
def working() -> None:
    with open_progress() as progress, progress.step("Work"):
        pass


@pytest.mark.parametrize(("verbosity", "seen"), [(0, "✓ Work (0.0 s)\n"), (-1, "")])
def test_away_from_a_terminal_progress_is_lines_on_standard_error(verbosity: int, seen: str) -> None:
    result = CliRunner().invoke(working, obj=Session(verbosity=verbosity))
    assert (result.stdout, result.stderr) == ("", seen)


def test_on_a_terminal_progress_is_live(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    with click.Context(working, obj=Session()), open_progress() as progress:
        assert isinstance(progress, LiveProgress)


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "ø"})
    assert capsys.readouterr().out == '{\n  "name": "ø"\n}\n'


def test_table() -> None:
    assert table([("NAME", "X"), ("riscv64", "")]) == "NAME     X\nriscv64"


@pytest.mark.parametrize(("value", "text"), [(None, "-"), ("", "-"), ((), "-"), (("a", 1), "a, 1"), (64, "64")])
def test_shown(value: object, text: str) -> None:
    assert shown(value) == text
