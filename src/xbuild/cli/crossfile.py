"""``xbuild crossfile``: one description of a cross build, in the words of each build system."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from xbuild.cli.console import open_progress, print_result, write_output
from xbuild.cli.crossfile_import import import_
from xbuild.cli.options import output_options, selection_options, take_image
from xbuild.crossfiles.environment import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from xbuild.crossfiles import CrossFiles
    from xbuild.crossfiles.spec import CrossSpec
    from xbuild.progress import Progress
    from xbuild.selection import Selection

    Callback = Callable[..., Any]


@click.group()
def crossfile() -> None:
    """Write a cross file for Meson, CMake and others.

    What it names is fetched if it is not in the cache. The file refers to others, which are kept in the cache too, or,
    with --portable, beside it.
    The Python that a build runs is that of the active virtual environment, if it has the target's version.
    """


crossfile.add_command(import_)


def _options(command: Callback) -> Callback:
    output = click.option(
        "-o",
        "--output",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="Where to write it; by default standard output.",
    )
    portable = click.option(
        "--portable",
        is_flag=True,
        help="Make FILE movable, together with a folder that is written beside it.",
    )
    return selection_options()(output(portable(output_options(command))))


@crossfile.command()
@_options
def meson(*, selection: Selection, output: Path | None, portable: bool) -> None:
    """Write a Meson cross file.

    Use: meson setup BUILD --cross-file FILE
    """
    _make("meson", selection, output, portable=portable)


@crossfile.command()
@_options
def cmake(*, selection: Selection, output: Path | None, portable: bool) -> None:
    """Write a CMake toolchain file.

    Use: cmake --toolchain FILE, or CMAKE_TOOLCHAIN_FILE
    """
    _make("cmake", selection, output, portable=portable)


@crossfile.command()
@_options
def presets(*, selection: Selection, output: Path | None, portable: bool) -> None:
    """Write CMake presets that name a toolchain file.

    Use: as CMakeUserPresets.json, or included by it, with cmake --preset NAME
    """
    _make("presets", selection, output, portable=portable)


@crossfile.command()
@_options
def conan(*, selection: Selection, output: Path | None, portable: bool) -> None:
    """Write a host profile for Conan 2.

    Use: conan build . --profile:host FILE --profile:build default
    """
    _make("conan", selection, output, portable=portable)


@crossfile.command()
@_options
def cargo(*, selection: Selection, output: Path | None, portable: bool) -> None:
    """Write a Cargo configuration, with what PyO3 needs.

    Use: cargo --config FILE, or as .cargo/config.toml
    """
    _make("cargo_config", selection, output, portable=portable)


@crossfile.command()
@_options
def sysconfig(*, selection: Selection, output: Path | None, portable: bool) -> None:
    """Write the target Python's sysconfig data, rewritten for the cross build.

    Use: as the module that _PYTHON_SYSCONFIGDATA_NAME names, or crossenv's --sysconfigdata-file
    """
    _make("sysconfigdata", selection, output, portable=portable)


@crossfile.command()
@_options
@click.option(
    "--format",
    "style",
    type=click.Choice(get_args(Format)),
    default="sh",
    show_default=True,
    help="For a POSIX shell, as JSON, for $GITHUB_ENV, or a dotenv file.",
)
def env(*, selection: Selection, output: Path | None, style: Format, portable: bool) -> None:
    """Write the environment of a cross build.

    For setuptools, autotools, pkg-config, CMake, Cargo and PyO3. With it, a Python of the target's version builds for
    the target. Use: . ./FILE
    """
    if portable:
        if style != "sh":
            raise click.UsageError(f"--format {style} has no way to say where the file is: --portable needs sh")
        _make("env", selection, output, portable=True)
        return
    from xbuild.crossfiles.environment import check_words, render

    with open_progress() as progress:
        files = _write(_resolve(selection, progress))
    variables = {**files.environment, **files.interpreter_environment}
    check_words(variables)
    ours = variables["PYTHONPATH"]
    users = [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each not in {"", ours}]
    variables["PYTHONPATH"] = os.pathsep.join([ours, *users])
    _deliver(render(dict(sorted(variables.items())), style), output)


def _make(name: str, selection: Selection, output: Path | None, *, portable: bool) -> None:
    """Write the format ``name``, one of :data:`xbuild.crossfiles.bundle.RENDERERS` (or ``env``, if portable)."""
    if portable and output is None:
        raise click.UsageError("--portable needs -o FILE: paths are said from where the file is")
    with open_progress() as progress:
        spec = _resolve(selection, progress)
        if portable and output is not None:
            text = _render_portable(name, spec, output.absolute(), progress)
        else:
            from xbuild.crossfiles import render

            text = render(name, spec, _write(spec))
    _deliver(text, output)


def _render_portable(name: str, spec: CrossSpec, output: Path, progress: Progress) -> str:
    from xbuild.portable import make_portable
    from xbuild.provision.cache import Cache

    files = make_portable(spec, root=output.parent, cache=Cache.default(os.environ).root)
    for line in files.note:
        progress.note(line)
    return files.render(name, files.root / output.name)


def _resolve(selection: Selection, progress: Progress) -> CrossSpec:
    from xbuild.resolve import resolve  # the core, only where it is used

    spec = resolve(take_image(selection, progress=progress), progress=progress, environ=os.environ).spec
    name = f"python{spec.python.version}{'t' if 't' in spec.python.abi_flags else ''}"
    active = Path(os.environ.get("VIRTUAL_ENV") or "/nonexistent", "bin", name)
    # It has what the project's build imports; the interpreter it was made from has not.
    return replace(spec, build_python=active) if active.is_file() else spec


def _write(spec: CrossSpec) -> CrossFiles:
    from xbuild.crossfiles import write_all
    from xbuild.provision.cache import Cache

    # The name stands for the content, so that files handed out earlier stay as they were.
    digest = hashlib.sha256(repr(spec).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    cache = Cache.default(os.environ)
    with cache.disk_errors():
        return write_all(spec, cache.root / "crossfiles" / f"{spec.target.name}-cp{spec.python.version_nodot}-{digest}")


def _deliver(text: str, output: Path | None) -> None:
    if output is None:
        print_result(text.removesuffix("\n"))
        return
    write_output(output, text)
