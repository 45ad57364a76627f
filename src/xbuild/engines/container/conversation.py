"""What is said between this process and the worker in its container, from its start to its end."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xbuild.engines import wire, worker
from xbuild.engines.container.limits import format_memory
from xbuild.engines.container.plan import FOLDER
from xbuild.engines.container.sandbox import TimeIsUp
from xbuild.errors import BuildError, EngineError, XBuildError
from xbuild.files import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from xbuild.engines.container.plan import Plan
    from xbuild.engines.container.sandbox import Ending, Sandbox
    from xbuild.engines.container.wheelhouse import Wheelhouse
    from xbuild.progress import Progress

_LOGS = f"{FOLDER}/{worker.LOGS}/"
_NO_NETWORK = re.compile(
    "Network is unreachable|[Nn]ame resolution|Name or service not known|Could not resolve host|dns error"
)
_DISK_FULL = re.compile("No space left on device|Disk quota exceeded")


@dataclass(kw_only=True, slots=True)
class Conversation:
    """One build in ``sandbox``, which was made of ``plan``: ``logs`` is where its logs shall be kept.

    ``source`` is what the user asked to build, for messages.
    """

    source: str
    sandbox: Sandbox
    plan: Plan
    wheelhouse: Wheelhouse
    progress: Progress
    logs: Path
    _steps: dict[int, AbstractContextManager[None]] = field(default_factory=dict)
    _result: dict[str, Any] | None = None
    _error: XBuildError | None = None
    _out_of_memory: bool = False

    def hold(self) -> Mapping[str, Any]:
        """Start the worker and do as it says. Return its result, ``{"wheels": [name], "report": {…}}``.

        Raises the error of the step that failed, after its log was kept, and :class:`EngineError` if the engine fails.
        """
        try:
            self.sandbox.start()
            for line in self.sandbox.lines(deadline=time.monotonic() + self.plan.limits.timeout):
                self._obey(line)
            ending = self.sandbox.wait()
        except TimeIsUp as up:
            self._keep_logs()
            raise self._too_long(up.processes) from None
        finally:
            self._end_steps()
        self._keep_logs()
        if self._error is not None:
            raise self._explained(self._error, ending)
        if self._result is None:
            raise self._lost(ending)
        return self._result

    def _obey(self, line: bytes) -> None:
        try:
            ((kind, value),) = json.loads(line).items()
            self._do(kind, value)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise EngineError("the worker in the container said what it should not have said") from error

    def _do(self, kind: str, value: Any) -> None:
        match kind:
            case "began":
                step = self.progress.step(wire.printable(value[1]))
                step.__enter__()
                self._steps[value[0]] = step
            case "ended":
                _end(self._steps.pop(value[0]), ok=bool(value[1]))
            case "note":
                self.progress.note(self._here(wire.printable(value)))
            case "output":
                self.progress.output(wire.printable(value))
            case "need":
                self._provide(int(value[0]), value[1])
            case "result":
                self._result = {"wheels": list(value["wheels"]), "report": dict(value["report"])}
            case "error":
                self._error = wire.decode_error(value)
                self._out_of_memory = value.get("out_of_memory") is True
            case _:
                raise ValueError(kind)

    def _provide(self, number: int, need: Mapping[str, Any]) -> None:
        """Answer a need: put the wheels into the container, or say why there are none."""
        interpreter = wire.decode_interpreter(need["interpreter"])
        answer: dict[str, Any] = {"error": None}
        try:
            wheels = self.wheelhouse.fetch([str(each) for each in need["requirements"]], interpreter)
            self.sandbox.put({f"{worker.WHEELHOUSE}/{wheel.name}": wheel for wheel in wheels})
        except XBuildError as error:
            answer["error"] = wire.encode_error(error)
        self.sandbox.put({f"{worker.REPLIES}/{number}.json": json.dumps(answer).encode()})

    def _end_steps(self) -> None:
        """Whatever ended the conversation ended its steps too, the innermost first."""
        while self._steps:
            _end(self._steps.popitem()[1], ok=False)

    def _keep_logs(self) -> None:
        """Put the logs of the build where those of this machine's builds are."""
        with suppress(EngineError):  # the build's own failure is what matters
            for name, content in self.sandbox.get(worker.LOGS).items():
                if name.endswith(".log"):
                    atomic_write(self.logs / name, content)

    def _here(self, text: str) -> str:
        """Name the logs where they are kept."""
        return text.replace(_LOGS, f"{self.logs}/")

    def _explained(self, error: XBuildError, ending: Ending) -> XBuildError:
        """Say with a failure what the container has to do with it: the compiler that was killed could not say it."""
        message, advice = self._here(error.message), self._here(error.hint) if error.hint else None
        if isinstance(error, BuildError) and (ending.out_of_memory or self._out_of_memory):
            message += f" (the build reached its limit of {format_memory(self.plan.memory)} of memory)"
            advice = _first("'--container memory=SIZE' allows more", advice)
        elif isinstance(error, BuildError) and not self.plan.limits.network and _NO_NETWORK.search(error.details or ""):
            message += " (a build in a container has no network)"
            advice = _first("'--container network=true' allows it one", advice)
        elif isinstance(error, BuildError) and _DISK_FULL.search(f"{message} {error.details}"):
            message += " (the disk of the container engine is full)"
            advice = _first("free some space where the engine keeps its data", advice)
        return type(error)(message, hint=advice, details=error.details)

    def _too_long(self, processes: int | None) -> BuildError:
        limits = self.plan.limits
        crowded = processes is not None and processes >= limits.pids * 9 // 10
        return BuildError(
            f"{self.source}: the build was stopped: not finished after {limits.timeout:g} s"
            + (f", with {processes} processes of at most {limits.pids}" if crowded else ""),
            hint="'--container timeout=TIME' allows more",
        )

    def _lost(self, ending: Ending) -> XBuildError:
        """The worker ended without a last word."""
        if ending.out_of_memory:
            return BuildError(
                f"{self.source}: the build was stopped: it reached its limit of {format_memory(self.plan.memory)} "
                "of memory",
                hint="'--container memory=SIZE' allows more",
            )
        return EngineError(
            f"the container ended with status {ending.status} and without a result",
            hint="the build or somebody else has ended it; run the same command again",
        )


def _first(advice: str, further: str | None) -> str:
    return f"{advice}; {further}" if further else advice


def _end(step: AbstractContextManager[None], *, ok: bool) -> None:
    """Leave a step: as one that failed, if it did."""
    failure = None if ok else BuildError("failed")
    with suppress(BuildError):
        step.__exit__(type(failure) if failure else None, failure, None)
