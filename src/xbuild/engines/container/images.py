"""The images xbuild builds for its containers: found by what they were made from, built where there is none."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import docker

import xbuild
from xbuild.engines.container import labels, settings
from xbuild.engines.container.building import ImageBuild, build_image, engine_errors
from xbuild.engines.container.contents import covers, dump, load, provisioned
from xbuild.engines.container.context import image_archive, make_context
from xbuild.errors import EngineError, UsageError
from xbuild.provision.cache import Cache

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xbuild.engines.container.contents import Provisioned
    from xbuild.engines.container.context import Context
    from xbuild.progress import Progress
    from xbuild.selection import Selection

DEFAULT_BASE = "debian:trixie-slim"
BUILDING = "container-images"
"""The lock of those who build or remove images."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRequest:
    """An image for ``selections``, on ``base`` (any image with apt), for ``platform`` (None: the engine's own).

    ``base`` may have a digest, ``NAME@sha256:…``: then it is that very image.
    """

    selections: tuple[Selection, ...]
    platform: str | None = None
    base: str = DEFAULT_BASE


def ensure_image(
    client: docker.DockerClient, request: ImageRequest, *, environ: Mapping[str, str], progress: Progress
) -> str:
    """Return the ID of an image that has all that ``request`` wants, built first if the engine has none.

    Of several processes of one user that want an image, one builds and the others wait.
    Raises :class:`EngineError` if it cannot be built; nothing of it is left then.
    """
    contents = provisioned(request.selections)
    archive = image_archive(_only_archive(request.selections), environ)
    context = make_context(contents, archive=archive, platform=request.platform)
    with engine_errors("looking for its images"):
        if found := _find(client, context, request.base):
            return found
        with Cache.default(environ, progress=progress).lock(BUILDING, waiting_for="a container image"):
            return _find(client, context, request.base) or _build(client, context, request, environ, progress)


def _only_archive(selections: tuple[Selection, ...]) -> str | None:
    archives = {selection.archive for selection in selections}
    if len(archives) > 1:
        raise UsageError("one image cannot be made from several archives", hint="build an image for each")
    return next(iter(archives), None)


def _find(client: docker.DockerClient, context: Context, base: str) -> str | None:
    """Return the newest image that was made from the same and has enough.

    Where the base image is no longer there, any that it was called by is taken for it.
    """
    base_id = local_image(client, base, context.platform)
    for image in client.api.images(filters={"label": f"{labels.IMAGE}=1"}):
        label: Mapping[str, str] = image.get("Labels") or {}
        made_on = label.get(labels.BASE, "")
        if (
            labels.own_tag(image.get("RepoTags"))
            and (made_on == base_id if base_id is not None else label.get(labels.BASE_NAME) == base)
            and label.get(labels.INPUTS) == context.inputs(made_on)
            and covers(load(label.get(labels.SELECTIONS, "")), context.contents)
        ):
            return str(image["Id"])
    return None


def local_image(client: docker.DockerClient, name: str, platform: str | None = None) -> str | None:
    """Return the ID of the image that the engine has under ``name``, or None if it has none for ``platform``."""
    try:
        found = client.api.inspect_image(name)
    except docker.errors.ImageNotFound:
        return None
    except docker.errors.APIError as error:
        raise EngineError(f"{name!r} is not an image's name: {error.explanation or error}") from error
    return str(found["Id"]) if _is_for(found, platform) else None


def _is_for(image: Mapping[str, Any], platform: str | None) -> bool:
    """Whether an image is for ``platform``: ``linux/arm64`` or ``linux/arm/v7``."""
    if platform is None:
        return True
    system, _, rest = platform.partition("/")
    machine, _, variant = rest.partition("/")
    return (image.get("Os"), image.get("Architecture")) == (system, machine) and (
        not variant or image.get("Variant") in (None, "", variant)
    )


def _build(
    client: docker.DockerClient,
    context: Context,
    request: ImageRequest,
    environ: Mapping[str, str],
    progress: Progress,
) -> str:
    base = find_image(client, request.base, request.platform, progress=progress)
    digest = hashlib.sha256(f"{context.inputs(base)} {dump(context.contents)}".encode()).hexdigest()[:12]
    tag = f"{labels.REPOSITORY}:{_title(context.contents)}-{digest}"
    build = ImageBuild(
        tag=tag,
        context=context.tar(environ, labels=_labels(context, base=base) | _origin(client, base, request.base)),
        arguments=context.build_arguments(base) | {"STAGE": digest} | settings.proxies(environ),
        platform=request.platform,
        network=settings.network_mode(environ),
    )
    try:
        with progress.step(f"Building the container image {tag}"):
            build_image(client, build, progress=progress)
    finally:
        prune_stages(client, digest)
    return str(client.api.inspect_image(tag)["Id"])


def _labels(context: Context, *, base: str) -> dict[str, str]:
    targets = ", ".join(dict.fromkeys(each.target for each in context.contents))
    return {
        labels.IMAGE: "1",
        labels.VERSION: xbuild.__version__,
        labels.CONTENT: context.content,
        labels.INPUTS: context.inputs(base),
        labels.SELECTIONS: dump(context.contents),
        labels.BASE: base,
        "org.opencontainers.image.title": "xbuild",
        "org.opencontainers.image.description": f"xbuild with all it needs to build wheels for {targets}",
        "org.opencontainers.image.version": xbuild.__version__,
        "org.opencontainers.image.licenses": "MIT",
    }


def _origin(client: docker.DockerClient, base: str, name: str) -> dict[str, str]:
    """Return the labels that say what the base was called, and its digest if a registry gave it one."""
    known = (*([name] if "@" in name else []), *(client.api.inspect_image(base).get("RepoDigests") or ()))
    digest = next((each.partition("@")[2] for each in known), None)
    return {labels.BASE_NAME: name} | ({labels.BASE_DIGEST: digest} if digest else {})


def _title(contents: Sequence[Provisioned]) -> str:
    targets = {each.target for each in contents}
    return targets.pop() if len(targets) == 1 else "all"


def find_image(client: docker.DockerClient, name: str, platform: str | None, *, progress: Progress) -> str:
    """Return the ID of the image ``name`` for ``platform`` (None: the engine's own), pulled if it is not there.

    Raises :class:`EngineError` if it is in no registry either.
    """
    return local_image(client, name, platform) or _pull(client, name, platform, progress)


def _pull(client: docker.DockerClient, name: str, platform: str | None, progress: Progress) -> str:
    hint = "check its name and the network"
    with progress.step(f"Pulling {name}"):
        try:
            for event in client.api.pull(name, platform=platform, stream=True, decode=True):
                if "error" in event:
                    raise EngineError(f"cannot pull the image {name}: {event['error']}", hint=hint)
        except docker.errors.APIError as error:
            raise EngineError(f"cannot pull the image {name}: {error.explanation or error}", hint=hint) from error
    found = local_image(client, name, platform)
    if found is None:
        raise EngineError(f"{name} is not for the platform {platform}", hint=hint)
    return found


def prune_stages(client: docker.DockerClient, digest: str | None = None) -> None:
    """Remove the layers that no image uses, of the build with this digest or of all.

    Those of stages hold what the build was told of the user's networks.
    """
    wanted = [labels.STAGE] if digest is None else [f"{labels.STAGE}={digest}", f"{labels.STAGE}=system"]
    with suppress(docker.errors.DockerException, OSError):  # what is wrong is told already, or does not matter
        for label in wanted:
            client.api.prune_images(filters={"dangling": True, "label": [label]})
