"""What xbuild has in the engine: listing its images, and removing what nobody needs any more."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import docker

import xbuild
from xbuild.engines.container import labels
from xbuild.engines.container.building import engine_errors
from xbuild.engines.container.contents import load
from xbuild.engines.container.context import content_digest
from xbuild.engines.container.images import BUILDING, local_image, prune_stages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from xbuild.engines.container.contents import Provisioned
    from xbuild.provision.cache import Cache


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnImage:
    """An image that xbuild built; ``tag`` is None for one that another took the name of. ``size`` is in bytes."""

    id: str
    tag: str | None
    contents: tuple[Provisioned, ...]
    version: str
    size: int
    created: datetime
    is_current: bool
    """Whether this xbuild would still use it."""
    base: str | None = None
    """The name of the image that it was built on."""
    base_digest: str | None = None
    """That image's digest in the registry, if it came from one: ``sha256:…``."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of the targets, sorted."""
        return tuple(sorted({each.target for each in self.contents}))

    @property
    def pythons(self) -> tuple[str, ...]:
        """The CPython versions, sorted."""
        return tuple(sorted({each.python for each in self.contents}))


@dataclass(frozen=True, kw_only=True, slots=True)
class Pruned:
    """What was removed, by name or ID; and what was not.

    ``used`` are images that a container uses, ``unknown`` are runs that may still go on elsewhere.
    """

    containers: tuple[str, ...]
    volumes: tuple[str, ...]
    images: tuple[str, ...]
    used: tuple[str, ...]
    unknown: tuple[str, ...] = ()


def own_images(client: docker.DockerClient) -> tuple[OwnImage, ...]:
    """Return the images that xbuild built, newest first; not what others made from them and gave a name."""
    with engine_errors("listing its images"):
        labelled = client.api.images(filters={"label": [f"{labels.IMAGE}=1"]})
        found = [image for image in labelled if labels.own_tag(image.get("RepoTags")) or not _is_tagged(image)]
        bases: dict[str, str | None] = {}
        for image in found:
            name = _labels(image).get(labels.BASE_NAME, "")
            if name not in bases:
                bases[name] = local_image(client, name) if name else None
    content = content_digest()
    images = (_own_image(image, content=content, bases=bases) for image in found)
    return tuple(sorted(images, key=lambda image: image.created, reverse=True))


def _own_image(image: Mapping[str, Any], *, content: str, bases: Mapping[str, str | None]) -> OwnImage:
    label = _labels(image)
    tag = labels.own_tag(image.get("RepoTags"))
    base = bases[label.get(labels.BASE_NAME, "")]
    return OwnImage(
        id=image["Id"],
        tag=tag,
        contents=load(label.get(labels.SELECTIONS, "")),
        version=label.get(labels.VERSION, ""),
        size=image["Size"],
        created=datetime.fromtimestamp(image["Created"], UTC),
        is_current=tag is not None
        and label.get(labels.VERSION) == xbuild.__version__
        and label.get(labels.CONTENT) == content
        and base in (None, label.get(labels.BASE)),
        base=label.get(labels.BASE_NAME),
        base_digest=label.get(labels.BASE_DIGEST),
    )


def _is_tagged(image: Mapping[str, Any]) -> bool:
    return any(tag != "<none>:<none>" for tag in image.get("RepoTags") or ())


def _labels(thing: Mapping[str, Any]) -> Mapping[str, str]:
    return thing.get("Labels") or {}


def prune(client: docker.DockerClient, *, cache: Cache, everything: bool = False) -> Pruned:
    """Remove what killed clients left of their runs, and images that this xbuild would not use; or ``everything``.

    Nothing of a run whose client lives is touched. Where that cannot be known, because the client is on another machine
    or in another container, its things go when the run must be over, or with ``everything``.
    """
    run = [f"{labels.RUN}=1"]
    with engine_errors("cleaning up"), cache.lock(BUILDING, waiting_for="a container image"):
        containers = _sorted(client.api.containers(all=True, filters={"label": run}), everything=everything)
        volumes = _sorted(client.api.volumes(filters={"label": run}).get("Volumes") or (), everything=everything)
        removed_containers = tuple(_remove_containers(client, containers.over))
        removed_volumes = tuple(_remove_volumes(client, volumes.over))
        doomed = [image for image in own_images(client) if everything or not image.is_current]
        used = {image.id for image in doomed if not _remove_image(client, image)}
        prune_stages(client)
    return Pruned(
        containers=removed_containers,
        volumes=removed_volumes,
        images=tuple(_name(image) for image in doomed if image.id not in used),
        used=tuple(_name(image) for image in doomed if image.id in used),
        # A run's container and its volume have one name.
        unknown=tuple(dict.fromkeys(map(_run_name, containers.unknown + volumes.unknown))),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Left:
    """Containers, or volumes, of runs: those that go, and those that may be in use elsewhere."""

    over: tuple[Mapping[str, Any], ...]
    unknown: tuple[Mapping[str, Any], ...]


def _sorted(things: Iterable[Mapping[str, Any]], *, everything: bool) -> _Left:
    now = time.time()
    fates = [(thing, labels.is_abandoned(_labels(thing), now=now)) for thing in things]
    return _Left(
        over=tuple(thing for thing, over in fates if over or (over is None and everything)),
        unknown=tuple(thing for thing, over in fates if over is None and not everything),
    )


def _remove_containers(client: docker.DockerClient, containers: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for container in containers:
        with suppress(docker.errors.NotFound):  # it was about to go
            client.api.remove_container(container["Id"], force=True, v=True)
            yield _run_name(container)


def _remove_volumes(client: docker.DockerClient, volumes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for volume in volumes:
        with suppress(docker.errors.NotFound):
            client.api.remove_volume(volume["Name"])
            yield _run_name(volume)


def _run_name(left: Mapping[str, Any]) -> str:
    """Return the name of a volume, or of a container, which may have none but its ID."""
    names = [left.get("Name"), *(left.get("Names") or ())]  # Podman's containers have both, and the first is empty
    return next((str(name).lstrip("/") for name in names if name), "") or str(left["Id"])


def _remove_image(client: docker.DockerClient, image: OwnImage) -> bool:
    """Remove the image unless a container, or another image, uses it; return whether it is gone."""
    try:
        client.api.remove_image(image.tag or image.id)
    except docker.errors.ImageNotFound:
        return True
    except docker.errors.APIError as error:
        if error.status_code in (409, 500):  # Podman says 500 for one that is in use
            return False
        raise
    return True


def _name(image: OwnImage) -> str:
    return image.tag or image.id
