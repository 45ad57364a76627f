"""The pipeline in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xbuild import pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.pipeline import Result, Step, WheelRequest
    from xbuild.progress import Progress


class LocalEngine:
    """An :class:`xbuild.engines.Engine`."""

    def plan(self, request: WheelRequest, *, environ: Mapping[str, str]) -> tuple[Step, ...]:
        """Return the pipeline's own plan."""
        return pipeline.plan(request, environ=environ)

    def run(self, request: WheelRequest, *, progress: Progress, environ: Mapping[str, str]) -> Result:
        """Run the pipeline."""
        return pipeline.run(request, progress=progress, environ=environ)
