"""The pipeline's other end of the line, with a pipeline that does as the test says."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import xbuild
from xbuild import pipeline, resolve
from xbuild.engines import wire, worker
from xbuild.errors import BuildError, ProvisionError
from xbuild.pipeline import Result, WheelRequest
from xbuild.selection import Selection
from xbuild.supply import Interpreter
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xbuild.progress import Progress
    from xbuild.supply import Supply

    Run = Callable[[WheelRequest, Progress, Mapping[str, str], Supply], Result]

REQUEST = WheelRequest(source="/xbuild/source/demo", selections=(Selection(target=get_target("riscv64")),))
INTERPRETER = Interpreter(version="3.13.5", abi_flags="", machine="x86_64", platforms=("linux_x86_64",))


class Line:
    """What was sent, in order."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Any]] = []

    def __call__(self, kind: str, value: Any) -> None:
        self.sent.append((kind, json.loads(json.dumps(value))))

    @property
    def error(self) -> dict[str, Any]:
        ((kind, value),) = self.sent[-1:]
        assert kind == "error"
        assert isinstance(value, dict)
        return value


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Line]:
    """Let the worker carry out the request with ``run`` for a pipeline."""
    monkeypatch.setattr(resolve, "missing", lambda *_args, **_options: ())
    monkeypatch.setattr(worker, "_PIDS_EVENTS", (tmp_path / "pids.events",))
    monkeypatch.setattr(worker, "_MEMORY_EVENTS", (tmp_path / "none", tmp_path / "memory.oom_control"))

    def carry_out(run: Run, **document: Any) -> Line:
        def called(request: WheelRequest, *, progress: Progress, environ: Mapping[str, str], supply: Supply) -> Result:
            return run(request, progress, environ, supply)

        monkeypatch.setattr(pipeline, "run", called)
        content = {
            "xbuild": xbuild.__version__,
            "request": wire.encode_request(REQUEST),
            "environ": {"CFLAGS": "-O1"},
            "network": False,
            "verbose": True,
            **document,
        }
        (tmp_path / worker.REQUEST).write_text(json.dumps(content))
        line = Line()
        worker.main(tmp_path, line)
        return line

    return carry_out


def test_what_happens_is_told(work: Callable[..., Line], tmp_path: Path) -> None:
    def run(request: WheelRequest, progress: Progress, environ: Mapping[str, str], supply: Supply) -> Result:
        assert request == REQUEST
        assert environ["CFLAGS"] == "-O1"
        assert environ["XBUILD_CACHE_DIR"] == str(tmp_path / "cache")
        assert environ["UV_FIND_LINKS"] == str(tmp_path / "wheelhouse")
        assert isinstance(supply, worker.AskingSupply)
        with progress.step("Building"):
            progress.output("cc")
        with progress.transfer("Fetching", total=5) as advance:
            advance(5)
        progress.note("done")
        return Result(wheels=(Path("/out/demo.whl"),), report={"builds": []})

    assert work(run).sent == [
        ("began", [1, "Building"]),
        ("output", "cc"),
        ("ended", [1, True]),
        ("began", [2, "Fetching"]),
        ("ended", [2, True]),
        ("note", "done"),
        ("result", {"wheels": ["demo.whl"], "report": {"builds": []}}),
    ]


def test_what_programs_print_is_told_to_those_who_ask(work: Callable[..., Line]) -> None:
    def run(_request: WheelRequest, progress: Progress, environ: Mapping[str, str], supply: Supply) -> Result:
        assert environ.get("UV_FIND_LINKS") == os.environ.get("UV_FIND_LINKS")
        assert not isinstance(supply, worker.AskingSupply)
        progress.output("cc")
        return Result(wheels=(), report={})

    assert work(run, verbose=False, network=True).sent == [("result", {"wheels": [], "report": {}})]


def test_no_line_is_without_end(work: Callable[..., Line]) -> None:
    def run(_request: WheelRequest, progress: Progress, _environ: Mapping[str, str], _supply: Supply) -> Result:
        progress.output("x" * 1_000_000)
        raise BuildError("it failed", details="x" * 1_000_000)

    (_, line), (_, error) = work(run).sent

    assert (len(line), len(error["details"])) == (100_000, 100_000)


