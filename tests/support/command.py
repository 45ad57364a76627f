"""The real command, as a user runs it: a process with a cache, a folder for temporary files and an output folder.

finished = xbuild("wheel", project, "--target", "riscv64")
one_message(finished, 13)
assert xbuild.left_behind() == []
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

PROGRAM = Path(sys.executable).with_name("xbuild")
_MARK = "E2E_COMMAND"
_ERROR = re.compile(r"^error: (.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a run of the command left on its outputs, and how long it took."""

    args: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def errors(self) -> list[str]:
        """The messages: lines that begin with ``error:``, as details under a message never do."""
        return _ERROR.findall(self.stderr)

    @property
    def hint(self) -> str:
        """What the user is told to do, on however many lines."""
        return self.stderr.partition("\nhint: ")[2].strip()

    def __str__(self) -> str:
        return f"$ xbuild {' '.join(self.args)}\n{self.stdout}{self.stderr}(exit status {self.returncode})"


@dataclass(frozen=True, kw_only=True)
class Command:
    """``xbuild`` in a folder and an environment of its own."""

    folder: Path
    cache: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def outdir(self) -> Path:
        """Where ``xbuild wheel`` puts wheels if it is not told."""
        return self.folder / "dist"

    @property
    def temporary(self) -> Path:
        """What the command takes for /tmp."""
        return self.folder / "tmp"

    def with_(self, **environ: str) -> Command:
        """The same with more variables."""
        return replace(self, environ={**self.environ, **environ})

    def __call__(
        self,
        *args: str | Path,
        env: Mapping[str, str] | None = None,
        timeout: float = 300,
        inside: Sequence[str] = (),
    ) -> Finished:
        """Run the command to its end; ``inside`` is a command line that starts it (``unshare …``)."""
        with self.start(*args, env=env, inside=inside) as running:
            return running.finish(timeout)

    def start(self, *args: str | Path, env: Mapping[str, str] | None = None, inside: Sequence[str] = ()) -> Running:
        """Start the command, in a process group of its own as a shell does."""
        self.temporary.mkdir(parents=True, exist_ok=True)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("XBUILD_")}
        own = {"XBUILD_CACHE_DIR": str(self.cache), "TMPDIR": str(self.temporary), _MARK: self.mark}
        arguments = tuple(map(str, args))
        return Running(
            arguments=arguments,
            command=[*inside, str(PROGRAM), *arguments],
            folder=self.folder,
            environ={**inherited, **own, **self.environ, **(env or {})},
        )

    def processes(self) -> list[str]:
        """The command lines of all living processes that this command, or its children, started."""
        entry = f"{_MARK}={self.mark}".encode()
        return [line for pid, line in _living() if entry in _environ(pid)]

    def left_behind(self, *, within: float = 2) -> list[str]:
        """What is left that should not be: wheels, temporary files, half trees and processes.

        A process that was told to end has ``within`` seconds to do so.
        """
        wait_until(lambda: not self.processes(), seconds=within, otherwise=lambda: None)
        folders = (self.outdir, self.temporary, self.cache / "tmp")
        files = [str(path) for folder in folders for path in sorted(_files(folder))]
        files += [str(path) for path in sorted(self.cache.glob("*/.*.tmp"))]
        return files + self.processes()


class Running:
    """A command that was started. Leaving the context ends it, whatever it is doing."""

    def __init__(
        self, *, arguments: tuple[str, ...], command: Sequence[str], folder: Path, environ: Mapping[str, str]
    ) -> None:
        self.args = arguments
        self._stdout = folder / f"stdout-{uuid.uuid4().hex}"
        self._stderr = folder / f"stderr-{uuid.uuid4().hex}"
        self._began = time.monotonic()
        with self._stdout.open("wb") as stdout, self._stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.send(signal.SIGKILL)
        self.process.wait()
        self._stdout.unlink()
        self._stderr.unlink()

    @property
    def stderr(self) -> str:
        """What was said so far."""
        return self._stderr.read_text("utf-8")

    def send(self, sent: signal.Signals) -> None:
        """Send a signal to the command and its group, as Ctrl-C in a terminal does."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, sent)

    def wait_for(self, condition: Callable[[], object], *, seconds: float = 120) -> None:
        """Wait until ``condition`` holds, which must be before the command ends."""

        def come_so_far() -> bool:
            # The condition last: the command may have ended just after it came to hold.
            ended = self.process.poll() is not None
            held = bool(condition())
            assert held or not ended, f"it ended too early:\n{self.stderr}"
            return held

        wait_until(come_so_far, seconds=seconds, otherwise=lambda: f"still waiting:\n{self.stderr}")

    def finish(self, timeout: float = 300) -> Finished:
        """Wait for its end."""
        self.process.wait(timeout)
        return Finished(
            args=self.args,
            returncode=self.process.returncode,
            stdout=self._stdout.read_text("utf-8"),
            stderr=self.stderr,
            seconds=time.monotonic() - self._began,
        )


def one_message(finished: Finished, exit_status: int) -> str:
    """Check that a run failed as documented, with one message, and return the message."""
    assert finished.returncode == exit_status, finished
    assert len(finished.errors) == 1, finished
    assert not re.search(r"^Traceback", finished.stderr, re.MULTILINE), finished
    return finished.errors[0]


def succeeded(finished: Finished) -> list[Path]:
    """Check that a run of ``xbuild wheel`` succeeded without a word of complaint, and return the wheels it names."""
    assert finished.returncode == 0, finished
    assert finished.errors == [], finished
    return [Path(line) for line in finished.stdout.splitlines()]


def wait_until(condition: Callable[[], object], *, seconds: float, otherwise: Callable[[], str | None]) -> None:
    """Wait until ``condition`` holds. When it does not in time, fail with what ``otherwise`` says, if it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            reason = otherwise()
            assert reason is None, reason
            return
        time.sleep(0.01)


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _living() -> list[tuple[str, str]]:
    """The ids and command lines of processes; one that has ended and was not yet waited for has no command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if line:
            found.append((folder.name, line))
    return found


def _environ(pid: str) -> bytes:
    try:
        return Path("/proc", pid, "environ").read_bytes()
    except OSError:  # it ended meanwhile, or is another user's
        return b""


# Its arguments: options of mount, the folder, a file for the list of what is in the folder at the end, the command.
_MOUNTED = """
mount -t tmpfs -o "$1" tmpfs "$2" || exit 99
folder=$2 list=$3
shift 3
"$@"
status=$?
(cd "$folder" && find . -type f) > "$list"
exit $status
"""


@dataclass(frozen=True, kw_only=True)
class Disk:
    """A disk of its own for a command: only what the command starts sees it, and it needs no root."""

    folder: Path
    options: str
    listing: Path

    def inside(self) -> list[str]:
        """The command line that starts another where ``folder`` is the disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        names = [self.options, str(self.folder), str(self.listing)]
        return ["unshare", "--map-root-user", "--user", "--mount", "sh", "-c", _MOUNTED, "sh", *names]

    def files(self) -> list[str]:
        """What was on it when the command had ended: paths in it."""
        return sorted(line.removeprefix("./") for line in self.listing.read_text("utf-8").splitlines())


def why_no_disk(folder: Path) -> str | None:
    """Say why this machine allows no disk for one command, if it does not."""
    disk = Disk(folder=folder / "probe", options="size=1m", listing=folder / "probe-list")
    try:
        done = subprocess.run([*disk.inside(), "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        return str(error)
    return None if done.returncode == 0 else done.stderr.strip()
