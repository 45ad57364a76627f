"""The pipeline in a container: ``python -I -m xbuild.engines.worker FOLDER SECONDS`` reads a request and prints events.

``FOLDER/request.json`` has the request (:mod:`xbuild.engines.wire`), and everything that is written is written below
FOLDER: ``out/`` the wheels, ``cache/`` the cache with its logs. There is no network: the wheels of requirements are
asked for with an event, and are in ``wheelhouse/`` when ``replies/<number>.json`` is there.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xbuild
from xbuild import pipeline, resolve
from xbuild.engines import wire
from xbuild.errors import BuildError, EngineError, XBuildError
from xbuild.supply import IndexSupply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from xbuild.pipeline import WheelRequest
    from xbuild.supply import Interpreter, Supply

REQUEST = "request.json"
OUT = "out"
CACHE = "cache"
LOGS = f"{CACHE}/logs"
WHEELHOUSE = "wheelhouse"
REPLIES = "replies"

_POLL = 0.02
_TIME_IS_UP = 124
# Where a container sees how often it reached its limits: cgroup v2, then v1.
_MEMORY_EVENTS = (Path("/sys/fs/cgroup/memory.events"), Path("/sys/fs/cgroup/memory/memory.oom_control"))
_PIDS_EVENTS = (Path("/sys/fs/cgroup/pids.events"), Path("/sys/fs/cgroup/pids/pids.events"))


class EventProgress:
    """A :class:`xbuild.progress.Progress` that prints events."""

    def __init__(self, send: Callable[[str, Any], None], *, verbose: bool) -> None:
        self._send = send
        self._verbose = verbose
        self._steps = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Say that it began, and how it ended."""
        self._steps += 1
        number, ok = self._steps, False
        self._send("began", [number, title])
        try:
            yield
            ok = True
        finally:
            self._send("ended", [number, ok])

    @contextmanager
    def transfer(self, title: str, *, total: int) -> Iterator[Callable[[int], None]]:  # noqa: ARG002, nobody sees a bar
        """Be a step: what is transferred in a container is small, or its user chose to wait for it."""
        with self.step(title):
            yield lambda _count: None

    def note(self, text: str) -> None:
        """Pass it on."""
        self._send("note", text)

    def output(self, line: str) -> None:
        """Pass it on if somebody wants to see it."""
        if self._verbose:
            self._send("output", line[: wire.LONGEST])


class AskingSupply:
    """A :class:`xbuild.supply.Supply` that asks whoever reads the events, and waits for the answer."""

    def __init__(self, folder: Path, send: Callable[[str, Any], None]) -> None:
        self._folder = folder
        self._send = send
        self._asked = 0

    def provide(self, requirements: Sequence[str], interpreter: Interpreter) -> None:
        """Ask, and return when the wheels are there. What cannot be had is raised as whoever was asked says it."""
        if not requirements:
            return
        self._asked += 1
        wanted = {"requirements": list(requirements), "interpreter": wire.encode_interpreter(interpreter)}
        self._send("need", [self._asked, wanted])
        answer = self._answer(self._folder / REPLIES / f"{self._asked}.json")
        if answer["error"] is not None:
            raise wire.decode_error(answer["error"])

    def _answer(self, file: Path) -> dict[str, Any]:
        """Wait for the answer in ``file``: engines make the file first, and write into it then."""
        while True:
            with suppress(FileNotFoundError, ValueError):
                answer: dict[str, Any] = json.loads(file.read_text("utf-8"))
                return answer
            time.sleep(_POLL)


def main(folder: Path, send: Callable[[str, Any], None]) -> None:
    """Carry out the request in ``folder`` and send what happens."""
    try:
        send("result", _run(folder, send))
    except XBuildError as error:
        send("error", _told(error))
    except OSError as error:
        send("error", _told(_as_ours(error)))
    except Exception:
        bug = XBuildError("this is a bug in xbuild, in its container", details=traceback.format_exc())
        send("error", wire.encode_error(bug))


