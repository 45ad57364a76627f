"""One container that is locked down: no network unless asked for, no capabilities, a read-only system, limits."""

from __future__ import annotations

import io
import os
import queue
import tarfile
import tempfile
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import docker
from docker.utils.socket import STDOUT, frames_iter

from xbuild.engines.container import labels
from xbuild.engines.container.building import GONE, engine_errors
from xbuild.engines.container.limits import format_memory
from xbuild.engines.container.plan import ENTRY, FOLDER, configuration
from xbuild.engines.container.removal import remove_run
from xbuild.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from xbuild.engines.container.plan import Plan

_LONGEST_LINE = 1 << 20
_MOST_LINES = 100  # that were read, and nobody has taken yet
_LISTENS_WITHIN = 0.2
_MOST_BYTES = 1 << 32
_MOST_FILES = 1000
_ENDS_WITHIN = 30
# How Docker, Podman and Docker Desktop say that a place is not there for them, and the first two that a program is not.
# Podman would make a folder that is not there, if it may.
_UNSEEN = ("bind source path does not exist", "making volume mountpoint", "statfs ", "mounts denied")
_NO_PROGRAM = ("no such file or directory", "executable file not found")


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a container ended: its exit status, and whether the kernel ended something in it for want of memory."""

    status: int
    out_of_memory: bool


class TimeIsUp(Exception):  # noqa: N818, not an error of ours: the engine says what it means for the build
    """The container was still running at its deadline. ``processes`` is how many there were in it, if known."""

    def __init__(self, processes: int | None) -> None:
        super().__init__()
        self.processes = processes


@contextmanager
def open_sandbox(client: docker.DockerClient, plan: Plan, *, scratch: Path) -> Iterator[Sandbox]:
    """Make a container of ``plan``, not started yet; whatever happens, it and its volume are removed at the end.

    ``scratch`` is a folder of this machine for files on their way to it.
    """
    marks = labels.run_marks(plan.ends_after)
    name = labels.run_name()
    try:
        with engine_errors("making a container"), _refusals(plan):
            client.api.create_volume(name, labels=marks)
            wanted = configuration(client.api, plan, volume=name, marks=marks)
            made = client.api.create_container_from_config(wanted, name, plan.platform)
        sandbox = Sandbox(client, name, plan=plan, scratch=scratch, warnings=tuple(made.get("Warnings") or ()))
        with closing(sandbox):
            yield sandbox
    finally:
        remove_run(client, name)


class Sandbox:
    """A container that was made, then runs, then has ended. ``warnings`` are the engine's, in its own words."""

    def __init__(
        self, client: docker.DockerClient, name: str, *, plan: Plan, scratch: Path, warnings: tuple[str, ...] = ()
    ) -> None:
        self.warnings = warnings
        self._client = client
        self._name = name
        self._plan = plan
        self._scratch = scratch
        self._lines: queue.Queue[bytes | BaseException | None] = queue.Queue(maxsize=_MOST_LINES)
        self._nobody_listens = threading.Event()

    def start(self) -> None:
        """Start the worker."""
        with engine_errors("starting a container"), _refusals(self._plan):
            # Podman looks for the program when it is attached to, Docker when it is started.
            connection = self._client.api.attach_socket(self._name, {"stdout": 1, "stderr": 1, "stream": 1})
            threading.Thread(target=self._read, args=[connection], daemon=True).start()
            self._client.api.start(self._name)

    def close(self) -> None:
        """Listen no more: the engine could not end what it cannot get rid of the output of."""
        self._nobody_listens.set()

    def lines(self, *, deadline: float) -> Iterator[bytes]:
        """Yield the lines the worker prints, to the end. ``deadline`` is of :func:`time.monotonic`.

        Raises :class:`TimeIsUp` when it has come, with all processes of the container ended, and
        :class:`EngineError` if the engine goes away.
        """
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise self._end() from None
            if time.monotonic() >= deadline:  # lines may come without end
                raise self._end()
            if line is None:
                return
            if isinstance(line, BaseException):
                raise EngineError(
                    f"the container engine went away during the build: {line}",
                    hint="see that it runs, then run the same command again",
                ) from line
            yield line

    def wait(self) -> Ending:
        """Wait for the end, which is near when there are no more lines."""
        with engine_errors("waiting for a container"):
            status = self._client.api.wait(self._name, timeout=_ENDS_WITHIN)["StatusCode"]
            state = self._client.api.inspect_container(self._name)["State"]
        return Ending(status=int(status), out_of_memory=bool(state.get("OOMKilled")))

    def put(self, files: Mapping[str, bytes | Path]) -> None:
        """Put files into :data:`FOLDER`, by their names there."""
        with tempfile.TemporaryFile(dir=self._scratch) as archive:
            with tarfile.open(fileobj=archive, mode="w") as tar:
                folders = {str(PurePosixPath(name).parent) for name in files} - {"."}
                for folder in sorted(folders):
                    tar.addfile(_member(folder, mode=0o777, kind=tarfile.DIRTYPE))
                for name, content in files.items():
                    with content.open("rb") if isinstance(content, Path) else io.BytesIO(content) as file:
                        size = file.seek(0, os.SEEK_END)
                        file.seek(0)
                        tar.addfile(_member(name, mode=0o644, size=size), file)
            archive.seek(0)
            with engine_errors("putting files into a container"):
                self._client.api.put_archive(self._name, str(FOLDER), archive)

    def get(self, folder: str, *, most: int = _MOST_BYTES) -> dict[str, bytes]:
        """Return the plain files in a folder of :data:`FOLDER`, by name; none if it is not there.

        Links and all else that is no file are left out: the container may hold anything. Raises :class:`EngineError`
        if there are more than ``most`` bytes, or files without end.
        """
        try:
            with engine_errors("taking files out of a container"):
                stream, _ = self._client.api.get_archive(self._name, str(FOLDER / folder))
                return dict(_plain_files(stream, most=most))
        except EngineError as error:
            if isinstance(error.__cause__, docker.errors.NotFound):
                return {}
            raise
        except tarfile.TarError as error:
            raise EngineError(
                f"the container engine sent only a part of the files in {FOLDER / folder}",
                hint="see that it runs, then run the same command again",
            ) from error

    def _read(self, connection: Any) -> None:
        """Cut the worker's standard output into lines, to its end; what its standard error says is nobody's."""
        try:
            with closing(connection), closing(connection._response):
                frames = frames_iter(connection, tty=False)
                for line in cut_lines(data for channel, data in frames if channel == STDOUT):
                    self._pass_on(line)
        except (*GONE, docker.errors.DockerException, OSError, ValueError) as error:
            self._pass_on(error)
        else:
            self._pass_on(None)

    def _pass_on(self, line: bytes | BaseException | None) -> None:
        while not self._nobody_listens.is_set():
            with suppress(queue.Full):
                self._lines.put(line, timeout=_LISTENS_WITHIN)
                return

    def _end(self) -> TimeIsUp:
        """End all processes, so that what is taken out from now on changes no more."""
        processes = None
        with suppress(docker.errors.DockerException, *GONE, KeyError, TypeError):
            processes = self._client.api.stats(self._name, stream=False, one_shot=True)["pids_stats"]["current"]
        self.close()
        with suppress(docker.errors.DockerException, *GONE):
            self._client.api.kill(self._name)
        return TimeIsUp(processes)


