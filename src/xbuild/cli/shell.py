"""``xbuild shell``: the user's shell in the environment of a cross build, in this process's place."""

from __future__ import annotations

import os
import pwd
import shutil
from typing import TYPE_CHECKING

import click

from xbuild.cli.become import become
from xbuild.cli.exec_ import environment_options, prepare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.selection import Selection


@click.command()
@environment_options
def shell(*, selection: Selection, packages: tuple[str, ...], bare: bool, fresh: bool) -> None:
    """Start a shell in the environment of a cross build.

    It is your own ($SHELL), with your start-up files, and 'exit' leaves it. What works in it is what 'xbuild exec'
    runs.
    """
    from xbuild.by_hand.shells import shell_command

    program = _users_shell(os.environ)
    environment = prepare(selection, packages=packages, bare=bare, fresh=fresh)
    arguments, variables = shell_command(program, environment.startup, os.environ)
    become(program, [program, *arguments], {**environment.environ, **variables})


def _users_shell(environ: Mapping[str, str]) -> str:
    """Return the path of $SHELL, else of the account's shell, else of ``sh``."""
    chosen = environ.get("SHELL")
    try:
        account = pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:  # a container's user without an account
        account = None
    found = (shutil.which(each) for each in (chosen, account) if each)
    return next(filter(None, found), "/bin/sh")
