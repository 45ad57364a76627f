"""What is said between an engine and its worker, with a sandbox that says what the test wants."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from xbuild.engines import wire
from xbuild.engines.container.conversation import Conversation
from xbuild.engines.container.limits import parse_limits
from xbuild.engines.container.plan import Plan
from xbuild.engines.container.sandbox import Ending, TimeIsUp
from xbuild.errors import BuildError, EngineError, ProvisionError, TestError, XBuildError
from xbuild.progress import SilentProgress
from xbuild.supply import Interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

INTERPRETER = Interpreter(version="3.13.5", abi_flags="", machine="x86_64", platforms=("linux_x86_64",))
RESULT = {"result": {"wheels": ["demo.whl"], "report": {"builds": []}}}
LOG_NAME = "demo-riscv64-cp313-20260102-030405-0123ab.log"
LOG = f"/xbuild/run/cache/logs/{LOG_NAME}"


class FakeSandbox:
    """Says ``events``, then ends or, with ``late``, does not."""

    def __init__(self, events: Sequence[Any], *, ending: Ending, late: int | None) -> None:
        self._events = events
        self._ending = ending
        self._late = late
        self.given: dict[str, Any] = {}
        self.puts: list[list[str]] = []

    def start(self) -> None:
        """Nothing runs."""

    def lines(self, *, deadline: float) -> Iterator[bytes]:  # noqa: ARG002, a Sandbox's
        for event in self._events:
            yield event if isinstance(event, bytes) else json.dumps(event).encode()
        if self._late is not None:
            raise TimeIsUp(self._late)

    def wait(self) -> Ending:
        return self._ending

    def put(self, files: Mapping[str, Any]) -> None:
        self.given.update(files)
        self.puts.append(list(files))

    def get(self, folder: str, *, most: int) -> dict[str, bytes]:
        assert (folder, most) == ("cache/logs", 256 << 20)
        return {LOG_NAME: b"the log", "other": b"no log"}


class FakeWheelhouse:
    """Has one wheel, or fails."""

    def __init__(self, path: Path, *, fails: bool = False) -> None:
        self._wheel = path / "ninja-1-py3-none-any.whl"
        self._fails = fails

    def fetch(self, requirements: Sequence[str], interpreter: Interpreter) -> tuple[Path, ...]:
        assert (requirements, interpreter) == (["ninja"], INTERPRETER)
        if self._fails:
            raise ProvisionError("no network")
        return (self._wheel,)


class Heard(SilentProgress):
    """What the user would see."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        try:
            yield
        except BuildError:
            self.lines.append(f"failed {title}")
            raise
        self.lines.append(f"done {title}")

    def note(self, text: str) -> None:
        self.lines.append(text)

    def output(self, line: str) -> None:
        self.lines.append(f"> {line}")


class Talk:
    """A conversation about ``events``."""

    def __init__(self, folder: Path, *events: Any, **how: Any) -> None:
        ending = Ending(status=how.get("status", 0), out_of_memory=how.get("out_of_memory", False))
        self.sandbox = FakeSandbox(events, ending=ending, late=how.get("late"))
        self.heard = Heard()
        limits = parse_limits(how.get("limits", ("pids=100", "timeout=20s")))
        self.conversation = Conversation(
            source="demo",
            sandbox=self.sandbox,  # type: ignore[arg-type]
            plan=Plan(image="x", platform=None, mounts=(), limits=limits, memory=2 << 30),
            wheelhouse=FakeWheelhouse(folder, fails=how.get("fails", False)),  # type: ignore[arg-type]
            progress=self.heard,
            logs=folder / "logs",
        )

    def fails(self) -> XBuildError:
        with pytest.raises(XBuildError) as caught:
            self.conversation.hold()
        return caught.value


def error_of(error: XBuildError) -> dict[str, Any]:
    return {"error": wire.encode_error(error)}


def test_a_build_that_goes_well(tmp_path: Path) -> None:
    talk = Talk(
        tmp_path,
        {"began": [1, "Building"]},
        {"output": "cc\x1b[0m"},
        {"ended": [1, True]},
        {"note": f"see {LOG}"},
        RESULT,
    )

    assert talk.conversation.hold() == RESULT["result"]
    assert talk.heard.lines == ["> cc�[0m", "done Building", f"see {tmp_path}/logs/{LOG_NAME}"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "logs").iterdir()} == {LOG_NAME: b"the log"}


def test_needs_are_answered(tmp_path: Path) -> None:
    need = {"requirements": ["ninja"], "interpreter": wire.encode_interpreter(INTERPRETER)}
    talk = Talk(tmp_path, {"need": [1, need]}, RESULT)

    talk.conversation.hold()

    assert set(talk.sandbox.given) == {"wheelhouse/ninja-1-py3-none-any.whl", "replies/1.json"}
    assert json.loads(talk.sandbox.given["replies/1.json"]) == {"error": None}


def test_a_wheel_is_put_there_once(tmp_path: Path) -> None:
    need = {"requirements": ["ninja"], "interpreter": wire.encode_interpreter(INTERPRETER)}
    talk = Talk(tmp_path, {"need": [1, need]}, {"need": [2, need]}, RESULT)

    talk.conversation.hold()

    assert talk.sandbox.puts == [["wheelhouse/ninja-1-py3-none-any.whl"], ["replies/1.json"], ["replies/2.json"]]


