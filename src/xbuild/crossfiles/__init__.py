"""Pure renderers: one :class:`~xbuild.crossfiles.spec.CrossSpec` in, the text of one configuration file out."""

from __future__ import annotations

from xbuild.crossfiles.bundle import CrossFiles, render, write_all

__all__ = ["CrossFiles", "render", "write_all"]
