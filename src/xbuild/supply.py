"""Where an installation that may not use the network gets its packages from: asked before each one.

The build and the test install packages with uv. In this process uv asks the package index itself; in a container
without a network, somebody outside has to have put the wheels where uv looks for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Supply(Protocol):
    """What is asked for the packages of an installation before it starts."""

    def for_build(self, requirements: Sequence[str]) -> None:
        """Make the build requirements available, for the build machine. Raises :class:`BuildError` if it cannot."""

    def for_test(self, wheels: Sequence[Path]) -> None:
        """Make what ``wheels`` require available, for the target. Raises :class:`TestError` if it cannot."""


class IndexSupply:
    """Nothing to do: the installer asks the package index itself."""

    def for_build(self, requirements: Sequence[str]) -> None:
        """Do nothing."""

    def for_test(self, wheels: Sequence[Path]) -> None:
        """Do nothing."""
