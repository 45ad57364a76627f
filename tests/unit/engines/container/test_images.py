"""Finding and building images, with an engine of a few lines at the SDK's seam."""

from __future__ import annotations

import io
import json
import re
import tarfile
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import docker
import pytest
import requests

from xbuild.engines.container import labels
from xbuild.engines.container.images import DEFAULT_BASE, ImageRequest, ensure_image
from xbuild.engines.container.inventory import own_images, prune
from xbuild.errors import EngineError, UsageError
from xbuild.progress import SilentProgress
from xbuild.provision.cache import Cache
from xbuild.selection import Selection
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BASE = {"Id": "sha256:base", "RepoTags": [DEFAULT_BASE], "Os": "linux", "Architecture": "amd64", "Labels": {}}
DIGEST = f"sha256:{'ab' * 32}"
PINNED = f"debian@{DIGEST}"
RISCV, PPC = get_target("riscv64"), get_target("ppc64le")


class FakeResponse:
    """What requests gives for a stream of JSON lines."""

    def __init__(self, status: int, events: list[dict[str, str]]) -> None:
        self.ok = status < 400
        self.text = "it does not want to\n"
        self._events = events

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def iter_lines(self) -> Iterator[bytes]:
        return (line for event in self._events for line in (json.dumps(event).encode(), b""))


class FakeEngine:
    """Has images, and builds one by taking the labels of the Containerfile. It is its own ``api``."""

    base_url = "http+docker://localhost"
    api_version = "1.41"

    def __init__(self, *images: dict[str, Any]) -> None:
        self.stored: list[dict[str, Any]] = list(images)
        self.built: list[dict[str, Any]] = []
        self.pulled: list[str] = []
        self.pruned: list[str] = []
        self.events: list[dict[str, str]] = []
        self.status = 200
        self.used: set[str] = set()
        self.running: list[dict[str, Any]] = []
        self.filled: list[dict[str, Any]] | None = None

    @property
    def api(self) -> FakeEngine:
        return self

    def images(self, *, filters: Mapping[str, Any]) -> list[dict[str, Any]]:  # noqa: ARG002, the SDK's
        return [{"Size": 5, "Created": 0, **image} for image in self.stored if labels.IMAGE in image["Labels"]]

    def inspect_image(self, name: str) -> dict[str, Any]:
        assert name, "the SDK refuses an empty name"
        for image in self.stored:
            if name in (image["Id"], *image["RepoTags"], *image.get("RepoDigests", ())):
                return image
        raise docker.errors.ImageNotFound(name)

    def pull(self, name: str, **_options: object) -> Iterator[dict[str, str]]:
        self.pulled.append(name)
        if name in (DEFAULT_BASE, PINNED):
            digests = {"RepoDigests": [PINNED]} if name == PINNED else {}
            self.stored.append({**BASE, **digests})
            yield {"status": "done"}
        else:
            yield {"error": "not found"}

    def post(self, url: str, *, params: dict[str, str], data: bytes, **_options: object) -> FakeResponse:
        assert url == "http+docker://localhost/v1.41/build"
        self.built.append({"tag": params["t"], "buildargs": json.loads(params["buildargs"])})
        time.sleep(0.05)
        if not self.events and self.status == 200:
            image = {"Id": f"sha256:{len(self.built)}", "RepoTags": [params["t"]], "Labels": labels_of(data)}
            self.stored.insert(0, image)
        return FakeResponse(self.status, self.events)

    def prune_images(self, *, filters: Mapping[str, Any]) -> None:
        assert filters["dangling"] is True
        self.pruned += filters["label"]

    def remove_image(self, name: str) -> None:
        if name in self.used:
            conflict = requests.Response()
            conflict.status_code = 409
            raise docker.errors.APIError("in use", response=conflict)
        self.stored = [image for image in self.stored if name not in (image["Id"], *image["RepoTags"])]

    def containers(self, **_options: object) -> list[dict[str, Any]]:
        return self.running

    def remove_container(self, name: str, **_options: object) -> None:
        self.running = [container for container in self.running if container["Id"] != name]

    def volumes(self, **_options: object) -> dict[str, Any]:
        return {"Volumes": self.filled}

    def remove_volume(self, name: str) -> None:
        self.filled = [volume for volume in self.filled or () if volume["Name"] != name]


def labels_of(context: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(context)) as archive:
        file = archive.extractfile("Containerfile")
        assert file is not None
        *_, last = file.read().decode().splitlines()
    pairs = re.findall(r'(\S+?)="((?:[^"\\]|\\.)*)"', last.removeprefix("LABEL "))
    return {name: re.sub(r"\\(.)", r"\1", value) for name, value in pairs}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XBUILD_CACHE_DIR": str(tmp_path / "cache")}


