"""How the core says what it is doing, without printing: the command line passes in an implementation."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


class Progress(Protocol):
    """What a long operation reports to."""

    def step(self, title: str) -> AbstractContextManager[None]:
        """One line of the plan: running while the context is open, then done, or failed if it was left by an error."""

    def transfer(self, title: str, *, total: int) -> AbstractContextManager[Callable[[int], None]]:
        """A transfer of ``total`` bytes; the callable takes the bytes that have arrived since it was last called."""

    def note(self, text: str) -> None:
        """Something the user should know that is not a failure."""

    def output(self, line: str) -> None:
        """One line that a program of the build printed: of interest only to those who asked for it."""


class SilentProgress:
    """Reports nothing: for library use and tests."""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:  # noqa: ARG002
        """Do nothing."""
        yield

    @contextmanager
    def transfer(self, title: str, *, total: int) -> Iterator[Callable[[int], None]]:  # noqa: ARG002
        """Do nothing."""
        yield lambda _count: None

    def note(self, text: str) -> None:
        """Do nothing."""

    def output(self, line: str) -> None:
        """Do nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedStep:
    """A step that is over, and how long it took."""

    title: str
    seconds: float


class TimedProgress:
    """Passes everything on to another :class:`Progress` and remembers the steps, for the build report."""

    def __init__(self, inner: Progress) -> None:
        self._inner = inner
        self._steps: list[TimedStep] = []
        self.transfer = inner.transfer
        self.note = inner.note
        self.output = inner.output

    @property
    def steps(self) -> tuple[TimedStep, ...]:
        """The steps that were completed, in the order they ended."""
        return tuple(self._steps)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Time the step."""
        before = time.monotonic()
        with self._inner.step(title):
            yield
        self._steps.append(TimedStep(title=title, seconds=time.monotonic() - before))
