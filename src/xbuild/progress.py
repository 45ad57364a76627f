"""How the core says what it is doing, without printing: the command line passes in an implementation."""

from __future__ import annotations

from contextlib import contextmanager
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
