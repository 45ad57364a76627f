"""``xbuild run``: a program of the target, in this process's place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from xbuild.cli.become import become
from xbuild.cli.console import open_progress
from xbuild.cli.options import output_options, selection_options, take_image
from xbuild.errors import UsageError

if TYPE_CHECKING:
    from xbuild.selection import Selection


@click.command(context_settings={"allow_interspersed_args": False})
@selection_options()
@output_options
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- PROGRAM [ARG]...")
def run(program: tuple[str, ...], *, selection: Selection) -> None:
    """Run a program of another machine under the emulator.

    PROGRAM is 'python', which is the target's interpreter, the path of a program of the target, or a program of this
    machine, which is started directly. The exit status is the program's.
    """
    from xbuild.emulator import make_runner  # the core, only where it is used
    from xbuild.provision.cache import Cache
    from xbuild.resolve import resolve_runtime
    from xbuild.testing.environment import shared_environment

    with open_progress() as progress:
        selection = take_image(selection, progress=progress)
        runtime = resolve_runtime(selection, progress=progress, environ=os.environ)
        cache = Cache.default(os.environ, progress=progress)
        runner = make_runner(runtime, directory=cache.root / "emulators", machine=os.uname().machine)
        environment = shared_environment(cache, python=runtime.python, runner=runner)
        search_path = os.environ.get("PATH", "")
        if environment.find(program[0], search_path=search_path) is None:
            raise UsageError(f"there is no program {program[0]!r}", hint="'python' is the target's interpreter")
        command = environment.command(program, search_path=search_path)
    become(command[0], command, environment.environ(os.environ))
