"""Tags: which a target's interpreter takes, and what a wheel's name says."""

from __future__ import annotations

import pytest
from packaging.utils import parse_wheel_filename

from xbuild.errors import UsageError
from xbuild.targets import get_target
from xbuild.wheels.tags import Platform, WheelExpectation, accepted_tags, expectation_from_tags, parse_platform


def expect(python: tuple[int, int], flags: str = "") -> WheelExpectation:
    return WheelExpectation(
        target=get_target("riscv64"),
        python=python,
        abi_flags=flags,
        extension_suffix=f".cpython-{python[0]}{python[1]}{flags}-riscv64-linux-gnu.so",
    )


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("linux_riscv64", Platform(kind="linux", version=None, machine="riscv64")),
        ("linux_x86_64", Platform(kind="linux", version=None, machine="x86_64")),
        ("manylinux_2_31_riscv64", Platform(kind="manylinux", version=(2, 31), machine="riscv64")),
        ("manylinux1_x86_64", Platform(kind="manylinux", version=(2, 5), machine="x86_64")),
        ("manylinux2010_x86_64", Platform(kind="manylinux", version=(2, 12), machine="x86_64")),
        ("manylinux2014_aarch64", Platform(kind="manylinux", version=(2, 17), machine="aarch64")),
        ("musllinux_1_2_aarch64", Platform(kind="musllinux", version=(1, 2), machine="aarch64")),
        ("any", None),
        ("win_amd64", None),
        ("macosx_11_0_arm64", None),
        ("manylinux_2_31", None),
        ("manylinux_2_31_", None),
    ],
)
def test_platform_tags_are_parsed(tag: str, expected: Platform | None) -> None:
    assert parse_platform(tag) == expected


def test_a_release_build_takes_its_own_version_the_stable_abi_and_pure_python() -> None:
    tags = accepted_tags(expect((3, 13)))
    assert {("cp313", "cp313"), ("cp313", "abi3"), ("cp39", "abi3"), ("cp313", "none"), ("py3", "none")} <= tags
    assert not {("cp314", "abi3"), ("cp312", "cp312"), ("cp313", "cp313t"), ("cp312", "none"), ("pp311", "none")} & tags


def test_a_free_threaded_build_takes_no_abi3() -> None:
    tags = accepted_tags(expect((3, 14), "t"))
    assert {("cp314", "cp314t"), ("py3", "none")} <= tags
    assert not {("cp314", "cp314"), ("cp314", "abi3"), ("cp39", "abi3")} & tags


def test_a_free_threaded_build_takes_abi3t_from_3_15_on() -> None:
    assert ("cp315", "abi3t") in accepted_tags(expect((3, 15), "t"))
    assert ("cp315", "abi3t") not in accepted_tags(expect((3, 14), "t"))


def test_a_debug_build_takes_what_a_release_build_takes() -> None:
    assert {("cp313", "cp313d"), ("cp313", "cp313"), ("cp39", "abi3")} <= accepted_tags(expect((3, 13), "d"))


def test_the_parts_of_a_tag() -> None:
    expectation = expect((3, 14), "t")
    assert (expectation.interpreter, expectation.abi) == ("cp314", "cp314t")
    assert expectation.tag == "cp314-cp314t-linux_riscv64"


@pytest.mark.parametrize(
    ("tag", "target", "python", "flags", "suffix", "stable"),
    [
        (
            "cp313-cp313-manylinux_2_31_riscv64",
            "riscv64",
            (3, 13),
            "",
            ".cpython-313-riscv64-linux-gnu.so",
            ".abi3.so",
        ),
        ("cp314-cp314t-linux_aarch64", "aarch64", (3, 14), "t", ".cpython-314t-aarch64-linux-gnu.so", ".abi3t.so"),
        ("cp39-abi3-manylinux2014_ppc64le", "ppc64le", (3, 9), "", ".cpython-39-powerpc64le-linux-gnu.so", ".abi3.so"),
        ("cp315-abi3t-linux_aarch64", "aarch64", (3, 15), "t", ".cpython-315t-aarch64-linux-gnu.so", ".abi3t.so"),
        ("py3-none-linux_armv7l", "armv7l", (3, 0), "", ".cpython-30-arm-linux-gnueabihf.so", ".abi3.so"),
        ("py2.py3-none-linux_s390x", "s390x", (3, 0), "", ".cpython-30-s390x-linux-gnu.so", ".abi3.so"),
        ("py311-none-linux_s390x", "s390x", (3, 11), "", ".cpython-311-s390x-linux-gnu.so", ".abi3.so"),
        ("cp310-none-linux_x86_64", "x86_64", (3, 10), "", ".cpython-310-x86_64-linux-gnu.so", ".abi3.so"),
    ],
)
def test_a_wheel_is_expected_to_be_what_its_tags_say(  # noqa: PLR0917, one row of the table
    tag: str, target: str, python: tuple[int, int], flags: str, suffix: str, stable: str
) -> None:
    tags = parse_wheel_filename(f"pkg-1.0-{tag}.whl")[3]
    assert expectation_from_tags(tags) == WheelExpectation(
        target=get_target(target),
        python=python,
        abi_flags=flags,
        extension_suffix=suffix,
        stable_abi_suffix=stable,
    )


def test_the_users_target_and_python_win_over_the_tags() -> None:
    tags = parse_wheel_filename("pkg-1.0-cp313-cp313-linux_x86_64.whl")[3]
    expectation = expectation_from_tags(tags, target=get_target("riscv64"), python="3.14t")
    assert expectation.tag == "cp314-cp314t-linux_riscv64"


def test_a_pure_wheel_has_no_target() -> None:
    expectation = expectation_from_tags(parse_wheel_filename("pkg-1.0-py3-none-any.whl")[3])
    assert (expectation.target, expectation.tag) == (None, "cp30-cp30-any")


def test_a_wheel_of_another_system_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        expectation_from_tags(parse_wheel_filename("pkg-1.0-cp313-cp313-win_amd64.whl")[3])
    assert caught.value.message == "the platform tags are those of no known target: win_amd64"
    assert caught.value.hint == "known targets: aarch64, armv7l, loongarch64, ppc64le, riscv64, s390x, x86_64"
