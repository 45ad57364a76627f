"""``xbuild crossfile import``: what other tools' files say of a toolchain, as a toolchain file of ours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xbuild.cli.console import open_progress, print_result, write_output
from xbuild.cli.options import TargetType, output_options

if TYPE_CHECKING:
    from xbuild.targets import Target


@click.command("import")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE..."
)
@click.option(
    "--target",
    type=TargetType(),
    metavar="NAME",
    help="The machine it is for, where the file does not say it clearly.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write it; by default standard output.",
)
@output_options
def import_(*, files: tuple[Path, ...], target: Target | None, output: Path | None) -> None:
    """Make a toolchain file from another tool's.

    FILE is a Meson cross file (or several, as Meson puts them together), a CMake toolchain file, Buildroot's among
    them, or the environment-setup file of a Yocto or Buildroot SDK. It is read and never run. What has no place in a
    toolchain file is said on standard error. Use: --toolchain FILE.toml
    """
    from xbuild.importing import import_files  # the core, only where it is used

    with open_progress() as progress:
        imported = import_files(files, target=target, environ=os.environ)
        for note in imported.notes:
            progress.note(f"note: {note}")
    if output is None:
        print_result(imported.text.removesuffix("\n"))
    else:
        write_output(output, imported.text)
