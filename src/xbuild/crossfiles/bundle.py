"""All files of one cross build, in one folder, referring to each other."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

from xbuild.crossfiles import autotools, cargo, cmake, conan, meson, pkgconfig, presets, pythonconfig, sysconfigdata
from xbuild.crossfiles.environment import environment, interpreter_environment
from xbuild.crossfiles.layout import Layout
from xbuild.errors import ToolchainError
from xbuild.files import atomic_write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from xbuild.crossfiles.spec import CrossSpec

    Renderer = Callable[[CrossSpec, Layout], str]

RENDERERS: Mapping[str, Renderer] = {
    "sysconfigdata": sysconfigdata.render,
    "python_config": pythonconfig.render,
    "config_site": autotools.render,
    "pyo3_config": cargo.render_pyo3_config,
    "cargo_config": cargo.render,
    "cmake": cmake.render,
    "presets": presets.render,
    "meson": meson.render,
    "conan": conan.render,
    "conan_meson": meson.render_for_conan,
}
"""What renders each file of :class:`Layout`; the folder ``pkgconfig`` has more than one."""


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
    A format that cannot hold one of the paths is left out: :func:`render` says so to who needs it.
    """
    layout = Layout.of(spec, directory)
    for path, render in renderings(spec, layout):
        try:
            write_changed(path, checked(render(spec, layout)))
        except ToolchainError:
            path.unlink(missing_ok=True)
    return CrossFiles(
        **asdict(layout),
        environment=environment(spec, layout),
        interpreter_environment=interpreter_environment(spec, layout),
    )


def render(name: str, spec: CrossSpec, layout: Layout) -> str:
    """Return the text of the file ``name`` of :class:`Layout`.

    Raises :class:`ToolchainError` if it cannot hold one of the paths.
    """
    return checked(RENDERERS[name](spec, layout))


def checked(text: str) -> str:
    """Return ``text`` if it can be written, else raise :class:`ToolchainError`."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        line = text[text.rfind("\n", 0, error.start) + 1 :].partition("\n")[0]
        raise ToolchainError(
            f"a path is not UTF-8, and files of build systems are: {line!r}",
            hint="move it to a path of plain characters",
        ) from error
    return text


def renderings(spec: CrossSpec, layout: Layout) -> Iterator[tuple[Path, Renderer]]:
    """Pair the place of each file of ``spec`` with what renders it."""
    for name, render in RENDERERS.items():
        yield getattr(layout, name), render
    for name in pkgconfig.file_names(spec):
        yield layout.pkgconfig / name, partial(pkgconfig.render, name)


def write_changed(path: Path, text: str) -> None:
    """Put ``text`` at ``path`` unless it is there. What starts with ``#!`` is made executable."""
    if not path.is_file() or path.read_bytes() != text.encode("utf-8"):
        atomic_write(path, text)
    if text.startswith("#!"):
        path.chmod(0o755)
