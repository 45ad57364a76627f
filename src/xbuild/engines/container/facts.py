"""What an engine says that it is, and which limits it can keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xbuild.engines.container.building import engine_errors
from xbuild.engines.container.client import is_podman

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import docker


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineFacts:
    """One engine. ``memory`` is what its machine has, in bytes; None if it does not say."""

    is_podman: bool = False
    is_rootless: bool = False
    has_selinux: bool = False
    memory: int | None = None
    boundless: tuple[str, ...] = ()
    """What it cannot limit, of ``"memory"`` and ``"processes"``."""


def ask_engine(client: docker.DockerClient) -> EngineFacts:
    """Return what the engine says of itself. Raises :class:`EngineError` if it does not answer."""
    with engine_errors("asking what it can do"):
        return read_facts(client.info(), podman=is_podman(client))


def read_facts(info: Mapping[str, Any], *, podman: bool) -> EngineFacts:
    """Return what the answer to ``docker info`` means."""
    options = {str(option).partition(",")[0] for option in info.get("SecurityOptions") or ()}
    rootless = "name=rootless" in options or info.get("Rootless") is True  # Docker's word, and Podman's
    # Rootless Podman takes limits that it cannot set with the first version of cgroups, and says nothing.
    nothing = info.get("CgroupDriver") == "none" or (podman and rootless and str(info.get("CgroupVersion")) == "1")
    return EngineFacts(
        is_podman=podman,
        is_rootless=rootless,
        has_selinux="name=selinux" in options,
        memory=info.get("MemTotal") or None,
        boundless=tuple(_boundless(info, nothing=nothing)),
    )


def _boundless(info: Mapping[str, Any], *, nothing: bool) -> Iterator[str]:
    for name, key in (("memory", "MemoryLimit"), ("processes", "PidsLimit")):
        if nothing or info.get(key) is False:
            yield name
