"""Where a request is carried out: in this process, or in a container. The request and the result are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.pipeline import Result, Step, WheelRequest
    from xbuild.progress import Progress


class Engine(Protocol):
    """Carries out requests."""

    def plan(self, request: WheelRequest, *, environ: Mapping[str, str]) -> tuple[Step, ...]:
        """Return what :meth:`run` would do, a step each, without doing it and without the network."""

    def run(self, request: WheelRequest, *, progress: Progress, environ: Mapping[str, str]) -> Result:
        """Build, verify, test and deliver a wheel for each selection of ``request``, in their order.

        The first failure is raised, an :class:`xbuild.errors.XBuildError` of the step that failed, whatever the engine;
        the wheels delivered before it stay. Raises :class:`xbuild.errors.EngineError` where the engine itself fails.
        """
