"""Ending as another program."""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from xbuild.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def become(program: str, argv: Sequence[str], environ: Mapping[str, str], *, hint: str | None = None) -> NoReturn:
    """Replace this process by ``program``, so that signals, the terminal and the exit status are its own.

    ``argv`` has the program's name for itself first. Raises :class:`UsageError`, with ``hint`` where it is a program of
    another machine, if it cannot be started.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and that would be inherited
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execve(program, list(argv), environ)  # noqa: S606, that there is no shell is the point
    except OSError as error:
        foreign = hint if error.errno == errno.ENOEXEC else None
        raise UsageError(f"cannot start {program}: {error.strerror}", hint=foreign) from error
