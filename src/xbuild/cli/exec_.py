"""``xbuild exec``: one command in the environment of a cross build, in this process's place."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xbuild.cli.become import become
from xbuild.cli.console import open_progress
from xbuild.cli.options import output_options, selection_options, take_image
from xbuild.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from xbuild.by_hand.environment import Environment
    from xbuild.selection import Selection

    Callback = Callable[..., Any]


def environment_options(command: Callback) -> Callback:
    """Add the options that choose what to build for, and what Python packages the environment has."""
    packages = click.option(
        "--with",
        "packages",
        multiple=True,
        metavar="REQUIREMENT",
        help="A Python package to install in the environment, for this machine. Repeat it for more.",
    )
    bare = click.option("--bare", is_flag=True, help="Install no Python packages but those of --with.")
    fresh = click.option("--fresh", is_flag=True, help="Make the environment anew, with the newest packages.")
    return selection_options()(packages(bare(fresh(output_options(command)))))


def prepare(selection: Selection, *, packages: tuple[str, ...], bare: bool, fresh: bool) -> Environment:
    """Return the environment that the options ask for, for the project in the current folder."""
    from xbuild.by_hand.environment import PACKAGES, open_environment, project_requirements

    usual = () if bare else (*PACKAGES, *project_requirements(Path.cwd()))
    requirements = tuple(dict.fromkeys((*usual, *packages)))
    with open_progress() as progress:
        return open_environment(
            take_image(selection, progress=progress),
            requirements=requirements,
            progress=progress,
            environ=os.environ,
            fresh=fresh,
        )


@click.command("exec", context_settings={"allow_interspersed_args": False})
@environment_options
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND [ARG]...")
def exec_(
    command: tuple[str, ...], *, selection: Selection, packages: tuple[str, ...], bare: bool, fresh: bool
) -> None:
    """Run a command in the environment of a cross build.

    A project's usual commands then build for the target: meson setup, cmake, ./configure, make, cargo build, and
    python -m build --no-isolation. 'python' speaks for the target and has build, setuptools, wheel and what the
    pyproject.toml in the current folder requires. The exit status is the command's.
    """
    environment = prepare(selection, packages=packages, bare=bare, fresh=fresh)
    program = shutil.which(command[0], path=environment.environ["PATH"])
    if program is None:
        raise UsageError(
            f"there is no program {command[0]!r}", hint="it is looked for in the environment, then on PATH"
        )
    target = selection.target.name
    hint = f"a program of {target} is started by 'xbuild run --target {target}', or \"$XBUILD_EMULATOR\" inside"
    become(program, command, environment.environ, hint=hint)
