"""What is said between this process and the worker in its container, from its start to its end."""

from __future__ import annotations

import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xbuild.engines import wire, worker
from xbuild.engines.container import outcome
from xbuild.engines.container.limits import format_memory
from xbuild.engines.container.plan import FOLDER
from xbuild.engines.container.sandbox import TimeIsUp
from xbuild.errors import BuildError, EngineError, XBuildError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from xbuild.engines.container.plan import Plan
    from xbuild.engines.container.sandbox import Ending, Sandbox
    from xbuild.engines.container.wheelhouse import Wheelhouse
    from xbuild.progress import Progress
    from xbuild.supply import Interpreter

_LOGS = f"{FOLDER}/{worker.LOGS}/"
_NO_NETWORK = re.compile(
    "Network is unreachable|[Nn]ame resolution|Name or service not known|Could not resolve host|dns error"
)
_DISK_FULL = re.compile("No space left on device|Disk quota exceeded")
# What no honest worker comes near.
_MOST_STEPS = 50  # at once
_MOST_NEEDS = 20
_MOST_REQUIREMENTS = 1000


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
    _needs: int = 0
    _given: set[str] = field(default_factory=set)
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
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise EngineError("the worker in the container said what it should not have said") from error

    def _do(self, kind: str, value: Any) -> None:
        match kind, value:
            case "began", [int() as number, title] if number not in self._steps and len(self._steps) < _MOST_STEPS:
                step = self.progress.step(wire.printable(title))
                step.__enter__()
                self._steps[number] = step
            case "ended", [int() as number, ok]:
                _end(self._steps.pop(number), ok=bool(ok))
            case "note", _:
                self.progress.note(self._here(wire.printable(value)))
            case "output", _:
                self.progress.output(wire.printable(value))
            case "need", [int() as number, {"requirements": [*requirements], "interpreter": interpreter}] if _are_texts(
                requirements
            ):
                self._provide(number, requirements, wire.decode_interpreter(interpreter))
            case "result", {"wheels": [*wheels], "report": {} as report} if _are_texts(wheels):
                self._result = {"wheels": wheels, "report": report}
            case "error", {}:
                self._error = wire.decode_error(value)
                self._out_of_memory = value.get("out_of_memory") is True
            case _:
                raise ValueError(kind)

    def _provide(self, number: int, requirements: Sequence[str], interpreter: Interpreter) -> None:
        """Answer a need: put the wheels into the container, or say why there are none."""
        self._needs += 1
        answer: dict[str, Any] = {"error": None}
        try:
            if self._needs > _MOST_NEEDS or len(requirements) > _MOST_REQUIREMENTS:
                raise BuildError(
                    f"the build asks for too much: at most {_MOST_NEEDS} times for {_MOST_REQUIREMENTS} requirements",
                    hint="'--container network=true' lets the build fetch it itself",
                )
            wheels = self.wheelhouse.fetch(requirements, interpreter)
            new = {f"{worker.WHEELHOUSE}/{wheel.name}": wheel for wheel in wheels if wheel.name not in self._given}
            if new:
                self.sandbox.put(new)
            self._given.update(wheel.name for wheel in wheels)
        except XBuildError as error:
            answer["error"] = wire.encode_error(error)
        self.sandbox.put({f"{worker.REPLIES}/{number}.json": json.dumps(answer).encode()})

    def _end_steps(self) -> None:
        """Whatever ended the conversation ended its steps too, the innermost first."""
        while self._steps:
            _end(self._steps.popitem()[1], ok=False)

    def _keep_logs(self) -> None:
        """Put the logs of the build where those of this machine's builds are."""
        with suppress(EngineError, OSError):  # the build's own failure is what matters
            outcome.keep_logs(self.sandbox.get(worker.LOGS, most=outcome.LARGEST_LOGS), self.logs)

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


def _are_texts(values: Sequence[object]) -> bool:
    return all(isinstance(each, str) for each in values)


def _first(advice: str, further: str | None) -> str:
    return f"{advice}; {further}" if further else advice


def _end(step: AbstractContextManager[None], *, ok: bool) -> None:
    """Leave a step: as one that failed, if it did."""
    failure = None if ok else BuildError("failed")
    with suppress(BuildError):
        step.__exit__(type(failure) if failure else None, failure, None)
