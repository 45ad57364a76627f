"""All files of one cross build, in one folder, referring to each other."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from xbuild.crossfiles import autotools, cargo, cmake, meson, pkgconfig, pythonconfig, sysconfigdata
from xbuild.crossfiles.environment import environment, interpreter_environment
from xbuild.crossfiles.layout import Layout
from xbuild.files import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xbuild.crossfiles.spec import CrossSpec


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossFiles(Layout):
    """The files of one cross build, and the variables that name them.

    ``environment`` is for a build Python that speaks for the target; ``interpreter_environment`` makes any build
    Python with the target's X.Y do so.
    """

    environment: Mapping[str, str]
    interpreter_environment: Mapping[str, str]


def write_all(spec: CrossSpec, directory: Path) -> CrossFiles:
    """Render ``spec`` into ``directory`` (absolute, made if missing), replacing only what is different there.

    An unchanged file keeps its time, so that a configured build tree that refers to it stays up to date.
    """
    layout = Layout.of(spec, directory)
    texts = {
        layout.sysconfigdata: sysconfigdata.render(spec),
        layout.python_config: pythonconfig.render(spec, layout),
        **{layout.pkgconfig / name: text for name, text in pkgconfig.render_all(spec).items()},
        layout.config_site: autotools.config_site(spec),
        layout.pyo3_config: cargo.render_pyo3_config(spec),
        layout.cargo_config: cargo.render(spec, layout),
        layout.cmake: cmake.render(spec, layout),
        layout.meson: meson.render(spec, layout),
    }
    for path, text in texts.items():
        if not path.is_file() or path.read_bytes() != text.encode("utf-8"):
            atomic_write(path, text)
    layout.python_config.chmod(0o755)
    return CrossFiles(
        **asdict(layout),
        environment=environment(spec, layout),
        interpreter_environment=interpreter_environment(spec, layout),
    )
