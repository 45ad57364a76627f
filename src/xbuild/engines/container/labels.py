"""The labels by which xbuild knows its own images, containers and volumes again, and whose they are.

Images have :data:`IMAGE`; what a run makes has :data:`RUN` and :data:`OWNER`, so that ``xbuild image prune`` can remove
what a killed client left, and nothing that is in use.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

IMAGE = "io.xbuild.image"
"""``1`` on an image that xbuild built, and on what others make from it: those are not called :data:`REPOSITORY`."""

REPOSITORY = "xbuild"
"""The name of our images; each has a tag of its own."""

STAGE = "io.xbuild.stage"
"""On the layers of a build's stages, which nothing names when it is over: the build's digest, or ``system`` on those
that all builds begin with."""

VERSION = "io.xbuild.version"
CONTENT = "io.xbuild.content"
"""The digest of what the build was made from, without its surroundings: xbuild itself and the Containerfile."""

INPUTS = "io.xbuild.inputs"
"""The digest of all that the image was made from but its selections: also the base, the archive and the platform."""

SELECTIONS = "io.xbuild.selections"
"""A JSON list of what was provisioned in the image."""

BASE = "io.xbuild.base"
"""The ID of the base image."""

BASE_NAME = "org.opencontainers.image.base.name"
BASE_DIGEST = "org.opencontainers.image.base.digest"
"""The base's digest in the registry that it came from, if it came from one."""

RUN = "io.xbuild.run"
"""``1`` on the containers and volumes of a run."""

OWNER = "io.xbuild.owner"
"""The process a run belongs to: ``<boot>/<process namespace>:<process id>:<start time>``."""

UNTIL = "io.xbuild.until"
"""When a run is over in any case, in seconds since 1970."""

_A_DAY = 24 * 3600
_UNKNOWN = "?"


def own_tag(tags: Iterable[str] | None) -> str | None:
    """Return the tag that is of :data:`REPOSITORY`, without the place that Podman puts before it, or None."""
    found = (re.fullmatch(rf"(?:localhost/|docker\.io/library/)?({REPOSITORY}:.+)", tag) for tag in tags or ())
    return next((match[1] for match in found if match), None)


def run_name() -> str:
    """Return a name for a new run's container and volume."""
    return f"xbuild-{os.getpid()}-{os.urandom(4).hex()}"


def run_marks(lasting: float = 0) -> dict[str, str]:
    """Return the labels of what a run of this process makes: one that lasts so many seconds, or a day."""
    return {RUN: "1", OWNER: current_owner(), UNTIL: str(int(time.time() + max(lasting, _A_DAY)))}


def current_owner() -> str:
    """Return what :data:`OWNER` is for this process."""
    return f"{_world()}:{os.getpid()}:{_start_time(os.getpid())}"


def is_abandoned(marks: Mapping[str, str], *, now: float) -> bool | None:
    """Say whether the run that something with these labels belongs to is over.

    None: that cannot be known, because its process is one of another machine or container, and it may last.
    """
    match = re.fullmatch(r"(?P<world>.+):(?P<process>\d+):(?P<started>[^:]+)", marks.get(OWNER, ""))
    if match is None or match["world"] != _world() or _UNKNOWN in match["world"]:
        until = marks.get(UNTIL, "")
        return True if until.isdecimal() and int(until) < now else None
    process = int(match["process"])
    return not _exists(process) or _start_time(process) != match["started"]


def _world() -> str:
    """Return where the number of a process means this process: until the machine starts again, in a PID namespace."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        namespace = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        return _UNKNOWN
    return f"{boot}/{re.sub('[^0-9]', '', namespace)}"


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        return True
    return True


def _start_time(process: int) -> str:
    """Return when the process started, in the kernel's own unit; ``-`` where there is no ``/proc``."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text("utf-8", errors="replace")
    except OSError:
        return "-"
    return stat.rpartition(")")[2].split()[19]  # field 22; the name before it may hold anything but is in brackets
