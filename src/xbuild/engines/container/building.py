"""Having the engine build an image, and telling what it says."""

from __future__ import annotations

import errno
import json
import os
import re
from collections import deque
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import docker
import requests
import urllib3

from xbuild.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from xbuild.progress import Progress

_LAST_LINES = 30
_STEP = re.compile(r"(?:\[\d+/\d+\] )?STEP \d+/\d+ ?: (?P<instruction>.+)", re.IGNORECASE)
# What is shown from the instruction on that has this in it. Not the last stage: Podman begins it before it has the
# others that it copies from.
_TITLES = {
    " AS system": "Installing the image's packages",
    " AS xbuild": "Installing xbuild in the image",
    " AS environment": "Fetching the targets into the image",
}
_STEP_FAILED = re.compile(r"returned a non-zero code: \d+$|exit status \d+$")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_FULL = os.strerror(errno.ENOSPC).lower()

GONE = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    urllib3.exceptions.HTTPError,
)
"""What the SDK lets through when the engine goes away in the middle of an answer."""


@contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Turn what the SDK raises into an :class:`EngineError` that says what xbuild was ``doing``."""
    try:
        yield
    except GONE as error:
        raise EngineError(
            f"the container engine went away while {doing}", hint="see that it runs, then run the same command again"
        ) from error
    except docker.errors.DockerException as error:
        raise _error(f"the container engine failed while {doing}", str(error)) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageBuild:
    """One image to build: its context as a tar file, and what the engine is told beside it."""

    tag: str
    context: bytes
    arguments: Mapping[str, str]
    platform: str | None
    network: str | None

    def parameters(self) -> dict[str, str]:
        """Return the query of the engine's API: containers that steps ran in are removed, also where one fails."""
        given = {"platform": self.platform, "networkmode": self.network}
        return {
            "t": self.tag,
            "dockerfile": "Containerfile",
            "buildargs": json.dumps(dict(self.arguments)),
            "rm": "true",
            "forcerm": "true",
            **{name: value for name, value in given.items() if value is not None},
        }


def build_image(client: docker.DockerClient, build: ImageBuild, *, progress: Progress) -> None:
    """Build the context's Containerfile.

    Raises :class:`EngineError`, with the last lines that were printed, if a step fails or the engine does.
    """
    api = client.api
    # Not api.build: what it returns cannot be closed, and closing is how an engine is told to stop.
    with (
        engine_errors(f"building the image {build.tag}"),
        api.post(
            f"{api.base_url}/v{api.api_version}/build",
            params=build.parameters(),
            data=build.context,
            headers={"Content-Type": "application/x-tar"},
            stream=True,
            timeout=None,
        ) as response,
    ):
        if not response.ok:
            raise _error(f"cannot build the image {build.tag}", response.text.strip())
        follow(map(json.loads, filter(None, response.iter_lines())), tag=build.tag, progress=progress)


def follow(events: Iterable[Mapping[str, Any]], *, tag: str, progress: Progress) -> None:
    """Show a build's events, a step for each stage, up to the end. Raises :class:`EngineError` if one is an error."""
    last: deque[str] = deque(maxlen=_LAST_LINES)
    title = ""
    with ExitStack() as stage:
        for event in events:
            if "error" in event:
                said = str(event["error"]).strip()
                if _STEP_FAILED.search(said):  # the whole command of the step is before it
                    said = f"'{title}' failed"
                raise _error(f"cannot build the image {tag}", said, last)
            for line in _lines(str(event.get("stream", ""))):
                if begun := _title(line):
                    stage.close()
                    title = begun
                    stage.enter_context(progress.step(title))
                last.append(line)
                progress.output(line)


def _title(line: str) -> str | None:
    step = _STEP.match(line)
    return next((title for mark, title in _TITLES.items() if step and mark in step["instruction"]), None)


def _lines(text: str) -> Iterator[str]:
    return (line for line in (_ESCAPES.sub("", line).rstrip() for line in text.splitlines()) if line)


def _error(message: str, said: str, last: Iterable[str] = ()) -> EngineError:
    details = "\n".join([*last, said])
    if _FULL in details.lower():
        return EngineError(
            f"{message}: the disk is full where the container engine keeps its images",
            hint="make room there: 'xbuild image prune', 'docker system df'",
            details=details,
        )
    lines = "\n".join(last) or None
    return EngineError(f"{message}: {said}", hint="the lines above say why" if lines else None, details=lines)