def _run(folder: Path, send: Callable[[str, Any], None]) -> dict[str, Any]:
    document = json.loads((folder / REQUEST).read_text("utf-8"))
    if document["xbuild"] != xbuild.__version__:
        raise EngineError(
            f"the image has xbuild {xbuild.__version__}, and was asked by xbuild {document['xbuild']}",
            hint="make the image again from the one that 'xbuild image build' makes",
        )
    request = wire.decode_request(document["request"])
    progress = EventProgress(send, verbose=document["verbose"])
    environ = {
        **os.environ,
        **document["environ"],
        "XBUILD_CACHE_DIR": str(folder / CACHE),
        "HOME": str(folder / "home"),
    }
    supply: Supply = IndexSupply()
    if not document["network"]:
        (folder / WHEELHOUSE).mkdir(exist_ok=True)
        environ["UV_FIND_LINKS"] = str(folder / WHEELHOUSE)
        supply = AskingSupply(folder, send)
        _require_all(request, environ)
    result = pipeline.run(request, progress=progress, environ=environ, supply=supply)
    return {"wheels": [wheel.name for wheel in result.wheels], "report": result.report}


def _require_all(request: WheelRequest, environ: Mapping[str, str]) -> None:
    """Fail at once, with all that is missing, where the image has not all that the request needs."""
    for selection in request.selections:
        missing = resolve.missing(selection, environ=environ)
        if missing:
            raise EngineError(
                f"the image lacks what a build for {selection.target.name} needs: {', '.join(missing)}",
                hint=f"add it to the image with 'RUN xbuild target fetch {selection.target.name} …', "
                "or leave --image out to have one made",
            )


def _as_ours(error: OSError) -> XBuildError:
    """A limit that xbuild itself ran into: the build has used up what there was."""
    if error.errno == errno.EAGAIN:
        return BuildError("no further process could be started in the container")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f": {error.filename}" if error.filename else ""
        return BuildError(f"{os.strerror(error.errno)}{where}")  # whoever made the container says what that means
    return XBuildError("this is a bug in xbuild, in its container", details=traceback.format_exc())


def _told(error: XBuildError) -> dict[str, Any]:
    """Return the failure, with the limits that were reached: not every engine sees them from outside."""
    if _events(_PIDS_EVENTS, "max"):
        error = type(error)(
            f"{error.message} (the build reached the limit on processes)",
            hint=error.hint or "'--container pids=NUMBER' allows more",
            details=error.details,
        )
    return {**wire.encode_error(error), "out_of_memory": _events(_MEMORY_EVENTS, "oom_kill") > 0}


def _events(files: Sequence[Path], name: str) -> int:
    """Return how often ``name`` happened, by the first of ``files`` that says it; 0 if none does."""
    for file in files:
        try:
            return int(dict(line.split() for line in file.read_text("utf-8").splitlines())[name])
        except (OSError, ValueError, KeyError):
            continue
    return 0


def _stand_by(longest: int) -> None:
    """Be the container's first process, and go on as its child: one that lost its parent has to be waited for.

    Else it would count as a process to the end. The container ends when the first process does, which is after
    ``longest`` seconds in any case: whoever started it may not be there any more to end it.
    """
    child = os.fork()
    if child == 0:
        return
    # The kernel keeps from a first process what it does not handle itself.
    signal.signal(signal.SIGALRM, lambda _signal, _frame: os._exit(_TIME_IS_UP))
    signal.alarm(longest)
    while True:
        ended, status = os.wait()
        if ended == child:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


if __name__ == "__main__":
    _stand_by(int(sys.argv[2]))
    _stream = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what anything else prints is no event
    _lock = threading.Lock()

    def _print(kind: str, value: Any) -> None:
        with _lock:
            _stream.write(json.dumps({kind: value}) + "\n")

    main(Path(sys.argv[1]), _print)
