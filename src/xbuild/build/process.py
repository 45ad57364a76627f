"""Running the build's commands: a clean environment in, everything they print in one log file."""

from __future__ import annotations

import logging
import os
import shlex
import signal
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

UMASK = 0o022
"""Of every command, whatever the user's: some builds put the permissions of files into what they make."""

_log = logging.getLogger(__name__)

LEAKING = frozenset(
    """
    CC CXX CPP FC F77 F90 LD AR NM RANLIB STRIP OBJCOPY READELF LDSHARED LDCXXSHARED ARCHFLAGS
    CPATH C_INCLUDE_PATH CPLUS_INCLUDE_PATH LIBRARY_PATH COMPILER_PATH GCC_EXEC_PREFIX
    LD_LIBRARY_PATH LD_PRELOAD LD_RUN_PATH CONFIG_SITE CARGO_BUILD_TARGET
    CMAKE_PREFIX_PATH CMAKE_LIBRARY_PATH CMAKE_INCLUDE_PATH CMAKE_TOOLCHAIN_FILE CMAKE_GENERATOR
    VIRTUAL_ENV VIRTUAL_ENV_PROMPT CONDA_PREFIX __PYVENV_LAUNCHER__
    PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONEXECUTABLE PYTHONNOUSERSITE
    PYTHONOPTIMIZE PYTHONPLATLIBDIR PYTHONPYCACHEPREFIX
    """.split()  # noqa: SIM905, a list of so many strings is a line each
)
"""Variables that would lead a build, or its wheel, to the build machine's files, or change how its Pythons work."""

_LEAKING_PREFIXES = ("_PYTHON_", "PKG_CONFIG", "PYO3_", "UV_PYTHON", "UV_PROJECT")


def clean_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return ``environ`` without what would make a build find the build machine's compilers, libraries or modules.

    Flags the user set on purpose (CFLAGS, LDFLAGS, …), proxies, certificates and index settings are kept.
    """
    kept = {
        name: value for name, value in environ.items() if name not in LEAKING and not name.startswith(_LEAKING_PREFIXES)
    }
    kept["PYTHONNOUSERSITE"] = "1"
    return kept


class CommandRunner:
    """Runs commands, appending what they print to ``log``, and passing each line to ``echo``.

    A command and everything it starts is one process group, so that an interrupt ends all of it.
    """

    def __init__(self, *, log: Path, environ: Mapping[str, str], echo: Callable[[str], None]) -> None:
        self.log = log
        self._environ = environ
        self._echo = echo

    def __call__(
        self,
        cmd: Sequence[str],
        cwd: str | os.PathLike[str] | None = None,
        extra_environ: Mapping[str, str] | None = None,
    ) -> None:
        """Run ``cmd``, as :mod:`pyproject_hooks` calls its runner.

        Raises :class:`subprocess.CalledProcessError`, with what this command printed as its ``output``.
        """
        environ = {**self._environ, **(extra_environ or {})}
        _log.debug("running %s in %s", shlex.join(cmd), cwd)
        lines: list[str] = []
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {shlex.join(cmd)}\n")
            with subprocess.Popen(
                cmd,
                cwd=cwd,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
                umask=UMASK,
            ) as process:
                try:
                    for line in process.stdout or ():
                        log.write(line)
                        lines.append(line)
                        self._echo(line.rstrip("\n"))
                    returncode = process.wait()
                except BaseException:
                    _end_group(process)
                    raise
        if returncode:
            raise subprocess.CalledProcessError(returncode, list(cmd), output="".join(lines))


def _end_group(process: subprocess.Popen[str]) -> None:
    """End the command and its children: first politely, so that they can remove their temporary files."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
            process.wait(timeout=3)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
