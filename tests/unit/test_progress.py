from __future__ import annotations

import pytest

from xbuild.progress import SilentProgress, TimedProgress


class Recorder(SilentProgress):
    """Keeps the notes and output it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, text: str) -> None:
        self.told.append(f"note {text}")

    def output(self, line: str) -> None:
        self.told.append(f"output {line}")


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    progress = SilentProgress()
    with progress.step("Build"), progress.transfer("gcc", total=1) as advance:
        advance(1)
    progress.note("note")
    progress.output("line")
    assert capsys.readouterr() == ("", "")


def test_steps_are_timed_in_their_order() -> None:
    progress = TimedProgress(SilentProgress())
    for title in ("Fetch", "Build"):
        with progress.step(title):
            pass
    assert [step.title for step in progress.steps] == ["Fetch", "Build"]
    assert all(0 <= step.seconds < 10 for step in progress.steps)


def test_what_is_told_is_passed_on() -> None:
    recorder = Recorder()
    progress = TimedProgress(recorder)
    with progress.transfer("gcc", total=1) as advance:
        advance(1)
    progress.note("a")
    progress.output("b")
    assert recorder.told == ["note a", "output b"]


def test_a_step_that_fails_raises() -> None:
    with pytest.raises(ValueError, match="no"), TimedProgress(SilentProgress()).step("Build"):
        raise ValueError("no")