def test_a_failure_ends_its_step_and_is_told(work: Callable[..., Line]) -> None:
    def run(_request: WheelRequest, progress: Progress, _environ: Mapping[str, str], _supply: Supply) -> Result:
        with progress.step("Building"):
            raise BuildError("it failed", hint="look")

    line = work(run)

    assert line.sent[:2] == [("began", [1, "Building"]), ("ended", [1, False])]
    told = {"kind": "BuildError", "message": "it failed", "hint": "look", "details": None, "out_of_memory": False}
    assert line.error == told


@pytest.mark.parametrize(
    ("number", "kind", "message"),
    [
        (errno.EAGAIN, "BuildError", "no further process could be started in the container"),
        (errno.ENOSPC, "BuildError", "No space left on device"),
        (errno.EIO, "XBuildError", "this is a bug in xbuild, in its container"),
    ],
)
def test_what_the_container_ran_out_of(work: Callable[..., Line], number: int, kind: str, message: str) -> None:
    def run(*_arguments: object) -> Result:
        raise OSError(number, os.strerror(number))

    error = work(run).error

    assert (error["kind"], error["message"]) == (kind, message)


def test_a_bug_is_told_with_its_traceback(work: Callable[..., Line]) -> None:
    def run(*_arguments: object) -> Result:
        raise ZeroDivisionError

    error = work(run).error

    assert error["kind"] == "XBuildError"
    assert "ZeroDivisionError" in error["details"]


def test_the_limit_on_processes_is_told_with_a_failure(work: Callable[..., Line], tmp_path: Path) -> None:
    (tmp_path / "pids.events").write_text("max 17\n")

    def run(*_arguments: object) -> Result:
        raise BuildError("it failed")

    error = work(run).error

    assert error["message"] == "it failed (the build reached the limit on processes)"
    assert error["hint"] == "'--container pids=NUMBER' allows more"


def test_an_end_for_want_of_memory_is_told(work: Callable[..., Line], tmp_path: Path) -> None:
    (tmp_path / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n")

    def run(*_arguments: object) -> Result:
        raise BuildError("it failed")

    assert work(run).error["out_of_memory"] is True


@pytest.mark.parametrize("events", ["max 0\n", "nonsense"])
def test_no_limit_that_was_not_reached(work: Callable[..., Line], tmp_path: Path, events: str) -> None:
    (tmp_path / "pids.events").write_text(events)

    def run(*_arguments: object) -> Result:
        raise BuildError("it failed")

    assert work(run).error["message"] == "it failed"


def test_another_version_of_xbuild(work: Callable[..., Line]) -> None:
    error = work(lambda *_arguments: pytest.fail("it ran"), xbuild="0.0.1").error

    assert error["kind"] == "EngineError"
    assert error["message"] == f"the image has xbuild {xbuild.__version__}, and was asked by xbuild 0.0.1"


def test_an_image_that_lacks_something(work: Callable[..., Line], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "missing", lambda *_args, **_options: ("CPython 3.13", "GCC"))

    error = work(lambda *_arguments: pytest.fail("it ran")).error

    assert error["kind"] == "EngineError"
    assert error["message"] == "the image lacks what a build for riscv64 needs: CPython 3.13, GCC"


def answer_soon(folder: Path, content: Mapping[str, Any]) -> None:
    """Answer the first need, as an engine does: with a file that is there before what is in it."""

    def answer() -> None:
        text = json.dumps(content)
        time.sleep(0.1)
        (folder / "replies").mkdir()
        with (folder / "replies" / "1.json").open("w") as file:
            for part in (text[:5], text[5:]):
                time.sleep(0.1)
                file.write(part)
                file.flush()

    threading.Thread(target=answer).start()


def test_requirements_are_asked_for(tmp_path: Path) -> None:
    line = Line()
    supply = worker.AskingSupply(tmp_path, line)
    answer_soon(tmp_path, {"error": None})

    supply.provide([], INTERPRETER)
    supply.provide(["ninja"], INTERPRETER)

    wanted = {"requirements": ["ninja"], "interpreter": wire.encode_interpreter(INTERPRETER)}
    assert line.sent == [("need", [1, json.loads(json.dumps(wanted))])]


def test_what_cannot_be_had_is_raised(tmp_path: Path) -> None:
    answer_soon(tmp_path, {"error": wire.encode_error(ProvisionError("no network"))})

    with pytest.raises(ProvisionError, match="no network"):
        worker.AskingSupply(tmp_path, Line()).provide(["ninja"], INTERPRETER)
