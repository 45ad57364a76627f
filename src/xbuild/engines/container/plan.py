"""What a container of a build is made from, and what the engine is told to make of it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from docker.types import LogConfig, Ulimit
from docker.types import Mount as DockerMount

if TYPE_CHECKING:
    from collections.abc import Mapping

    import docker

    from xbuild.engines.container.limits import Limits

FOLDER = PurePosixPath("/xbuild/run")
"""The one place in the container that can be written to, beside ``/tmp``."""

ENTRY = ["/opt/xbuild/venv/bin/python", "-I", "-m", "xbuild.engines.worker"]
_TEMPORARY = "/tmp"  # noqa: S108, the container's own
_UNPRIVILEGED = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """A file or folder of this machine, and where the container has it, read-only."""

    here: Path
    inside: PurePosixPath


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What a container is made from."""

    image: str
    platform: str | None
    mounts: tuple[Mount, ...]
    limits: Limits
    memory: int
    environment: Mapping[str, str] = field(default_factory=dict)


def configuration(client: docker.DockerClient, plan: Plan, volume: str, marks: Mapping[str, str]) -> dict[str, Any]:
    """Return the body of the engine's request that makes a container of ``plan``, with ``volume`` to write to."""
    mounts = [DockerMount(str(mount.inside), str(mount.here), type="bind", read_only=True) for mount in plan.mounts]
    host = client.api.create_host_config(
        network_mode=plan.limits.network or "none",
        mounts=[DockerMount(str(FOLDER), volume, type="volume"), *mounts],
        read_only=True,
        tmpfs={_TEMPORARY: "rw,exec,nosuid,nodev,mode=1777"},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        mem_limit=plan.memory,
        memswap_limit=plan.memory,
        nano_cpus=int(plan.limits.cpus * 1e9) if plan.limits.cpus else None,
        pids_limit=plan.limits.pids,
        ulimits=[Ulimit(name=name, soft=most, hard=most) for name, most in _most(plan.limits).items()],
        # What is printed goes to us alone, not to a file of the engine that nobody bounds.
        log_config=LogConfig(type="none"),
    )
    configuration: dict[str, Any] = client.api.create_container_config(
        plan.image,
        [str(FOLDER)],
        entrypoint=ENTRY,
        user=_user(client),
        hostname="xbuild",
        working_dir=str(FOLDER),
        environment=dict(plan.environment),
        labels=dict(marks),
        host_config=host,
    )
    return configuration


def _most(limits: Limits) -> dict[str, int]:
    """The limits of each process: left to itself, Podman asks for more open files than its service may have."""
    return {"core": 0, "nofile": 1024, "nproc": limits.pids}


def _user(client: docker.DockerClient) -> str:
    """The caller, who may read the source; not root, and in a rootless engine what stands for the caller there."""
    if "name=rootless" in (client.info().get("SecurityOptions") or ()):
        return "0:0"
    return f"{os.getuid()}:{os.getgid()}" if os.getuid() else f"{_UNPRIVILEGED}:{_UNPRIVILEGED}"
