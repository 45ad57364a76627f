"""Differences of meaning."""

from __future__ import annotations

from dataclasses import replace

from tests.support.details_cases import FILES, TREES

from xbuild.details import ABSENT, Difference, compare, load, loads, synthesise
from xbuild.details.model import Libpython

AARCH64 = load(FILES / "relocatable-aarch64.json")
THREADED = load(FILES / "free-threaded-x86_64.json")


def test_a_file_is_equal_to_itself() -> None:
    assert compare(AARCH64, AARCH64) == ()


def test_the_style_of_paths_does_not_count() -> None:
    stdlib = TREES / "debian-3.14-riscv64/usr/lib/python3.14"
    absolute, relative = (synthesise(stdlib, relative=style).details for style in (False, True))
    assert absolute != relative
    assert compare(absolute, relative) == ()


def test_the_order_of_keys_does_not_count() -> None:
    text = (FILES / "pypy-aarch64.json").read_text("utf-8")
    value = loads(text)
    assert value.suffixes is not None
    backwards = dict(reversed([*value.suffixes.items()]))
    assert compare(value, replace(value, suffixes=backwards)) == ()


def test_prefixes_of_one_style_are_compared() -> None:
    moved = replace(THREADED, base_prefix="/opt")
    assert Difference(pointer="/base_prefix", left="/usr", right="/opt") in compare(THREADED, moved)
    assert compare(AARCH64, replace(AARCH64, base_prefix=".././..")) == ()


def test_values_and_missing_keys() -> None:
    other = replace(
        AARCH64, platform="linux-armv7l", libpython=Libpython(static="lib/libpython3.14.a"), arbitrary_data={"a": 1}
    )
    assert compare(AARCH64, other) == (
        Difference(pointer="/platform", left="linux-aarch64", right="linux-armv7l"),
        Difference(pointer="/libpython/dynamic", left="lib/libpython3.14.so", right=ABSENT),
        Difference(pointer="/libpython/dynamic_stableabi", left="lib/libpython3.so", right=ABSENT),
        Difference(pointer="/libpython/link_extensions", left=False, right=ABSENT),
        Difference(pointer="/arbitrary_data", left=ABSENT, right={"a": 1}),
    )
    assert repr(ABSENT) == "ABSENT"


def test_true_is_not_one() -> None:
    left, right = (replace(AARCH64, arbitrary_data={"a": value}) for value in (True, 1))
    assert [each.pointer for each in compare(left, right)] == ["/arbitrary_data/a"]