def ensure(engine: FakeEngine, environ: Mapping[str, str], *selections: Selection, **options: Any) -> str:
    request = ImageRequest(selections=selections or (Selection(target=RISCV),), **options)
    return ensure_image(engine, request, environ=environ, progress=SilentProgress())


def test_an_image_is_built_on_the_base_that_is_there(environ: dict[str, str]) -> None:
    engine = FakeEngine(dict(BASE))
    assert ensure(engine, environ) == "sha256:1"
    (build,) = engine.built
    assert re.fullmatch(r"xbuild:riscv64-[0-9a-f]{12}", build["tag"])
    assert build["buildargs"]["BASE"] == "sha256:base"
    assert engine.pulled == []
    label = engine.stored[0]["Labels"]
    assert label[labels.BASE] == "sha256:base"
    assert [each["target"] for each in json.loads(label[labels.SELECTIONS])] == ["riscv64"]


def test_only_layers_of_the_same_build_are_cleaned_up(environ: dict[str, str]) -> None:
    engine = FakeEngine(dict(BASE))
    ensure(engine, environ)
    digest = engine.built[0]["tag"].rpartition("-")[2]
    assert engine.built[0]["buildargs"]["STAGE"] == digest
    assert engine.pruned == [f"{labels.STAGE}={digest}", f"{labels.STAGE}=system"]


def test_it_is_built_once(environ: dict[str, str]) -> None:
    engine = FakeEngine(dict(BASE))
    assert ensure(engine, environ) == ensure(engine, environ)
    assert len(engine.built) == 1


def test_of_several_that_want_it_one_builds(environ: dict[str, str]) -> None:
    engine = FakeEngine(dict(BASE))
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(ensure(engine, environ))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["sha256:1"] * 4
    assert len(engine.built) == 1


def test_an_image_with_more_in_it_serves(environ: dict[str, str]) -> None:
    engine = FakeEngine(dict(BASE))
    both = ensure(engine, environ, Selection(target=RISCV), Selection(target=PPC))
    assert engine.built[0]["tag"].startswith("xbuild:all-")
    assert ensure(engine, environ, Selection(target=PPC)) == both
    assert len(engine.built) == 1


@pytest.mark.parametrize(
    "wanted",
    [
        Selection(target=PPC),
        Selection(target=RISCV, python="3.14"),
        Selection(target=RISCV, toolchain="zig"),
        Selection(target=RISCV, libraries=("libffi-dev",)),
        Selection(target=RISCV, base_suite="forky"),
        Selection(target=RISCV, archive="http://mirror.example/debian"),
    ],
    ids=["target", "python", "toolchain", "libraries", "suite", "archive"],
)
def test_an_image_with_something_else_does_not(environ: dict[str, str], wanted: Selection) -> None:
    engine = FakeEngine(dict(BASE))
    first = ensure(engine, environ)
    assert ensure(engine, environ, wanted) != first


def test_another_base_makes_another_image(environ: dict[str, str]) -> None:
    engine = FakeEngine(dict(BASE))
    first = ensure(engine, environ)
    engine.stored = [image for image in engine.stored if image["Id"] != "sha256:base"]
    assert ensure(engine, environ) == first, "one that is no longer there is taken as it was"
    engine.stored.append(BASE | {"Id": "sha256:newer"})
    assert ensure(engine, environ) != first


def test_an_image_that_a_user_made_from_ours_is_not_ours(environ: dict[str, str]) -> None:
    engine = FakeEngine(dict(BASE))
    ensure(engine, environ)
    engine.stored[0]["RepoTags"] = ["mine:1"]
    assert ensure(engine, environ) == "sha256:2"
    assert [image.id for image in own_images(engine)] == ["sha256:2"]


def test_a_base_that_is_not_there_is_pulled(environ: dict[str, str]) -> None:
    engine = FakeEngine()
    ensure(engine, environ)
    assert engine.pulled == [DEFAULT_BASE]


def test_a_base_may_be_pinned(environ: dict[str, str]) -> None:
    engine = FakeEngine()
    pinned = ensure(engine, environ, base=PINNED)
    assert ensure(engine, environ, base=PINNED) == pinned
    assert engine.pulled == [PINNED]
    (image,) = own_images(engine)
    assert (image.base, image.base_digest, image.is_current) == (PINNED, DIGEST, True)


@pytest.mark.parametrize(("digests", "found"), [([PINNED], DIGEST), ([], None)])
def test_where_the_base_came_from_is_known_of_a_registry_s(
    environ: dict[str, str], digests: list[str], found: str | None
) -> None:
    engine = FakeEngine(BASE | {"RepoDigests": digests})
    ensure(engine, environ)
    (image,) = own_images(engine)
    assert (image.base, image.base_digest) == (DEFAULT_BASE, found)


