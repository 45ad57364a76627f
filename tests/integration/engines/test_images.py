"""Images as Docker and Podman build them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from docker.types import Ulimit

import xbuild
from xbuild.engines.container import labels
from xbuild.engines.container.client import is_podman, open_client
from xbuild.engines.container.contents import Provisioned, load
from xbuild.engines.container.images import DEFAULT_BASE, ImageRequest, ensure_image
from xbuild.errors import EngineError
from xbuild.progress import SilentProgress
from xbuild.selection import Selection
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.engines.conftest import BuiltImage
    from tests.support.engines import Engine

pytestmark = [pytest.mark.container, pytest.mark.network]


def in_image(engine: Engine, image: str, *command: str) -> str:
    """What ``command`` prints in a container of the image that is as locked as can be."""
    output: bytes = engine.client.containers.run(
        image,
        list(command)[1:],
        entrypoint=command[0],
        remove=True,
        user="12345:12345",
        network_mode="none",
        read_only=True,
        tmpfs={"/tmp": "rw,exec,mode=1777"},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        environment={"HOME": "/tmp", "XBUILD_CACHE_DIR": "/tmp/cache"},
        # Else Podman asks for more than its service, here, may give.
        ulimits=[Ulimit(name="nofile", soft=1024, hard=1024), Ulimit(name="nproc", soft=4096, hard=4096)],
    )
    return output.decode()


def ours(engine: Engine) -> set[str]:
    """Everything in the engine that the next test must not find changed: containers, and images that have a name."""
    containers = {container["Id"] for container in engine.client.api.containers(all=True)}
    return containers | {tag for image in engine.client.api.images() for tag in image["RepoTags"] or ()}


def unnamed(engine: Engine) -> list[str]:
    return [image["Id"] for image in engine.client.api.images(filters={"dangling": True, "label": labels.STAGE})]


def xbuild_command(engine: Engine, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "xbuild", *arguments], env=engine.environ, capture_output=True, text=True, check=False
    )


def test_the_engine_is_found_by_docker_host(engine: Engine) -> None:
    client = open_client(engine.environ)
    assert client.ping()
    assert is_podman(client) == (engine.name == "podman")


def test_the_image_says_what_it_is(engine: Engine, image: BuiltImage) -> None:
    facts = engine.client.api.inspect_image(image.id)
    config = facts["Config"]
    assert config["User"] == "xbuild"
    assert config["Entrypoint"] == ["/opt/xbuild/venv/bin/python", "-I", "-m", "xbuild.engines.worker"]
    label = config["Labels"]
    assert label[labels.IMAGE] == "1"
    assert label[labels.VERSION] == xbuild.__version__
    assert label[labels.BASE_NAME] == DEFAULT_BASE
    assert label[labels.BASE] == engine.client.api.inspect_image(DEFAULT_BASE)["Id"]
    assert load(label[labels.SELECTIONS]) == (Provisioned(target="riscv64", python="3.13"),)
    assert label["org.opencontainers.image.version"] == xbuild.__version__
    assert re.search(r"xbuild:riscv64-[0-9a-f]{12}$", facts["RepoTags"][0])


def test_the_image_has_what_builds_need(engine: Engine, image: BuiltImage) -> None:
    script = "gcc --version && make --version && git --version && pkgconf --version && python3 -m venv /tmp/venv"
    in_image(engine, image.id, "sh", "-ec", script)
    assert in_image(engine, image.id, "xbuild", "--version") == f"xbuild {xbuild.__version__}\n"


def test_any_user_resolves_a_target_without_network_and_writes_nothing_into_the_image(
    engine: Engine, image: BuiltImage
) -> None:
    text = in_image(
        engine, image.id, "xbuild", "crossfile", "cmake", "--target", "riscv64", "--python", "3.13", "--offline"
    )
    assert "set(CMAKE_SYSTEM_PROCESSOR" in text
    assert "/opt/xbuild/cache/trees/" in text
    assert "/tmp/cache/toolchains/" in text


def test_the_pythons_of_the_image_are_compiled(engine: Engine, image: BuiltImage) -> None:
    """A run could not keep byte code, and would make it anew each time: a second or two, more under emulation."""
    modules, compiled = (
        in_image(engine, image.id, "find", "/opt/xbuild/cache/trees", "-path", "*/usr/lib/*", "-name", name)
        for name in ("*.py", "*.pyc")
    )
    assert modules
    assert len(compiled.split()) == len(modules.split())


def test_nothing_of_the_build_machines_settings_is_in_the_image(engine: Engine, image: BuiltImage) -> None:
    assert in_image(engine, image.id, "sh", "-c", "ls -A /tmp; find / -xdev -name 'ca.pem' 2>/dev/null; true") == ""
    history = json.dumps(engine.client.api.history(image.id))
    assert "settings" not in history
    proxies = [value for name, value in os.environ.items() if name.upper().endswith("_PROXY") and value]
    assert not [value for value in proxies if value in history]


def test_an_image_that_is_there_is_used_at_once(engine: Engine, image: BuiltImage) -> None:
    before = time.monotonic()
    found = ensure_image(engine.client, image.request, environ=engine.environ, progress=SilentProgress())
    assert found == image.id
    assert time.monotonic() - before < min(3, image.seconds / 2)


def test_nothing_is_left_of_a_build(engine: Engine, image: BuiltImage) -> None:
    assert image.id
    assert unnamed(engine) == []
    assert engine.client.api.containers(all=True) == []


def test_a_step_that_fails_leaves_nothing_and_is_named(engine: Engine, image: BuiltImage) -> None:
    before = ours(engine)
    nowhere = "http://127.0.0.1:9/debian"
    request = ImageRequest(selections=(Selection(target=get_target("ppc64le"), archive=nowhere),))
    with pytest.raises(EngineError) as caught:
        ensure_image(engine.client, request, environ=engine.environ, progress=SilentProgress())
    assert re.fullmatch(
        r"cannot build the image xbuild:ppc64le-[0-9a-f]{12}: 'Installing the image's packages' failed",
        caught.value.message,
    )
    assert caught.value.details is not None
    assert "127.0.0.1:9" in caught.value.details
    assert ours(engine) == before
    assert unnamed(engine) == []
    assert image.id in {each["Id"] for each in engine.client.api.images()}


class Interrupting(SilentProgress):
    """Behaves as Ctrl-C does while a step prints."""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        with super().step(title):
            yield

    def output(self, line: str) -> None:
        if line.startswith(("Get:", "Reading package lists", "Selecting previously")):
            raise KeyboardInterrupt


def test_an_interrupted_build_leaves_nothing(engine: Engine, image: BuiltImage) -> None:
    assert image.id
    before = ours(engine)
    request = ImageRequest(
        # Another apt source: no layer of the shared image serves.
        selections=(Selection(target=get_target("s390x"), archive="http://127.0.0.1:9/interrupted"),)
    )
    with pytest.raises(KeyboardInterrupt):
        ensure_image(engine.client, request, environ=engine.environ, progress=Interrupting())
    deadline = time.monotonic() + 20
    while (ours(engine) != before or unnamed(engine)) and time.monotonic() < deadline:
        time.sleep(0.2)  # the engine ends what it was doing
    assert ours(engine) == before
    assert unnamed(engine) == []


def test_a_base_image_that_cannot_be_had_is_an_error(engine: Engine) -> None:
    request = ImageRequest(selections=(Selection(target=get_target("riscv64")),), base="localhost:9/nobody/nothing:1")
    with pytest.raises(EngineError) as caught:
        ensure_image(engine.client, request, environ=engine.environ, progress=SilentProgress())
    assert caught.value.message.startswith("cannot pull the image localhost:9/nobody/nothing:1: ")
    assert caught.value.hint == "check its name and the network"


def test_images_are_listed(engine: Engine, image: BuiltImage) -> None:
    done = xbuild_command(engine, "image", "list", "--json")
    assert done.returncode == 0, done.stderr
    listed = {each["id"]: each for each in json.loads(done.stdout)}
    assert listed[image.id]["is_current"]
    assert [each["target"] for each in listed[image.id]["contents"]] == ["riscv64"]


def test_what_killed_runs_left_is_removed_and_what_lives_stays(engine: Engine, image: BuiltImage) -> None:
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    owners = {
        "dead": re.sub(r":\d+:", f":{ended.pid}:", labels.current_owner()),
        "reused": labels.current_owner() + "1",
        "alive": labels.current_owner(),
        "elsewhere": "11111111-2222-3333-4444-555555555555/1:1:1",
    }
    for name, owner in owners.items():
        label = {labels.RUN: "1", labels.OWNER: owner}
        engine.client.api.create_volume(f"xbuild-{name}", labels=label)
        engine.client.containers.create(image.id, ["60"], entrypoint="sleep", name=f"xbuild-{name}", labels=label)
    try:
        done = xbuild_command(engine, "image", "prune", "--json")
        assert done.returncode == 0, done.stderr
        left = {name.lstrip("/") for each in engine.client.api.containers(all=True) for name in each["Names"]}
        volumes = {each["Name"] for each in engine.client.api.volumes()["Volumes"]}
    finally:
        for name in owners:
            for container in engine.client.containers.list(all=True, filters={"name": f"xbuild-{name}"}):
                container.remove(force=True)
            for volume in engine.client.volumes.list(filters={"name": f"xbuild-{name}"}):
                volume.remove()
    assert left == {"xbuild-alive", "xbuild-elsewhere"}
    assert volumes == {"xbuild-alive", "xbuild-elsewhere"}
    removed = json.loads(done.stdout)
    assert sorted(removed["containers"]) == sorted(removed["volumes"]) == ["xbuild-dead", "xbuild-reused"]
    assert removed["images"] == []


def test_images_of_another_xbuild_are_pruned_and_those_users_made_stay(engine: Engine, image: BuiltImage) -> None:
    def derive(name: str, *changes: str) -> None:
        container = engine.client.containers.create(image.id)
        try:
            container.commit(*name.split(":"), changes=list(changes))
        finally:
            container.remove()

    derive("xbuild:riscv64-000000000000", f"LABEL {labels.VERSION}=0.0.1")
    derive("mine:1", f"LABEL {labels.VERSION}=0.0.1")
    done = xbuild_command(engine, "image", "prune")
    tags = {tag.rpartition("/")[2] for each in engine.client.api.images() for tag in each["RepoTags"] or ()}
    engine.client.api.remove_image("mine:1")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "removed the image xbuild:riscv64-000000000000\n"
    assert "mine:1" in tags
    assert image.id in {each["Id"] for each in engine.client.api.images()}
