from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import docker
import pytest
import requests

from xbuild.engines.container.building import engine_errors, follow
from xbuild.errors import EngineError
from xbuild.progress import SilentProgress

if TYPE_CHECKING:
    from collections.abc import Iterator


class Recorder(SilentProgress):
    def __init__(self) -> None:
        self.told: list[str] = []

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self.told.append(f"> {title}")
        yield
        self.told.append(f"< {title}")

    def output(self, line: str) -> None:
        self.told.append(line)


DOCKER: list[dict[str, Any]] = [
    {"stream": "Step 2/39 : FROM sha256:1 AS system"},
    {"stream": "\n"},
    {"stream": " ---> 2\n"},
    {"stream": "Step 8/39 : FROM system AS xbuild\nStep 9/39 : LABEL x\n"},
    {"aux": {"ID": "sha256:3"}},
]
PODMAN = [
    {"stream": "[1/4] STEP 1/5: FROM sha256:1 AS system\n"},
    {"stream": "\x1b[1mbold\x1b[0m\n"},
    {"stream": "[4/4] STEP 1/9: FROM 2 AS image\n"},
    {"stream": "[2/4] STEP 1/7: FROM 2 AS xbuild\n"},
]


def test_dockers_stages_are_steps() -> None:
    recorder = Recorder()
    follow(DOCKER, tag="xbuild:x-1", progress=recorder)
    assert recorder.told == [
        "> Installing the image's packages",
        "Step 2/39 : FROM sha256:1 AS system",
        " ---> 2",
        "< Installing the image's packages",
        "> Installing xbuild in the image",
        "Step 8/39 : FROM system AS xbuild",
        "Step 9/39 : LABEL x",
        "< Installing xbuild in the image",
    ]


def test_podmans_stages_are_steps_but_the_last_which_begins_early() -> None:
    recorder = Recorder()
    follow(PODMAN, tag="xbuild:x-1", progress=recorder)
    assert recorder.told == [
        "> Installing the image's packages",
        "[1/4] STEP 1/5: FROM sha256:1 AS system",
        "bold",
        "[4/4] STEP 1/9: FROM 2 AS image",
        "< Installing the image's packages",
        "> Installing xbuild in the image",
        "[2/4] STEP 1/7: FROM 2 AS xbuild",
        "< Installing xbuild in the image",
    ]


@pytest.mark.parametrize(
    "said",
    [
        "The command '/bin/sh -c set -eu; long' returned a non-zero code: 100\n",
        'error building at STEP "RUN set -eu; long": error while running runtime: exit status 100\n',
    ],
)
def test_a_step_that_fails_is_told_by_its_title_and_last_lines(said: str) -> None:
    events = [*DOCKER, *({"stream": f"line {number}\n"} for number in range(100)), {"error": said}]
    with pytest.raises(EngineError) as caught:
        follow(events, tag="xbuild:x-1", progress=Recorder())
    error = caught.value
    assert error.message == "cannot build the image xbuild:x-1: 'Installing xbuild in the image' failed"
    assert error.hint == "the lines above say why"
    assert error.details == "\n".join(f"line {number}" for number in range(70, 100))


def test_another_failure_is_told_as_the_engine_says_it() -> None:
    with pytest.raises(EngineError) as caught:
        follow([{"error": "no such image"}], tag="xbuild:x-1", progress=Recorder())
    assert caught.value.message == "cannot build the image xbuild:x-1: no such image"
    assert caught.value.hint is None


@pytest.mark.parametrize(
    "events",
    [
        [{"stream": "dpkg: error: No space left on device\n"}, {"error": "x returned a non-zero code: 1"}],
        [{"error": "write /var/lib/docker/tmp/x: no space left on device"}],
    ],
    ids=["in a step", "of the engine"],
)
def test_a_full_disk_is_told_as_such(events: list[dict[str, str]]) -> None:
    with pytest.raises(EngineError) as caught:
        follow(events, tag="xbuild:x-1", progress=Recorder())
    assert caught.value.message.endswith(": the disk is full where the container engine keeps its images")
    assert caught.value.hint == "make room there: 'xbuild image prune', 'docker system df'"


def test_an_engine_that_goes_away_is_an_error() -> None:
    with pytest.raises(EngineError) as caught, engine_errors("looking for its images"):
        raise requests.exceptions.ConnectionError("aborted")
    assert caught.value.message == "the container engine went away while looking for its images"
    assert caught.value.hint == "see that it runs, then run the same command again"


def test_what_the_engine_refuses_is_an_error() -> None:
    with pytest.raises(EngineError) as caught, engine_errors("looking for its images"):
        raise docker.errors.APIError("it is broken")
    assert caught.value.message == "the container engine failed while looking for its images: it is broken"


def test_our_own_errors_pass() -> None:
    with pytest.raises(EngineError, match="mine"), engine_errors("looking for its images"):
        raise EngineError("mine")
