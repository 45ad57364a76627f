"""Extension modules: suffixes, entry points and the ABI a wheel promises."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.wheels import RISCV64

from xbuild.wheels.elf import ElfFile
from xbuild.wheels.modules import ModuleName, check_module, entry_points, is_module, parse_module_name

if TYPE_CHECKING:
    from xbuild.wheels.tags import WheelExpectation

MODULE = ElfFile(
    elf_class=64,
    data="little",
    machine="EM_RISCV",
    flags=5,
    type="ET_DYN",
    dynamic=True,
    init_functions=("PyInit__x",),
)
LIBRARY = replace(MODULE, init_functions=())
VERSIONED = frozenset({("cp313", "cp313")})
FREE_THREADED = replace(
    RISCV64, abi_flags="t", extension_suffix=".cpython-313t-riscv64-linux-gnu.so", stable_abi_suffix=None
)


def since_3_15(expectation: WheelExpectation) -> WheelExpectation:
    return replace(
        expectation,
        python=(3, 15),
        extension_suffix=expectation.extension_suffix.replace("313", "315"),
        stable_abi_suffix=".abi3t.so" if expectation.abi_flags else ".abi3.so",
    )


def check(
    member: str, *tags: tuple[str, str], elf: ElfFile = MODULE, expectation: WheelExpectation = RISCV64
) -> list[str]:
    findings = check_module(member, elf, expectation=expectation, tags=frozenset(tags) or VERSIONED)
    return [f"{finding.severity}: {finding}" for finding in findings]


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (
            "pkg/_x.cpython-313-riscv64-linux-gnu.so",
            ModuleName(stem="_x", suffix=".cpython-313-riscv64-linux-gnu.so", kind="versioned"),
        ),
        ("_x.cpython-314t-x.so", ModuleName(stem="_x", suffix=".cpython-314t-x.so", kind="versioned")),
        (
            "_x.pypy311-pp73-x86_64-linux-gnu.so",
            ModuleName(stem="_x", suffix=".pypy311-pp73-x86_64-linux-gnu.so", kind="versioned"),
        ),
        ("a/b/_x.abi3.so", ModuleName(stem="_x", suffix=".abi3.so", kind="stable")),
        ("_x.abi3t.so", ModuleName(stem="_x", suffix=".abi3t.so", kind="stable")),
        ("_x.abi3-riscv64-linux-gnu.so", ModuleName(stem="_x", suffix=".abi3-riscv64-linux-gnu.so", kind="stable")),
        ("libx.so", ModuleName(stem="libx", suffix=".so", kind="plain")),
        ("libx.so.1", None),
        ("libx-1.2.so", None),
        ("x.abi4.so", None),
        (".so", None),
        ("x.py", None),
    ],
)
def test_file_names_of_modules(member: str, expected: ModuleName | None) -> None:
    assert parse_module_name(member) == expected


def test_entry_points() -> None:
    assert entry_points("_x") == {"PyInit__x", "PyModExport__x"}
    assert entry_points("größe") == {"PyInitU_gre_6ka8i", "PyModExportU_gre_6ka8i"}


def test_what_is_a_module() -> None:
    assert is_module("_x.abi3.so", LIBRARY)
    assert is_module("_x.so", MODULE)
    assert not is_module("libx.so", MODULE)
    assert not is_module("libx.so", replace(MODULE, init_functions=None))
    assert not is_module("libx.so.1", MODULE)


@pytest.mark.parametrize(
    ("member", "tags", "expectation"),
    [
        ("_x.cpython-313-riscv64-linux-gnu.so", ("cp313", "cp313"), RISCV64),
        ("_x.abi3.so", ("cp39", "abi3"), RISCV64),
        ("_x.abi3.so", ("cp313", "cp313"), RISCV64),
        ("_x.so", ("cp313", "cp313"), RISCV64),
        ("_x.cpython-313t-riscv64-linux-gnu.so", ("cp313", "cp313t"), FREE_THREADED),
        ("_x.abi3-riscv64-linux-gnu.so", ("cp315", "abi3"), since_3_15(RISCV64)),
        ("_x.abi3t.so", ("cp315", "abi3t"), since_3_15(RISCV64)),
        ("_x.abi3t.so", ("cp315", "abi3t"), since_3_15(FREE_THREADED)),
        ("libx.so.1", ("py3", "none"), RISCV64),
    ],
)
def test_right_modules_give_no_finding(member: str, tags: tuple[str, str], expectation: WheelExpectation) -> None:
    assert check(member, tags, expectation=expectation) == []


@pytest.mark.parametrize(
    ("suffix", "expectation", "expected"),
    [
        (".cpython-313-x86_64-linux-gnu.so", RISCV64, ".cpython-313-riscv64-linux-gnu.so"),
        (".cpython-312-riscv64-linux-gnu.so", RISCV64, ".cpython-313-riscv64-linux-gnu.so"),
        (".cpython-313-riscv64-linux-gnu.so", FREE_THREADED, ".cpython-313t-riscv64-linux-gnu.so"),
        (".pypy311-pp73-riscv64-linux-gnu.so", RISCV64, ".cpython-313-riscv64-linux-gnu.so"),
        (".abi3.so", FREE_THREADED, ".cpython-313t-riscv64-linux-gnu.so"),
        (".abi3t.so", RISCV64, ".abi3.so"),
        (".abi3t.so", FREE_THREADED, ".cpython-313t-riscv64-linux-gnu.so"),
        (".abi3-x86_64-linux-gnu.so", since_3_15(RISCV64), ".abi3-riscv64-linux-gnu.so"),
    ],
)
def test_a_suffix_the_interpreter_does_not_look_for(suffix: str, expectation: WheelExpectation, expected: str) -> None:
    assert check(f"pkg/_x{suffix}", expectation=expectation) == [
        (
            f"error: XBW141 pkg/_x{suffix}: the target's interpreter does not look for modules with this suffix "
            f"(expected {expected}, found {suffix})"
        )
    ]


VERSION_IN_STABLE = (
    "error: XBW142 {}: a module for one version only, in a wheel that promises the stable ABI of several"
)
IN_NONE = "{}: XBW142 {}: an extension module in a wheel that promises no Python ABI"


@pytest.mark.parametrize(
    ("member", "tags", "expectation", "expected"),
    [
        ("_x.cpython-313-riscv64-linux-gnu.so", [("cp39", "abi3")], RISCV64, VERSION_IN_STABLE),
        ("_x.cpython-313-riscv64-linux-gnu.so", [("py3", "none")], RISCV64, IN_NONE.replace("{}", "error", 1)),
        ("_x.abi3.so", [("py3", "none")], RISCV64, IN_NONE.replace("{}", "error", 1)),
        ("_x.so", [("py2", "none"), ("py3", "none")], RISCV64, IN_NONE.replace("{}", "warning", 1)),
        (
            "_x.abi3.so",
            [("cp315", "abi3"), ("cp315", "abi3t")],
            since_3_15(RISCV64),
            "error: XBW142 {}: free-threaded interpreters do not load .abi3.so, and the tag names them",
        ),
        (
            # setuptools on 3.15 names modules so, whatever py_limited_api says.
            "_x.abi3-riscv64-linux-gnu.so",
            [("cp39", "abi3")],
            since_3_15(RISCV64),
            (
                "error: XBW142 {}: CPython before 3.15 does not look for this suffix, "
                "and the wheel is for such a version (expected .abi3.so, found .abi3-riscv64-linux-gnu.so)"
            ),
        ),
    ],
)
def test_a_module_that_breaks_the_promise_of_the_tag(
    member: str, tags: list[tuple[str, str]], expectation: WheelExpectation, expected: str
) -> None:
    assert check(member, *tags, expectation=expectation) == [expected.format(member)]


def test_an_entry_point_of_another_name() -> None:
    elf = replace(MODULE, init_functions=("PyInit_a", "PyInit_b"))
    assert check("_x.abi3.so", elf=elf) == [
        (
            "error: XBW143 _x.abi3.so: the module exports another module's entry point, so importing it fails "
            "(expected PyInit__x, found PyInit_a, PyInit_b)"
        )
    ]


def test_a_module_without_an_entry_point_may_be_meant_for_ctypes() -> None:
    assert check("_x.abi3.so", elf=LIBRARY) == [
        (
            "warning: XBW143 _x.abi3.so: named like an extension module but without an entry point: "
            "it can be loaded by ctypes, not imported (expected PyInit__x, found none)"
        )
    ]


def test_a_module_whose_symbols_are_unknown_is_not_judged_by_them() -> None:
    assert check("_x.abi3.so", elf=replace(MODULE, init_functions=None)) == []


@pytest.mark.parametrize("changes", [{"type": "ET_EXEC"}, {"dynamic": False}])
def test_what_cannot_be_loaded(changes: dict[str, object]) -> None:
    elf = replace(MODULE, **changes)  # type: ignore[arg-type]  # fields of ElfFile
    (finding,) = check("_x.abi3.so", elf=elf)
    assert "XBW144 _x.abi3.so: it is not a shared object with a dynamic section" in finding


@pytest.mark.parametrize(("interpreter", "oldest"), [("py3", False), ("pp311", False), ("cp315", True)])
def test_the_oldest_interpreter_of_a_stable_wheel(interpreter: str, oldest: bool) -> None:
    findings = check("_x.abi3-riscv64-linux-gnu.so", (interpreter, "abi3"), expectation=since_3_15(RISCV64))
    assert (findings == []) == oldest
