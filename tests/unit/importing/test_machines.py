"""Which target a toolchain is for."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from xbuild.errors import ToolchainError
from xbuild.importing.machines import by_compiler, by_meson, by_name, by_triplet
from xbuild.targets import target_names

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.importing.conftest import Import

HINT = f"say with --target what it is for, if it is one of {', '.join(target_names())}"


@pytest.mark.parametrize(
    ("triplet", "targets"),
    [
        ("aarch64-poky-linux", {"aarch64"}),
        ("powerpc64le-buildroot-linux-gnu", {"ppc64le"}),
        ("riscv64-unknown-linux-gnu", {"riscv64"}),
        ("arm-poky-linux-gnueabi", set()),
        ("aarch64-linux-musl", set()),
        ("mips-linux-gnu", set()),
    ],
)
def test_triplets(triplet: str, targets: set[str]) -> None:
    assert by_triplet(triplet, "x", "y").targets == targets


def test_names_and_families() -> None:
    assert by_name("ppc64le", "x", "y").targets == {"ppc64le"}
    assert by_name("toaster", "x", "y").targets == set()
    assert by_meson("ppc64", "little", "y").targets == {"ppc64le"}
    assert by_meson("ppc64", "big", "y").targets == set()
    assert by_meson("aarch64", None, "y").said == "cpu_family 'aarch64'"


@pytest.mark.parametrize(
    ("program", "triplet"),
    [
        ("/x/riscv64-linux-gnu-gcc-14", "riscv64-linux-gnu"),
        ("aarch64-poky-linux-clang++", "aarch64-poky-linux"),
        ("gcc", None),
        ("my-cc", None),
        ("ccache", None),
    ],
)
def test_names_of_compilers(program: str, triplet: str | None) -> None:
    found = by_compiler(program, "x")
    assert (found.said if found else None) == (f"the compiler's triplet {triplet!r}" if triplet else None)


def cmake(*lines: str, compiler: str = "/x/my-cc") -> str:
    return "\n".join([f"set(CMAKE_C_COMPILER {compiler})", *lines])


def chosen(run_import: Import, text: str, target: str | None = None) -> str:
    name = tomllib.loads(run_import(text, "t.cmake", target=target).text)["target"]["name"]
    assert isinstance(name, str)
    return name


def test_what_the_file_says_agrees(run_import: Import) -> None:
    text = cmake("set(CMAKE_SYSTEM_PROCESSOR arm64)", "set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu)")
    assert chosen(run_import, text) == "aarch64"
    assert chosen(run_import, text, "aarch64") == "aarch64"


@pytest.mark.parametrize(
    ("text", "target", "message"),
    [
        (cmake(), None, "{} does not say which machine it is for"),
        (
            cmake("set(CMAKE_SYSTEM_PROCESSOR xtensa)"),
            None,
            "{}:2: CMAKE_SYSTEM_PROCESSOR 'xtensa' is no target of xbuild's",
        ),
        (
            cmake("set(CMAKE_SYSTEM_PROCESSOR riscv64)", compiler="aarch64-linux-gnu-gcc"),
            None,
            (
                "what {} says is not of one machine:\n  {}:2: CMAKE_SYSTEM_PROCESSOR 'riscv64'"
                "\n  {}:1: the compiler's triplet 'aarch64-linux-gnu'"
            ),
        ),
    ],
)
def test_what_does_not_tell_is_asked(
    text: str, target: str | None, message: str, run_import: Import, tmp_path: Path
) -> None:
    with pytest.raises(ToolchainError) as caught:
        chosen(run_import, text, target)
    assert caught.value.message == message.replace("{}", str(tmp_path / "t.cmake"))
    assert caught.value.hint == HINT


def test_another_machine_than_the_user_says_is_an_error(run_import: Import, tmp_path: Path) -> None:
    with pytest.raises(ToolchainError) as caught:
        chosen(run_import, cmake("set(CMAKE_SYSTEM_PROCESSOR riscv64)"), "ppc64le")
    assert caught.value.message == (
        f"{tmp_path}/t.cmake:2: CMAKE_SYSTEM_PROCESSOR 'riscv64' is not ppc64le, which --target says"
    )


def test_the_user_settles_what_xbuild_does_not_know(run_import: Import) -> None:
    text = cmake("set(CMAKE_SYSTEM_PROCESSOR cortex)", compiler="arm-poky-linux-gnueabi-gcc")
    assert chosen(run_import, text, "armv7l") == "armv7l"


def test_a_compiler_that_is_there_is_asked(run_import: Import, sdk: Path) -> None:
    compiler = sdk / "bin/cc"
    compiler.write_text("", "utf-8")
    answers = {"--version": "clang version 19.1", "-dumpmachine": "ppc64le-redhat-linux"}
    imported = run_import(f"set(CMAKE_C_COMPILER {compiler})", "t.cmake", answers=answers)
    assert (imported.target.name, tomllib.loads(imported.text)["toolchain"]) == ("ppc64le", {"family": "clang"})
