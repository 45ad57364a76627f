"""How a failure is told: one message, what to do next, and the exit status."""

from __future__ import annotations

import errno
import json
import os
import sys
import textwrap
import traceback
from typing import TYPE_CHECKING

import click

from xbuild.errors import ProvisionError, UsageError, XBuildError

if TYPE_CHECKING:
    from xbuild.cli import Session

INTERRUPTED = 130
BROKEN_PIPE = 141
BUG = 1


def report(error: BaseException, *, session: Session) -> int:  # noqa: PLR0911, one per kind of failure
    """Tell the user about ``error`` on standard error and return the exit status.

    With ``--json``, standard output gets one object, ``{"error": {…}}``, as well.
    """
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return error.exit_code
        case click.UsageError():
            hint = f"'{error.ctx.command_path} --help' describes the options" if error.ctx else None
            return _tell(XBuildError(_sentence(error.format_message()), hint=hint), error.exit_code, session)
        case XBuildError():
            return _tell(error, error.exit_code, session)
        case KeyboardInterrupt():
            _say("interrupted")
            return INTERRUPTED
        case SystemExit():
            return _exited(error)
        case BrokenPipeError():
            # What is still buffered has no reader; without this the interpreter complains about it at shutdown.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return BROKEN_PIPE
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            full = ProvisionError(_place(error), hint="free some space and run the same command again")
            return _tell(full, full.exit_code, session)
        case OSError(errno=errno.EACCES | errno.EPERM | errno.EROFS):
            forbidden = UsageError(_place(error), hint="choose another place, or allow writing there")
            return _tell(forbidden, forbidden.exit_code, session)
        case OSError(errno=errno.ENAMETOOLONG):
            long = UsageError(_place(error), hint="choose another place, with shorter names")
            return _tell(long, long.exit_code, session)
        case _:
            return _bug(error)


def _tell(error: XBuildError, status: int, session: Session) -> int:
    _say(f"{click.style('error:', fg='red', bold=True)} {error.message}")
    if error.details:
        _say("\n" + textwrap.indent(error.details.rstrip("\n"), "  ") + "\n")
    if error.hint:
        _say(f"{click.style('hint:', fg='cyan')} {error.hint}")
    if session.json:
        told = {"message": error.message, "hint": error.hint, "details": error.details, "exit_status": status}
        click.echo(json.dumps({"error": told}, indent=2))
    return status


def _place(error: OSError) -> str:
    said = (error.strerror or "failed").lower()
    return f"{said}: {error.filename}" if error.filename else said


def _exited(error: SystemExit) -> int:
    if isinstance(error.code, int):
        if error.code > 128:
            _say("terminated")
        return error.code
    return _bug(error)


def _bug(error: BaseException) -> int:
    _say("".join(traceback.format_exception(error)).rstrip())
    _say(f"{click.style('error:', fg='red', bold=True)} this is a bug in xbuild: please report it with the lines above")
    return BUG


def _sentence(text: str) -> str:
    """Click's messages as ours are: no capital, no full stop."""
    return text[:1].lower() + text[1:].removesuffix(".")


def _say(text: str) -> None:
    color = False if os.environ.get("NO_COLOR") else None
    click.echo(text, err=True, color=color)
