from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from xbuild.engines.container.labels import current_owner, is_abandoned, own_tag


def test_this_process_lives() -> None:
    assert not is_abandoned(current_owner())


def test_a_process_that_ended_left_what_it_had() -> None:
    code = (
        "from xbuild.engines.container import labels\n"
        "owner = labels.current_owner()\n"
        "print(owner, labels.is_abandoned(owner))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    owner, alive = done.stdout.rsplit(maxsplit=1)
    assert alive == "False"
    assert is_abandoned(owner)


def test_another_process_with_the_same_number_is_not_the_owner() -> None:
    assert is_abandoned(current_owner() + "0")


@pytest.mark.parametrize(
    "owner", ["", "x", "elsewhere:1:1", f"{socket.gethostname()}:x:1", f"{socket.gethostname()}:1"]
)
def test_what_cannot_be_known_is_left_alone(owner: str) -> None:
    assert not is_abandoned(owner)


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (["xbuild:riscv64-1"], "xbuild:riscv64-1"),
        (["localhost/xbuild:riscv64-1"], "xbuild:riscv64-1"),
        (["docker.io/library/xbuild:riscv64-1"], "xbuild:riscv64-1"),
        (["mine:1", "xbuild:riscv64-1"], "xbuild:riscv64-1"),
        (["mine:1"], None),
        (["mine/xbuild:1"], None),
        (["<none>:<none>"], None),
        (None, None),
    ],
)
def test_our_tags_are_known(tags: list[str] | None, found: str | None) -> None:
    assert own_tag(tags) == found
