"""``xbuild crossfile``: one description of a cross build, in the words of each build system."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from xbuild.cli.console import open_progress, print_result
from xbuild.cli.crossfile_import import import_
from xbuild.cli.options import output_options, selection_options, take_image
from xbuild.crossfiles.environment import Format

if TYPE_CHECKING:
    from collections.abc import Callable

    from xbuild.crossfiles import CrossFiles
    from xbuild.crossfiles.spec import CrossSpec
    from xbuild.resolve import Selection

    Callback = Callable[..., Any]


@click.group()
def crossfile() -> None:
    """Write a cross file for Meson, CMake and others.

    What it names is fetched if it is not in the cache. The file refers to others, which are kept in the cache too.
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
    return selection_options()(output(output_options(command)))


@crossfile.command()
@_options
def meson(*, selection: Selection, output: Path | None) -> None:
    """Write a Meson cross file.

    Use: meson setup BUILD --cross-file FILE
    """
    _deliver(_render("meson", selection), output)


@crossfile.command()
@_options
def cmake(*, selection: Selection, output: Path | None) -> None:
    """Write a CMake toolchain file.

    Use: cmake --toolchain FILE, or CMAKE_TOOLCHAIN_FILE
    """
    _deliver(_render("cmake", selection), output)


@crossfile.command()
@_options
def presets(*, selection: Selection, output: Path | None) -> None:
    """Write CMake presets that name a toolchain file.

    Use: as CMakeUserPresets.json, or included by it, with cmake --preset NAME
    """
    _deliver(_render("presets", selection), output)


@crossfile.command()
@_options
def conan(*, selection: Selection, output: Path | None) -> None:
    """Write a host profile for Conan 2.

    Use: conan build . --profile:host FILE --profile:build default
    """
    _deliver(_render("conan", selection), output)


@crossfile.command()
@_options
def cargo(*, selection: Selection, output: Path | None) -> None:
    """Write a Cargo configuration, with what PyO3 needs.

    Use: cargo --config FILE, or as .cargo/config.toml
    """
    _deliver(_render("cargo_config", selection), output)


@crossfile.command()
@_options
def sysconfig(*, selection: Selection, output: Path | None) -> None:
    """Write the target Python's sysconfig data, rewritten for the cross build.

    Use: as the module that _PYTHON_SYSCONFIGDATA_NAME names, or crossenv's --sysconfigdata-file
    """
    _deliver(_render("sysconfigdata", selection), output)


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
def env(*, selection: Selection, output: Path | None, style: Format) -> None:
    """Write the environment of a cross build.

    For setuptools, autotools, pkg-config, CMake, Cargo and PyO3. With it, a Python of the target's version builds for
    the target. Use: . ./FILE
    """
    from xbuild.crossfiles.environment import render

    _, files = _write(selection)
    variables = {**files.environment, **files.interpreter_environment}
    ours = variables["PYTHONPATH"]
    users = [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each not in {"", ours}]
    variables["PYTHONPATH"] = os.pathsep.join([ours, *users])
    _deliver(render(dict(sorted(variables.items())), style), output)


def _render(name: str, selection: Selection) -> str:
    from xbuild.crossfiles import render

    return render(name, *_write(selection))


def _write(selection: Selection) -> tuple[CrossSpec, CrossFiles]:
    from xbuild.crossfiles import write_all
    from xbuild.provision.cache import Cache
    from xbuild.resolve import resolve  # the core, only where it is used

    with open_progress() as progress:
        selection = take_image(selection, progress=progress)
        spec = resolve(selection, progress=progress, environ=os.environ).spec
    # The name stands for the content, so that files handed out earlier stay as they were.
    digest = hashlib.sha256(repr(spec).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    cache = Cache.default(os.environ)
    with cache.disk_errors():
        name = f"{spec.target.name}-cp{spec.python.version_nodot}-{digest}"
        return spec, write_all(spec, cache.root / "crossfiles" / name)


def _deliver(text: str, output: Path | None) -> None:
    if output is None:
        print_result(text.removesuffix("\n"))
        return
    from xbuild.files import atomic_write

    atomic_write(output, text)
