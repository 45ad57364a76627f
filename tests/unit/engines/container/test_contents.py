from __future__ import annotations

from pathlib import Path

import pytest

from xbuild.engines.container.contents import Provisioned, covers, dump, load, provisioned
from xbuild.errors import EngineError
from xbuild.selection import DEFAULT_PYTHON, Selection
from xbuild.targets import get_target

RISCV = get_target("riscv64")
FULL = Provisioned(
    target="riscv64",
    python="3.14t",
    toolchain="zig",
    libraries=("libffi-dev", "zlib1g-dev"),
    base_suite="trixie",
    python_suite="sid",
)


def test_selections_become_what_an_image_needs() -> None:
    selections = (
        Selection(target=RISCV, python="3.14", sysroot=Path("/mine")),
        Selection(target=RISCV, libraries=("zlib1g-dev", "libffi-dev", "zlib1g-dev")),
        Selection(target=RISCV, python="3.14", offline=True),
    )
    assert provisioned(selections) == (
        Provisioned(target="riscv64", python=DEFAULT_PYTHON, libraries=("libffi-dev", "zlib1g-dev")),
        Provisioned(target="riscv64", python="3.14"),
    )


@pytest.mark.parametrize("toolchain", ["system", "/home/me/mine.toml"])
def test_compilers_of_this_machine_are_not_in_an_image(toolchain: str) -> None:
    with pytest.raises(EngineError) as caught:
        provisioned([Selection(target=RISCV, toolchain=toolchain)])
    assert caught.value.message == f"xbuild's images have no toolchain {toolchain!r}: it is of this machine"
    assert caught.value.hint == ("use --toolchain gcc or zig, or an image of your own that has the compilers: --image")


def test_all_that_was_asked_for_is_fetched() -> None:
    assert FULL.fetch_arguments() == [
        "riscv64", "--python", "3.14t", "--toolchain", "zig", "--lib", "libffi-dev", "--lib", "zlib1g-dev",
        "--base-suite", "trixie", "--python-suite", "sid",
    ]  # fmt: skip


def test_a_label_says_it_again() -> None:
    contents = (FULL, Provisioned(target="ppc64le", python="3.13"))
    assert load(dump(contents)) == contents


@pytest.mark.parametrize("label", ["", "{", "[1]", '[{"target": "x"}]', '[{"libraries": [], "more": 1}]'])
def test_a_label_of_another_kind_says_nothing(label: str) -> None:
    assert load(label) == ()


def test_an_image_may_have_more_than_is_wanted() -> None:
    other = Provisioned(target="riscv64", python="3.13")
    assert covers([FULL, other], [other])
    assert not covers([FULL], [other])
