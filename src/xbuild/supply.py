"""Where an installation that may not use the network gets its packages from: asked before each one.

The build and the test install packages with uv. In this process uv asks the package index itself; for a worker
without a network, somebody outside has to have put the wheels where uv looks for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """What decides which wheels fit: a CPython's ``version`` (3.14.2), ABI flags and machine (``os.uname``'s name).

    ``platforms`` are the platform tags it takes, the best first.
    """

    version: str
    abi_flags: str
    machine: str
    platforms: tuple[str, ...]


class Supply(Protocol):
    """What is asked for the packages of an installation before it starts."""

    def provide(self, requirements: Sequence[str], interpreter: Interpreter) -> None:
        """Make wheels of ``requirements``, and of what they require, available for ``interpreter``.

        Raises an :class:`xbuild.errors.XBuildError` if it cannot.
        """


class IndexSupply:
    """Nothing to do: the installer asks the package index itself."""

    def provide(self, requirements: Sequence[str], interpreter: Interpreter) -> None:
        """Do nothing."""
