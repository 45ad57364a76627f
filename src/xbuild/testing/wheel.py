"""Testing one wheel: install it for the target, then import what it brings or run a command."""

from __future__ import annotations

import os
import shlex
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from xbuild.emulator import make_runner
from xbuild.errors import TestError, UsageError
from xbuild.progress import SilentProgress
from xbuild.supply import IndexSupply
from xbuild.testing.environment import TargetEnvironment
from xbuild.testing.imports import judge_imports, read_journal
from xbuild.testing.modules import find_modules
from xbuild.testing.requirements import Requirements, install, required_by, target_interpreter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xbuild.crossfiles.spec import Runtime
    from xbuild.progress import Progress
    from xbuild.supply import Supply
    from xbuild.testing.imports import Outcome
    from xbuild.testing.modules import Modules
    from xbuild.testing.process import Finished

_IMPORTER = Path(__file__).with_name("importer.py")

DEFAULT_TIMEOUT = 1800.0
"""Seconds: a test that hangs under the emulator shall not hang a CI job for hours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TestResult:
    """A test that passed. ``skipped`` are extension modules that need a module nothing requires, with its name."""

    __test__ = False  # pytest: not a test class

    wheel: Path
    installed: tuple[str, ...]
    seconds: float
    command: str | None = None
    imported: tuple[str, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "wheel": str(self.wheel),
            "installed": list(self.installed),
            "seconds": round(self.seconds, 3),
            "command": self.command,
            "imported": list(self.imported),
            "skipped": dict(self.skipped),
        }


def run_test(  # noqa: PLR0913, all but the first two have the defaults nearly every caller wants
    wheel: Path,
    *,
    runtime: Runtime,
    find_links: Sequence[str] = (),
    command: str | None = None,
    offline: bool = False,
    timeout: float = DEFAULT_TIMEOUT,
    progress: Progress | None = None,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
    supply: Supply | None = None,
) -> TestResult:
    """Install ``wheel`` and what it requires for ``runtime``'s target, then run ``command`` or import its modules.

    ``find_links`` are folders or URLs with wheels for the target that the index does not have. ``command`` is split as
    a shell does it, but no shell runs it. ``timeout`` is in seconds and for the command or the imports. ``environ`` is
    this process's unless given. All happens in a temporary folder, in ``directory`` if it is given. ``supply`` is asked
    for what the wheel requires before it is installed.
    Raises :class:`TestError` if the wheel fails or cannot be installed, :class:`TargetError` if nothing of the target
    can run here, and :class:`UsageError` for a command or a folder that is none.
    """
    started = time.monotonic()
    progress = progress or SilentProgress()
    environ = os.environ if environ is None else environ
    argv = split_command(command) if command is not None else None
    modules = find_modules(wheel)
    with (
        progress.step(f"Testing {wheel.name} for {runtime.target.name}"),
        TemporaryDirectory(prefix="xbuild-test-", dir=directory) as name,
    ):
        folder = Path(name).resolve()
        runner = make_runner(runtime, directory=folder / "runner", machine=os.uname().machine)
        environment = TargetEnvironment.create(folder / "environment", python=runtime.python, runner=runner)
        (supply or IndexSupply()).provide(required_by(wheel), target_interpreter(runtime))
        requirements = Requirements(wheels=(wheel,), find_links=tuple(find_links), offline=offline)
        installed = install(environment, requirements, target=runtime.target, environ=environ)
        check = _Check(wheel=wheel, environment=environment, folder=folder, environ=environ, timeout=timeout)
        imported: tuple[str, ...] = ()
        skipped: Mapping[str, str] = {}
        if argv is not None:
            check.run_command(argv, progress=progress)
        else:
            imported, skipped = check.import_modules(modules, progress=progress)
    for module, missing in skipped.items():
        progress.note(f"{module} was not imported: it needs {missing!r}, which the wheel does not require")
    return TestResult(
        wheel=wheel,
        installed=installed,
        seconds=time.monotonic() - started,
        command=command,
        imported=imported,
        skipped=skipped,
    )


def split_command(command: str) -> list[str]:
    """Return the words of ``command``. Raises :class:`UsageError` if it has none or a quote is not closed."""
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"the test command {command!r} cannot be split into words: {error}") from error
    if not argv:
        raise UsageError("the test command is empty")
    return argv


@dataclass(frozen=True, kw_only=True, slots=True)
class _Check:
    """What is run in the environment once the wheel is installed there."""

    wheel: Path
    environment: TargetEnvironment
    folder: Path
    environ: Mapping[str, str]
    timeout: float

    def run_command(self, command: Sequence[str], *, progress: Progress) -> None:
        finished = self._run(command, progress=progress)
        self._raise_for(finished, shlex.join(command))

    def import_modules(self, modules: Modules, *, progress: Progress) -> tuple[tuple[str, ...], Mapping[str, str]]:
        names = tuple(dict.fromkeys((*modules.top, *modules.native)))
        if not names:
            progress.note(f"{self.wheel.name} brings no module to import: only its installation was tested")
            return (), {}
        journal = self.folder / "imports"
        journal.touch()
        finished = self._run(["python", "-I", str(_IMPORTER), str(journal), *names], progress=progress)
        outcomes = read_journal(journal.read_text("utf-8"))
        self._raise_for_imports(finished, outcomes)
        return judge_imports(outcomes, modules=modules, wheel=self.wheel.name)

    def _raise_for_imports(self, finished: Finished, outcomes: Mapping[str, Outcome]) -> None:
        """The interpreter itself died, or never ended: the import it had begun is the one to name."""
        begun = [name for name, outcome in outcomes.items() if outcome.state == "begun"]
        self._raise_for(finished, f"importing {begun[-1]}" if begun else "the interpreter, after the imports")

    def _run(self, command: Sequence[str], *, progress: Progress) -> Finished:
        scratch = self.folder / "scratch"  # an empty folder, so that the source tree's modules are not the ones tested
        scratch.mkdir()
        return self.environment.run(
            command, cwd=scratch, environ=self.environ, timeout=self.timeout, echo=progress.output
        )

    def _raise_for(self, finished: Finished, what: str) -> None:
        if finished.timed_out:
            raise TestError(
                f"{self.wheel.name} failed its test: {what}: not finished after {self.timeout:g} s",
                hint="'--timeout SECONDS' allows more",
                details=finished.output,
            )
        if finished.failure is not None:
            raise TestError(f"{self.wheel.name} failed its test: {what}: {finished.failure}", details=finished.output)
