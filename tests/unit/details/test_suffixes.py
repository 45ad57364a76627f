"""The list of suffixes that each kind of CPython imports, as importlib.machinery of real ones has it."""

from __future__ import annotations

import importlib.machinery
import sys
import sysconfig

import pytest

from xbuild.details.suffixes import extension_suffixes, split_suffix, stable_suffix

RISCV = "riscv64-linux-gnu"


@pytest.mark.parametrize(
    ("version", "flags", "found", "middle"),
    [
        ((3, 8), "", None, [".abi3.so"]),
        ((3, 14), "", None, [".abi3.so"]),
        ((3, 14), "", {".abi3.so", f".abi3-{RISCV}.so"}, [".abi3.so", f".abi3-{RISCV}.so"]),
        ((3, 14), "t", None, []),
        ((3, 15), "", None, [f".abi3-{RISCV}.so", ".abi3.so", f".abi3t-{RISCV}.so", ".abi3t.so"]),
        ((3, 15), "", {".abi3.so"}, [".abi3.so"]),
        ((3, 15), "t", None, [f".abi3t-{RISCV}.so", ".abi3t.so"]),
    ],
)
def test_the_list(version: tuple[int, int], flags: str, found: set[str] | None, middle: list[str]) -> None:
    suffix = f".cpython-{version[0]}{version[1]}{flags}-{RISCV}.so"
    known = None if found is None else frozenset(found)
    expected = extension_suffixes(suffix, version=version, flags=tuple(flags), alternative="", found=known)
    assert expected == [suffix, *middle, ".so"]
    assert stable_suffix(expected) == (middle[0] if middle else None)


def test_a_debug_build_imports_a_release_builds_modules() -> None:
    listed = extension_suffixes(
        f".cpython-314d-{RISCV}.so", version=(3, 14), flags=("d",), alternative=f"cpython-314-{RISCV}", found=None
    )
    assert listed == [f".cpython-314d-{RISCV}.so", f".cpython-314-{RISCV}.so", ".abi3.so", ".so"]


def test_a_suffix_of_another_form() -> None:
    assert extension_suffixes(".so", version=(3, 14), flags=(), alternative="", found=None) == [
        ".so",
        ".abi3.so",
        ".so",
    ]


@pytest.mark.parametrize(
    ("suffix", "parts"),
    [
        (f".cpython-314t-{RISCV}.so", ("314", "t", RISCV)),
        (f".cpython-315td-{RISCV}.so", ("315", "td", RISCV)),
        (".cpython-39-darwin.so", ("39", "", "darwin")),
        (".pypy311-pp73-aarch64-linux-gnu.so", None),
        (".abi3.so", None),
    ],
)
def test_split(suffix: str, parts: tuple[str, str, str] | None) -> None:
    assert split_suffix(suffix) == parts


@pytest.mark.skipif(
    sys.platform != "linux" or sys.implementation.name != "cpython", reason="a Linux CPython's own list"
)
def test_it_is_this_interpreters_own_list() -> None:
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    real = importlib.machinery.EXTENSION_SUFFIXES
    known = frozenset(each for each in real if each.startswith(".abi3"))
    flags = tuple(sys.abiflags)
    for found in (known, None) if known <= {".abi3.so"} or sys.version_info >= (3, 15) else (known,):
        assert real == extension_suffixes(
            suffix, version=sys.version_info[:2], flags=flags, alternative="", found=found
        )
