"""A virtual environment of the target's interpreter, made by hand: it need not run to be made."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xbuild.errors import TestError
from xbuild.testing.process import Finished, run_program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from xbuild.crossfiles.spec import TargetPython
    from xbuild.emulator import Runner
    from xbuild.provision.cache import Cache

# Variables that make an interpreter look for another installation's files, or preload the build machine's libraries.
_LEAKING = frozenset({"LD_LIBRARY_PATH", "LD_PRELOAD", "__PYVENV_LAUNCHER__"})
_LEAKING_PREFIXES = ("PYTHON", "_PYTHON")


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetEnvironment:
    """An environment whose ``python`` is a program of the build machine that runs the target's interpreter.

    That program is ``sys.executable``, so a test that starts it, and a console script, run without ``binfmt_misc``.
    """

    path: Path
    python: Path
    runner: Runner

    @classmethod
    def create(
        cls, path: Path, *, python: TargetPython, runner: Runner, moved_to: Path | None = None
    ) -> TargetEnvironment:
        """Make the environment at ``path``, which must not exist, or be empty.

        If it will be moved before it is used, ``moved_to`` is where. Raises :class:`TestError` if the target Python has
        no interpreter.
        """
        path, final = path.absolute(), (moved_to or path).absolute()
        interpreter = python.executable
        if interpreter is None or not interpreter.exists():
            raise TestError(
                f"the target's Python in {python.prefix} has no interpreter to run: it is described by "
                f"{python.details_file} alone",
                hint="name build details that lie in a whole installation, or leave them out to have one fetched",
            )
        programs = path / "bin"
        programs.mkdir(parents=True)
        _site_packages(path, python).mkdir(parents=True)
        _write_python(programs / "python", final / "bin" / "python", interpreter=interpreter, runner=runner)
        for name in ("python3", f"python{python.version}"):
            (programs / name).symlink_to("python")
        # Read by the interpreter's start-up, which finds it from argv[0]: `home` leads it to its library.
        lines = (f"home = {interpreter.parent}", "include-system-site-packages = false", f"version = {python.version}")
        (path / "pyvenv.cfg").write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return cls(path=final, python=final / "bin" / "python", runner=runner)

    def command(self, argv: Sequence[str], *, search_path: str) -> list[str]:
        """Return what to execute on this machine to run ``argv``, looked for here, then on ``search_path``.

        A program of the target gets the emulator before it. Raises :class:`TestError` if there is no such program.
        """
        program = self.find(argv[0], search_path=search_path)
        if program is None:
            raise TestError(
                f"there is no program {argv[0]!r} in the target's environment or on PATH",
                hint="'python' is the target's interpreter, and the programs of installed wheels have their names",
            )
        wrapper = [str(self.runner.wrapper)] if self.runner.wrapper is not None else []
        return [*wrapper, program, *argv[1:]]

    def find(self, program: str, *, search_path: str) -> str | None:
        """Return the path of ``program``, or None: ``python`` is the target's interpreter."""
        return shutil.which(program, path=f"{self.path / 'bin'}:{search_path}")

    def environ(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return the environment variables for a program run here: ``base`` without what names other Pythons."""
        kept = {
            name: value
            for name, value in base.items()
            if name not in _LEAKING and not name.startswith(_LEAKING_PREFIXES)
        }
        return {
            **kept,
            "PATH": f"{self.path / 'bin'}:{base.get('PATH', '')}".rstrip(":"),
            "VIRTUAL_ENV": str(self.path),
        }

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        timeout: float | None = None,
        echo: Callable[[str], None] | None = None,
    ) -> Finished:
        """Run ``argv`` (see :meth:`command`) in ``cwd``; ``environ`` is the caller's, cleaned here."""
        command = self.command(argv, search_path=environ.get("PATH", ""))
        return run_program(command, cwd=cwd, environ=self.environ(environ), timeout=timeout, echo=echo)


def shared_environment(cache: Cache, *, python: TargetPython, runner: Runner) -> TargetEnvironment:
    """Return an environment in the cache with nothing installed, for programs that only need the interpreter."""
    described = json.dumps([str(python.executable), python.version, str(runner.run), str(runner.wrapper)])
    key = f"run-{hashlib.sha256(described.encode()).hexdigest()[:32]}"

    def build(temporary: Path, final: Path) -> None:
        TargetEnvironment.create(temporary, python=python, runner=runner, moved_to=final)

    path = cache.tree(key, build)
    return TargetEnvironment(path=path, python=path / "bin" / "python", runner=runner)


def _site_packages(path: Path, python: TargetPython) -> Path:
    thread = "t" if "t" in python.abi_flags else ""
    return path / "lib" / f"python{python.version}{thread}" / "site-packages"


def _write_python(path: Path, final: Path, *, interpreter: Path, runner: Runner) -> None:
    if runner.run is None:
        path.symlink_to(interpreter)
        return
    # The path as it is here and not "$0": PATH may have led to the script by a relative or a linked name.
    command = shlex.join([str(runner.run), runner.name_option, str(final), str(interpreter)])
    path.write_text(f'#!/bin/sh\n# Runs the interpreter of the target.\nexec {command} "$@"\n', "utf-8")
    path.chmod(0o755)
