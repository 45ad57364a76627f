"""What a container of a build is made from, and what the engine is told to make of it."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from docker.types import LogConfig, Ulimit
from docker.types import Mount as DockerMount

from xbuild.engines.container.facts import EngineFacts
from xbuild.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import docker

    from xbuild.engines.container.limits import Limits

FOLDER = PurePosixPath("/xbuild/run")
"""The one place in the container that can be written to, beside ``/tmp``."""

ENTRY = ["/opt/xbuild/venv/bin/python", "-I", "-m", "xbuild.engines.worker"]
_TEMPORARY = "/tmp"  # noqa: S108, the container's own
_UNPRIVILEGED = 1000
_ALONE = 600  # seconds after the time limit: whoever started the container ends it at the limit, if it is still there
_LONGEST = 2**31 - 1  # what a process can be told to wait for


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """A file or folder of this machine, and where the container has it, read-only."""

    here: Path
    inside: PurePosixPath


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a container is made from. The first of ``mounts`` is the source; ``memory`` is in bytes, 0 for no limit.

    ``engine`` is what is to make it.
    """

    image: str
    platform: str | None
    mounts: tuple[Mount, ...]
    limits: Limits
    memory: int
    environment: Mapping[str, str] = field(default_factory=dict)
    engine: EngineFacts = field(default_factory=EngineFacts)

    @property
    def ends_after(self) -> int:
        """In how many seconds the container ends by itself, should nobody be there to end it."""
        return min(int(self.limits.timeout) + _ALONE, _LONGEST)

    @property
    def notes(self) -> tuple[str, ...]:
        """Which limits there are not, though the user may rely on them."""
        if self.engine.boundless:
            return (f"it cannot limit {' and '.join(self.engine.boundless)} here: a build may use all there is",)
        if not self.memory:
            return ("it does not say how much memory it has; '--container memory=SIZE' limits a build's",)
        return ()


def configuration(api: docker.APIClient, plan: Plan, *, volume: str, marks: Mapping[str, str]) -> dict[str, Any]:
    """Return the body of the engine's request that makes a container of ``plan``, with ``volume`` to write to.

    Raises :class:`EngineError` if its user could not read what it is to see.
    """
    user = _user(plan)
    mounts = [DockerMount(str(mount.inside), str(mount.here), type="bind", read_only=True) for mount in plan.mounts]
    host = api.create_host_config(
        network_mode=plan.limits.network or "none",
        mounts=[DockerMount(str(FOLDER), volume, type="volume"), *mounts],
        read_only=True,
        tmpfs={_TEMPORARY: "rw,exec,nosuid,nodev,mode=1777"},
        cap_drop=["ALL"],
        # SELinux lets no container read a user's files; giving them another label would change them.
        security_opt=["no-new-privileges", *(["label=disable"] if plan.engine.has_selinux else [])],
        mem_limit=plan.memory or None,
        memswap_limit=plan.memory or None,
        nano_cpus=int(plan.limits.cpus * 1e9) if plan.limits.cpus else None,
        pids_limit=plan.limits.pids,
        ulimits=[Ulimit(name=name, soft=most, hard=most) for name, most in _most(plan).items()],
        # What is printed goes to us alone, not to a file of the engine that nobody bounds.
        log_config=LogConfig(type="none"),
    )
    configuration: dict[str, Any] = api.create_container_config(
        plan.image,
        [str(FOLDER), str(plan.ends_after)],
        entrypoint=ENTRY,
        user=f"{user[0]}:{user[1]}",
        hostname="xbuild",
        working_dir=str(FOLDER),
        environment=dict(plan.environment),
        labels=dict(marks),
        host_config=host,
    )
    return configuration


def _most(plan: Plan) -> dict[str, int]:
    """The limits of each process.

    Left to itself, Podman asks for more open files and processes than its service may have. That of processes is for
    Podman alone: it counts whatever the user runs on the machine.
    """
    return {"core": 0, "nofile": 1024, **({"nproc": plan.limits.pids} if plan.engine.is_podman else {})}


def _user(plan: Plan) -> tuple[int, int]:
    """User and group: the caller, who may read the source; in a rootless engine what stands for the caller there.

    For root it is whoever the source belongs to, or else nobody in particular.
    """
    if plan.engine.is_rootless:
        return 0, 0
    if os.getuid():
        return os.getuid(), os.getgid()
    owner = plan.mounts[0].here.stat()
    user = (owner.st_uid, owner.st_gid) if owner.st_uid else (_UNPRIVILEGED, _UNPRIVILEGED)
    for mount in plan.mounts:
        if not _may_read(mount.here.stat(), *user):
            raise EngineError(
                f"{mount.here} is closed to the container's user, which is number {user[0]} and never root",
                hint=f"open it to all with 'chmod -R go+rX {mount.here}', or run xbuild as the user it belongs to",
            )
    return user


def _may_read(place: os.stat_result, user: int, group: int) -> bool:
    shift = 6 if place.st_uid == user else 3 if place.st_gid == group else 0
    wanted = 0o5 if stat.S_ISDIR(place.st_mode) else 0o4
    return (place.st_mode >> shift) & wanted == wanted
