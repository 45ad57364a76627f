"""One engine of each kind for the whole session, and one image in it that the tests share."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from tests.support.engines import NAMES, Engine, make_base_image, running_engine

from xbuild.engines.container.images import ImageRequest, ensure_image
from xbuild.errors import EngineError
from xbuild.progress import SilentProgress
from xbuild.selection import Selection
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def base_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Debian as a tar file: made once, in half a minute."""
    return make_base_image(tmp_path_factory.mktemp("base-image"))


@pytest.fixture(scope="session", params=NAMES)
def engine(
    request: pytest.FixtureRequest, base_image: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """Docker, then Podman."""
    with running_engine(request.param, base=base_image, cache=tmp_path_factory.mktemp("cache")) as running:
        yield running


@dataclass(frozen=True, kw_only=True)
class BuiltImage:
    """The image that the tests share, and how long it took to build."""

    id: str
    request: ImageRequest
    seconds: float


@pytest.fixture(scope="session")
def image(engine: Engine) -> BuiltImage:
    """xbuild's own image for riscv64 with CPython 3.13."""
    request = ImageRequest(selections=(Selection(target=get_target("riscv64"), python="3.13"),))
    before = time.monotonic()
    try:
        found = ensure_image(engine.client, request, environ=engine.environ, progress=SilentProgress())
    except EngineError as error:
        pytest.fail(f"{error.message}\n{error.details}")
    return BuiltImage(id=found, request=request, seconds=time.monotonic() - before)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to the slow tests what Podman does with hostile builds: CI has the time for one engine's."""
    for item in items:
        if "test_sandbox.py" in item.nodeid and "podman" in item.name:
            item.add_marker(pytest.mark.slow)