def test_a_base_that_cannot_be_pulled_is_an_error(environ: dict[str, str]) -> None:
    with pytest.raises(EngineError) as caught:
        ensure(FakeEngine(), environ, base="nobody/nothing")
    assert caught.value.message == "cannot pull the image nobody/nothing: not found"


def test_a_base_for_another_machine_is_pulled_for_the_one_that_is_wanted(environ: dict[str, str]) -> None:
    engine = FakeEngine(dict(BASE))
    with pytest.raises(EngineError) as caught:
        ensure(engine, environ, platform="linux/arm64")
    assert engine.pulled == [DEFAULT_BASE]
    assert caught.value.message == f"{DEFAULT_BASE} is not for the platform linux/arm64"


def test_a_build_that_fails_cleans_up(environ: dict[str, str]) -> None:
    engine = FakeEngine(dict(BASE))
    engine.events = [{"error": "no such thing"}]
    with pytest.raises(EngineError, match="no such thing"):
        ensure(engine, environ)
    assert len(engine.pruned) == 2


def test_a_build_that_the_engine_refuses_is_an_error(environ: dict[str, str]) -> None:
    engine = FakeEngine(dict(BASE))
    engine.status = 500
    with pytest.raises(EngineError) as caught:
        ensure(engine, environ)
    assert caught.value.message == f"cannot build the image {engine.built[0]['tag']}: it does not want to"


def test_one_image_is_of_one_archive(environ: dict[str, str]) -> None:
    selections = (Selection(target=RISCV, archive="http://a.example/debian"), Selection(target=PPC))
    with pytest.raises(UsageError) as caught:
        ensure(FakeEngine(dict(BASE)), environ, *selections)
    assert caught.value.message == "one image cannot be made from several archives"


def test_old_images_are_pruned_and_used_ones_kept(environ: dict[str, str]) -> None:
    engine = FakeEngine(dict(BASE))
    current = ensure(engine, environ)
    old = engine.stored[0]["Labels"] | {labels.CONTENT: "of another xbuild"}
    engine.stored += [
        {"Id": "sha256:old", "RepoTags": ["xbuild:riscv64-1"], "Labels": old},
        {"Id": "sha256:used", "RepoTags": ["xbuild:riscv64-2"], "Labels": old},
        {"Id": "sha256:dangling", "RepoTags": [], "Labels": old},
    ]
    engine.used = {"xbuild:riscv64-2"}
    pruned = prune(engine, cache=Cache.default(environ))
    assert pruned.images == ("xbuild:riscv64-1", "sha256:dangling")
    assert pruned.used == ("xbuild:riscv64-2",)
    assert current in {image["Id"] for image in engine.stored}


def test_an_image_whose_labels_say_little_is_listed_as_old() -> None:
    engine = FakeEngine({"Id": "sha256:1", "RepoTags": ["xbuild:x"], "Labels": {labels.IMAGE: "1"}})
    (image,) = own_images(engine)
    assert (image.tag, image.contents, image.version, image.is_current) == ("xbuild:x", (), "", False)


def test_all_images_are_pruned_if_asked(environ: dict[str, str]) -> None:
    engine = FakeEngine(dict(BASE))
    ensure(engine, environ)
    pruned = prune(engine, cache=Cache.default(environ), everything=True)
    assert pruned.images == (engine.built[0]["tag"],)
    assert engine.stored == [BASE]


def test_containers_of_a_run_that_lives_stay(environ: dict[str, str]) -> None:
    engine = FakeEngine(dict(BASE))
    elsewhere = {labels.OWNER: "11111111-2222-3333-4444-555555555555/1:1:1"}
    engine.running = [
        {"Id": "1", "Name": "", "Names": ["/dead"], "Labels": {labels.OWNER: labels.current_owner() + "0"}},
        {"Id": "2", "Names": ["/alive"], "Labels": labels.run_marks()},
        {"Id": "3", "Names": ["/unknown"], "Labels": None},
        {"Id": "4", "Names": ["/elsewhere"], "Labels": labels.run_marks() | elsewhere},
        {"Id": "5", "Names": [], "Labels": elsewhere | {labels.UNTIL: "1"}},
    ]
    engine.filled = [{"Name": each, "Labels": elsewhere} for each in ("elsewhere", "alone")]
    pruned = prune(engine, cache=Cache.default(environ))
    assert (pruned.containers, pruned.volumes) == (("dead", "5"), ())
    assert pruned.unknown == ("unknown", "elsewhere", "alone")
    assert [container["Id"] for container in engine.running] == ["2", "3", "4"]

    pruned = prune(engine, cache=Cache.default(environ), everything=True)
    assert (pruned.containers, pruned.volumes) == (("unknown", "elsewhere"), ("elsewhere", "alone"))
    assert pruned.unknown == ()
    assert [container["Id"] for container in engine.running] == ["2"]
