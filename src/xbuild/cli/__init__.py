"""The command line. Each command is a module of this package and is imported only when it is used.

Results go to standard output, everything said to a person goes to standard error.
"""

from __future__ import annotations

import builtins
import importlib
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "wheel": "Build wheels for other machines from a folder, an sdist or NAME==VERSION.",
        "crossfile": "Write a cross file for Meson, CMake and others.",
        "target": "List, show, fetch and remove targets.",
        "details": "Check, show, repair, make and compare build-details.json files.",
        "verify": "Check that wheels are what their names say.",
        "test": "Test a wheel for another machine under the emulator.",
        "run": "Run a program of another machine under the emulator.",
        "image": "Build, list and prune the images that builds in containers run in.",
        "exec": "Run a command in the environment of a cross build.",
        "shell": "Start a shell in the environment of a cross build.",
        "doctor": "Check this machine, and whether building for a target works.",
    }
)
"""The first sentence of each command's help, here so that ``xbuild --help`` need not import the commands."""


_ENDING = (signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Session:
    """What the options common to all commands set: click's context object."""

    json: bool = False
    verbosity: int = 0
    """1 with ``-v``, -1 with ``-q``."""


class _Commands(click.Group):
    """The group of :data:`COMMANDS`: command ``x`` is ``xbuild.cli.x.x``, or ``x_`` where Python has an ``x``."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002, the signature is click's
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002, as above
        if cmd_name not in COMMANDS:
            return None
        name = f"{cmd_name}_" if hasattr(builtins, cmd_name) else cmd_name
        command = getattr(importlib.import_module(f"xbuild.cli.{name}"), name)
        assert isinstance(command, click.Command)  # noqa: S101, what every module of COMMANDS defines
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            raise click.exceptions.NoSuchCommand(name, possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002, as above
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from xbuild import __version__  # not there if the other project called xbuild took the package's place

    click.echo(f"xbuild {__version__}")
    ctx.exit()


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="'xbuild COMMAND --help' describes a command.",
)
@click.option(
    "-V",
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
def xbuild() -> None:
    """Cross-compile Python wheels, and write cross files, for other machines."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status; failures are reported here and nowhere else."""
    session = Session()
    arguments = sys.argv[1:] if arguments is None else arguments
    previous = {number: signal.getsignal(number) for number in _ENDING}
    for number, handler in previous.items():
        if handler != signal.SIG_IGN:  # as nohup leaves SIGHUP
            signal.signal(number, _terminate)
    try:
        _refuse_namesake(Path(__file__).parents[2])
        return _run(list(arguments), session)
    except BaseException as error:  # the one place that catches everything
        from xbuild.cli.errors import report

        return report(error, session=session)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _run(arguments: list[str], session: Session) -> int:
    if "_XBUILD_COMPLETE" in os.environ:
        xbuild.main(arguments, "xbuild")
    try:
        with xbuild.make_context("xbuild", arguments, obj=session) as context:
            xbuild.invoke(context)
        status = 0
    except click.exceptions.Exit as done:
        status = done.exit_code
    sys.stdout.flush()  # a reader that went away shows here, not in the interpreter's shutdown
    return status


def _terminate(number: int, _frame: object) -> NoReturn:
    """Leave through every context manager, so that locks and temporary folders are cleaned up; once is enough."""
    for each in _ENDING:
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _refuse_namesake(site_packages: Path) -> None:
    """Fail if BeeWare's ``xbuild`` shares the folder: it has its own ``xbuild`` package and command."""
    if next(site_packages.glob("xbuild-*.dist-info"), None) is None:
        return
    from xbuild.errors import UsageError

    raise UsageError(
        "two projects named 'xbuild' are installed in this environment and have overwritten each other's files: "
        f"xbuild-wheels (this one) and xbuild (BeeWare's), in {site_packages}",
        hint="run 'python -m pip uninstall xbuild xbuild-wheels', then install each in an environment of its own",
    )
