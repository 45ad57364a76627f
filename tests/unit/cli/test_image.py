from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from xbuild.cli import main
from xbuild.engines.container import client, images, inventory
from xbuild.engines.container.contents import Provisioned
from xbuild.engines.container.inventory import OwnImage, Pruned

if TYPE_CHECKING:
    from xbuild.engines.container.images import ImageRequest

Captured = pytest.CaptureFixture[str]


def own_image(number: int, *, target: str = "riscv64", **changes: Any) -> OwnImage:
    facts: dict[str, Any] = {
        "id": f"sha256:{number:064}",
        "tag": f"xbuild:{target}-{number}",
        "contents": (Provisioned(target=target, python="3.13"), Provisioned(target=target, python="3.14")),
        "version": "1.0",
        "size": 5 * 2**20,
        "created": datetime.now(UTC) - timedelta(hours=3),
        "is_current": True,
    }
    return OwnImage(**facts | changes)


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[ImageRequest]:
    """An engine that has an image for whatever is asked of it."""
    asked: list[ImageRequest] = []

    def ensure(_client: object, request: ImageRequest, **_options: object) -> str:
        asked.append(request)
        return own_image(len(asked)).id

    monkeypatch.setattr(client, "open_client", lambda _environ: None)
    monkeypatch.setattr(images, "ensure_image", ensure)
    monkeypatch.setattr(inventory, "own_images", lambda _client: tuple(own_image(number) for number in range(1, 4)))
    return asked


def test_each_target_gets_an_image(requests: list[ImageRequest], capsys: Captured) -> None:
    targets = ["--target", "riscv64", "--target", "arm64", "--target", "riscv64"]
    assert main(["image", "build", *targets, "--python", "3.13", "--python", "3.14", "--json"]) == 0
    chosen = [[(each.target.name, each.python) for each in request.selections] for request in requests]
    assert chosen == [[("riscv64", "3.13"), ("riscv64", "3.14")], [("aarch64", "3.13"), ("aarch64", "3.14")]]
    assert [each["tag"] for each in json.loads(capsys.readouterr().out)] == ["xbuild:riscv64-1", "xbuild:riscv64-2"]


def test_one_image_has_all_targets_if_asked(requests: list[ImageRequest]) -> None:
    options = ["--base", "mine:1", "--platform", "linux/arm64", "--toolchain", "zig", "--lib", "libffi-dev"]
    assert main(["image", "build", "--target", "riscv64", "--target", "aarch64", "--together", *options]) == 0
    (request,) = requests
    assert (request.base, request.platform) == ("mine:1", "linux/arm64")
    assert [(each.target.name, each.python) for each in request.selections] == [("riscv64", None), ("aarch64", None)]
    assert {(each.toolchain, each.libraries) for each in request.selections} == {("zig", ("libffi-dev",))}


def test_the_base_is_the_public_image_unless_chosen(requests: list[ImageRequest]) -> None:
    assert main(["image", "build", "--target", "riscv64"]) == 0
    assert requests[0].base == "debian:trixie-slim"


def test_images_are_listed(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(client, "open_client", lambda _environ: None)
    listed = (own_image(1), own_image(2, tag=None, is_current=False, created=datetime.now(UTC)))
    monkeypatch.setattr(inventory, "own_images", lambda _client: listed)
    assert main(["image", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ID            TAG               TARGETS  PYTHONS     VERSION    SIZE     AGE",
        "000000000000  xbuild:riscv64-1  riscv64  3.13, 3.14  1.0        5.0 MiB  3 hours",
        "000000000000  -                 riscv64  3.13, 3.14  1.0 (old)  5.0 MiB  0 seconds",
    ]


def test_what_was_removed_is_told(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    pruned = Pruned(containers=("c",), volumes=("v",), images=("i", "j"), used=("u",), unknown=("w",))
    asked: list[bool] = []

    def prune(_client: object, *, everything: bool, **_options: object) -> Pruned:
        asked.append(everything)
        return pruned

    monkeypatch.setattr(client, "open_client", lambda _environ: None)
    monkeypatch.setattr(inventory, "prune", prune)
    assert main(["image", "prune"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "removed the container c",
        "removed the volume v",
        "removed the image i",
        "removed the image j",
    ]
    assert err.splitlines() == [
        "kept u: a container uses it",
        "kept w: its run may still go on, on another machine or in a container; --all removes it",
    ]
    assert main(["image", "prune", "--all", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"containers": ["c"], "volumes": ["v"], "images": ["i", "j"]}
    assert asked == [False, True]


@pytest.mark.parametrize("command", [["list"], ["prune"], ["build", "--target", "riscv64"]], ids=lambda each: each[0])
def test_without_an_engine_it_says_so(command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    assert main(["image", *command]) == 16
    assert capsys.readouterr().err.startswith(
        "error: there is no container engine at unix:///no/such.sock (DOCKER_HOST): no such socket\nhint: "
    )