@contextmanager
def _refusals(plan: Plan) -> Iterator[None]:
    """Say what it means that the engine will not make or start a container of ``plan``, where that is known."""
    try:
        yield
    except docker.errors.APIError as error:
        said = str(error)
        hidden = max((str(mount.here) for mount in plan.mounts if str(mount.here) in said), key=len, default=None)
        if hidden and any(words in said.lower() for words in _UNSEEN):
            raise EngineError(
                f"the container engine does not see {hidden} of this machine",
                hint="share it with the engine's machine, at the same place, or use an engine that runs here",
            ) from error
        if any(words in said for words in _NO_PROGRAM):
            raise EngineError(
                f"the image has no xbuild: there is no {ENTRY[0]} in it",
                hint="begin its Containerfile with 'FROM' and an image that 'xbuild image build' made",
            ) from error
        raise


def cut_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the whole lines in ``pieces``, without those that are longer than any of the worker's own."""
    rest, is_too_long = b"", False
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if not is_too_long:
                yield line
            is_too_long = False
        if len(rest) > _LONGEST_LINE:
            rest, is_too_long = b"", True


def _member(name: str, *, mode: int, size: int = 0, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.size = kind, mode, size
    return member


def _plain_files(stream: Iterable[bytes], *, most: int) -> Iterator[tuple[str, bytes]]:
    total = 0
    with tarfile.open(fileobj=_Reader(stream), mode="r|") as tar:
        for count, member in enumerate(tar):
            total += member.size
            if total > most:
                raise EngineError(f"more than {format_memory(most)} of files came out of the container")
            if count > _MOST_FILES:  # the folder itself is one
                raise EngineError(f"more than {_MOST_FILES} files came out of the container")
            content = tar.extractfile(member) if member.isreg() else None
            name = PurePosixPath(member.name)
            if content is not None and len(name.parts) == 2:  # the folder's own name, and the file's
                yield name.name, content.read()


class _Reader(io.RawIOBase):
    """The engine's answer, in pieces, as a file."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return ``size`` bytes, or what there is."""
        parts, missing = [], size
        while missing:
            piece = self._rest or next(self._pieces, b"")
            if not piece:
                break
            parts.append(piece[:missing])
            self._rest = piece[missing:]
            missing -= len(parts[-1])
        return b"".join(parts)
