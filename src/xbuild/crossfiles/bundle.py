"""All files of one cross build, in one folder, referring to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xbuild.crossfiles import autotools, cargo, cmake, meson, pythonconfig, sysconfigdata
from xbuild.crossfiles.environment import environment, interpreter_environment
from xbuild.files import atomic_write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xbuild.crossfiles.spec import CrossSpec


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossFiles:
    """The files of one cross build, and the variables that name them.

    ``environment`` is for a build Python that speaks for the target; ``interpreter_environment`` makes any build
    Python with the target's X.Y do so. ``sysconfigdata`` is alone in its folder, which may go on PYTHONPATH, and so is
    ``python_config``, whose folder may go on PATH.
    """

    meson: Path
    cmake: Path
    sysconfigdata: Path
    config_site: Path
    pyo3_config: Path
    cargo_config: Path
    python_config: Path
    environment: Mapping[str, str]
    interpreter_environment: Mapping[str, str]


def write_all(spec: CrossSpec, directory: Path) -> CrossFiles:
    """Render ``spec`` into ``directory`` (absolute, made if missing), replacing only what is different there.

    An unchanged file keeps its time, so that a configured build tree that refers to it stays up to date.
    """
    variables = directory / "sysconfig" / f"{sysconfigdata.module_name(spec)}.py"
    toolchain, cross = directory / "toolchain.cmake", directory / "meson-cross.ini"
    site, pyo3, config = directory / "config.site", directory / "pyo3-config.txt", directory / "cargo-config.toml"
    _write(variables, sysconfigdata.render(spec))
    script = directory / "bin" / pythonconfig.program_name(spec)
    _write(script, pythonconfig.render(spec))
    script.chmod(0o755)
    _write(toolchain, cmake.render(spec, sysconfigdata=variables, python_config=script))
    _write(cross, meson.render(spec, cmake_toolchain=toolchain))
    _write(site, autotools.config_site(spec))
    _write(pyo3, cargo.render_pyo3_config(spec))
    _write(config, cargo.render(spec, pyo3_config=pyo3))
    return CrossFiles(
        meson=cross,
        cmake=toolchain,
        sysconfigdata=variables,
        config_site=site,
        pyo3_config=pyo3,
        cargo_config=config,
        python_config=script,
        environment=environment(spec, cmake_toolchain=toolchain, config_site=site, pyo3_config=pyo3),
        interpreter_environment=interpreter_environment(spec, variables),
    )


def _write(path: Path, text: str) -> None:
    if not path.is_file() or path.read_bytes() != text.encode("utf-8"):
        atomic_write(path, text)
