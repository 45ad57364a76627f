from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from xbuild.testing.process import Finished, run_program

ENVIRON = {"PATH": os.environ["PATH"]}


def shell(script: str, tmp_path: Path, *, timeout: float | None = None) -> Finished:
    return run_program(["/bin/sh", "-c", script], cwd=tmp_path, environ=ENVIRON, timeout=timeout)


def alive(pid: int) -> bool:
    """Whether the process runs; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def ends(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not alive(pid)


def test_the_output_is_of_both_streams_and_is_echoed(tmp_path: Path) -> None:
    echoed: list[str] = []
    script = "echo out; echo err >&2; pwd; printf 'no end \\377'"
    finished = run_program(["/bin/sh", "-c", script], cwd=tmp_path, environ=ENVIRON, echo=echoed.append)
    assert finished == Finished(status=0, output=f"out\nerr\n{tmp_path}\nno end �")
    assert echoed == ["out", "err", str(tmp_path), "no end �"]
    assert finished.failure is None


def test_the_end_of_a_long_output_is_kept(tmp_path: Path) -> None:
    output = shell("i=0; while [ $i -lt 600 ]; do echo $i; i=$((i+1)); done", tmp_path).output
    assert output.splitlines() == [str(number) for number in range(100, 600)]


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        ("exit 3", "exit status 3"),
        ("kill -SEGV $$", "killed by SIGSEGV"),
        ("kill -40 $$", "killed by signal 40"),
    ],
)
def test_failures(script: str, failure: str, tmp_path: Path) -> None:
    assert shell(script, tmp_path).failure == failure


def test_out_of_time(tmp_path: Path) -> None:
    finished = shell("echo $$; sleep 60 & echo $!; wait", tmp_path, timeout=0.3)
    assert (finished.timed_out, finished.failure, finished.status) == (True, "out of time", -signal.SIGKILL)
    assert all(ends(int(line)) for line in finished.output.splitlines())


def test_in_time(tmp_path: Path) -> None:
    assert not shell("true", tmp_path, timeout=60).timed_out


def test_what_it_left_running_is_ended(tmp_path: Path) -> None:
    finished = shell("sleep 60 >/dev/null 2>&1 & echo $!", tmp_path)
    assert finished.status == 0
    assert ends(int(finished.output))


def test_an_interrupt_ends_it(tmp_path: Path) -> None:
    pids: list[int] = []

    def interrupt(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_program(["/bin/sh", "-c", "echo $$; sleep 60"], cwd=tmp_path, environ=ENVIRON, echo=interrupt)
    assert not alive(pids[0])


def test_no_such_program(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_program([tmp_path / "nonesuch"], cwd=tmp_path, environ={})