@pytest.mark.parametrize(("times", "requirements"), [(21, ["ninja"]), (1, ["ninja"] * 1001)])
def test_a_build_that_asks_for_too_much(tmp_path: Path, times: int, requirements: list[str]) -> None:
    need = {"requirements": requirements, "interpreter": wire.encode_interpreter(INTERPRETER)}
    talk = Talk(tmp_path, *({"need": [number + 1, need]} for number in range(times)), RESULT)

    talk.conversation.hold()

    answer = json.loads(talk.sandbox.given[f"replies/{times}.json"])["error"]
    assert answer["kind"] == "BuildError"
    assert answer["message"] == "the build asks for too much: at most 20 times for 1000 requirements"


def test_logs_that_cannot_be_kept_hide_no_failure(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file, not a folder")

    assert Talk(tmp_path, error_of(BuildError("it failed"))).fails().message == "it failed"


def test_a_need_that_cannot_be_met_is_the_workers_to_tell(tmp_path: Path) -> None:
    need = {"requirements": ["ninja"], "interpreter": wire.encode_interpreter(INTERPRETER)}
    talk = Talk(tmp_path, {"need": [1, need]}, RESULT, fails=True)

    talk.conversation.hold()

    assert json.loads(talk.sandbox.given["replies/1.json"])["error"]["message"] == "no network"


def test_a_failure_names_the_log_that_was_kept(tmp_path: Path) -> None:
    error = TestError("it failed", hint=f"the log is {LOG}", details="why")
    talk = Talk(tmp_path, {"began": [1, "Testing"]}, error_of(error))

    raised = talk.fails()

    assert (type(raised), raised.message) == (TestError, "it failed")
    assert (raised.hint, raised.details) == (f"the log is {tmp_path}/logs/{LOG_NAME}", "why")
    assert talk.heard.lines == ["failed Testing"]


@pytest.mark.parametrize(
    ("how", "details", "message", "hint"),
    [
        (
            {"out_of_memory": True},
            "killed",
            "it failed (the build reached its limit of 2 GiB of memory)",
            "'--container memory=SIZE' allows more; look",
        ),
        (
            {},
            "cc: error: module.o: No space left on device",
            "it failed (the disk of the container engine is full)",
            "free some space where the engine keeps its data; look",
        ),
        (
            {},
            "OSError: [Errno 101] Network is unreachable",
            "it failed (a build in a container has no network)",
            "'--container network=true' allows it one; look",
        ),
        ({"limits": ("network=true",)}, "Network is unreachable", "it failed", "look"),
        ({}, None, "it failed", "look"),
    ],
)
def test_what_the_container_has_to_do_with_it(
    tmp_path: Path, how: dict[str, Any], details: str | None, message: str, hint: str
) -> None:
    raised = Talk(tmp_path, error_of(BuildError("it failed", hint="look", details=details)), **how).fails()

    assert (raised.message, raised.hint) == (message, hint)


@pytest.mark.parametrize(
    ("processes", "message"),
    [
        (12, "demo: the build was stopped: not finished after 20 s"),
        (95, "demo: the build was stopped: not finished after 20 s, with 95 processes of at most 100"),
    ],
)
def test_a_build_that_never_ends(tmp_path: Path, processes: int, message: str) -> None:
    talk = Talk(tmp_path, {"began": [1, "Building"]}, late=processes)

    raised = talk.fails()

    assert (type(raised), raised.message) == (BuildError, message)
    assert talk.heard.lines == ["failed Building"]
    assert (tmp_path / "logs" / LOG_NAME).exists()


def test_an_end_without_a_word(tmp_path: Path) -> None:
    killed = Talk(tmp_path, status=137, out_of_memory=True).fails()
    lost = Talk(tmp_path, status=137).fails()

    assert killed.message == "demo: the build was stopped: it reached its limit of 2 GiB of memory"
    assert type(lost) is EngineError
    assert lost.message == "the container ended with status 137 and without a result"


@pytest.mark.parametrize(
    "line",
    [
        b"no json",
        b"[]",
        b'{"a": 1, "b": 2}',
        {"unknown": 1},
        {"began": 1},
        {"began": []},
        {"began": [[], "Building"]},
        b'{"began": [1e999, "Building"]}',
        {"ended": [7, True]},
        {"result": {}},
        {"result": {"wheels": 1, "report": 2}},
        {"result": {"wheels": [[]], "report": {}}},
        {"error": "text"},
        {"error": []},
        {"need": [1, {}]},
        {"need": [1, {"requirements": [1], "interpreter": wire.encode_interpreter(INTERPRETER)}]},
        b'{"need": [Infinity, {"requirements": [], "interpreter": {}}]}',
        b'{"note": ' + b"[" * 100_000,
        {"need": ["one", {"requirements": [], "interpreter": {}}]},
    ],
)
def test_what_a_worker_does_not_say(tmp_path: Path, line: object) -> None:
    raised = Talk(tmp_path, line).fails()

    assert type(raised) is EngineError
    assert raised.message == "the worker in the container said what it should not have said"


def test_a_worker_that_begins_without_end(tmp_path: Path) -> None:
    talk = Talk(tmp_path, *({"began": [number, "Building"]} for number in range(51)))

    assert type(talk.fails()) is EngineError
    assert talk.heard.lines == ["failed Building"] * 50


def test_a_step_that_began_twice(tmp_path: Path) -> None:
    talk = Talk(tmp_path, {"began": [1, "Building"]}, {"began": [1, "Testing"]})

    assert type(talk.fails()) is EngineError
    assert talk.heard.lines == ["failed Building"]
