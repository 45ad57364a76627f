"""Versions and configuration from C headers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.support.details_cases import TREES

from xbuild.details import VersionInfo
from xbuild.details.headers import (
    abi_flags,
    find_pyconfig,
    hexversion,
    parse_defines,
    parse_patchlevel,
    parse_version_text,
    read_version,
)

if TYPE_CHECKING:
    from pathlib import Path

PATCHLEVEL = """
#define PY_RELEASE_LEVEL_GAMMA  0xC     /* For release candidates */
/*--start constants--*/
#define PY_MAJOR_VERSION        3
#define PY_MINOR_VERSION        15
# define PY_MICRO_VERSION       0
#define PY_RELEASE_LEVEL        PY_RELEASE_LEVEL_GAMMA
#define PY_RELEASE_SERIAL       2
"""


def version(level: str = "final", serial: int = 0, *, micro: int = 8) -> VersionInfo:
    return VersionInfo(major=3, minor=14, micro=micro, releaselevel=level, serial=serial)


def test_defines() -> None:
    text = '#define A 1\n # define B\t"x" /* why */\n/* #undef C */\n#define D(x) (x)\n#define E\n'
    text += "#define A 2\n#define F (1)\n"
    assert parse_defines(text) == {"A": "2", "B": '"x"', "E": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#define A 1\r\n#define B 2\r\n", {"A": "1", "B": "2"}),
        ("#define A\n#define B 2", {"A": "", "B": "2"}),
        ("#define A/* why */\n#define B 1 /* why */ /* and */", {"A": "", "B": "1"}),
        ("#defineA 1\n#define\nA 1\n#define  \n", {}),
        ("#define A(x)\\\n 1\n#define É 1", {"É": "1"}),
    ],
)
def test_lines_that_define(text: str, expected: dict[str, str]) -> None:
    assert parse_defines(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "#define X y" + " " * 500_000 + "z",
        "#define X" + "\t" * 500_000 + "(",
        "#define" + " " * 500_000,
        " " * 500_000 + "x",
        "#" + " " * 500_000 + "x",
        "#define " + "X" * 500_000 + "-",
        "#define X " + "/* " * 150_000,
        "#define X " + "/ *" * 150_000,
    ],
)
def test_a_long_line_takes_linear_time(text: str) -> None:
    started = time.process_time()
    parse_defines(text)
    assert time.process_time() - started < 1


def test_a_version() -> None:
    assert parse_patchlevel(PATCHLEVEL) == VersionInfo(major=3, minor=15, micro=0, releaselevel="candidate", serial=2)
    assert read_version(TREES / "debian-3.14-riscv64/usr/include/python3.14") == version()
    assert read_version(TREES) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("MINOR_VERSION        15", "MINOR_VERSION        x"),
        ("LEVEL_GAMMA\n", "LEVEL_X\n"),
        ("15", "1" * 7),
        ("MAJOR", "M"),
    ],
)
def test_a_version_that_is_none(old: str, new: str) -> None:
    assert parse_patchlevel(PATCHLEVEL.replace(old, new)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3.14.8", version()),
        ("3.14.8+", version()),
        ("3.14.0a7", version("alpha", 7, micro=0)),
        ("3.14.0b1", version("beta", 1, micro=0)),
        ("3.14.0rc2", version("candidate", 2, micro=0)),
        ("3.14", None),
        ("", None),
        ("3.14.9999999", None),
        ("٣.14.0", None),
    ],
)
def test_a_version_as_text(text: str, expected: VersionInfo | None) -> None:
    assert parse_version_text(text) == expected


def test_hexversion() -> None:
    assert hexversion(version()) == 0x030E08F0
    assert hexversion(version("candidate", 2, micro=0)) == 0x030E00C2


def test_the_real_pyconfig_is_found_in_both_layouts(tmp_path: Path) -> None:
    include = TREES / "debian-3.14-armv7l/usr/include"
    real = include / "arm-linux-gnueabihf/python3.14/pyconfig.h"
    assert find_pyconfig(include / "python3.14", triplet="arm-linux-gnueabihf") == real
    assert find_pyconfig(include / "python3.14", triplet=None) is None
    assert find_pyconfig(tmp_path, triplet="arm-linux-gnueabihf") is None
    whole = TREES / "good-3.14-riscv64/include/python3.14"
    assert find_pyconfig(whole, triplet="riscv64-linux-gnu") == whole / "pyconfig.h"


@pytest.mark.parametrize(
    ("defines", "flags"),
    [
        ({}, ()),
        ({"Py_GIL_DISABLED": "1"}, ("t",)),
        ({"Py_DEBUG": "1", "Py_GIL_DISABLED": "1"}, ("t", "d")),
        ({"Py_DEBUG": "0"}, ()),
    ],
)
def test_flags(defines: dict[str, str], flags: tuple[str, ...]) -> None:
    assert abi_flags(defines) == flags
