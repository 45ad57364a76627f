"""The target's compilers on PATH."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from xbuild.errors import ToolchainError
from xbuild.targets import get_target
from xbuild.toolchains.process import Result
from xbuild.toolchains.system import identify, machine_matches, spellings, system_plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from xbuild.targets import Target

T = "riscv64-linux-gnu"
BINUTILS = ("ar", "ranlib", "strip")
DEBIAN = {"-dumpmachine": f"{T}\n", "--version": f"{T}-gcc (Debian 12.2.0-13) 12.2.0\nCopyright\n"}


def tools(prefix: str) -> list[str]:
    return [f"{prefix}{name}" for name in BINUTILS]


def test_the_targets_compilers_are_found(
    programs: Callable[..., Path], fake_run: Callable[..., Any], riscv64: Target
) -> None:
    home = programs(f"{T}-gcc", f"{T}-g++", f"{T}-gfortran", f"{T}-nm", *tools(f"{T}-"))
    plan = system_plan(riscv64, path=str(home), run=fake_run(**DEBIAN))
    assert {name: tool.program.name for name, tool in plan.tools.items()} == {
        "cc": f"{T}-gcc",
        "cxx": f"{T}-g++",
        "fc": f"{T}-gfortran",
        "ar": f"{T}-ar",
        "ranlib": f"{T}-ranlib",
        "strip": f"{T}-strip",
        "nm": f"{T}-nm",
    }
    assert plan.tools["cc"].program == home / f"{T}-gcc"
    assert plan.tools["cc"].arguments == ()
    assert (plan.kind, plan.family, plan.version, plan.triplet) == ("system", "gcc", "12.2.0", T)


@pytest.mark.parametrize(
    "prefix", ["riscv64-unknown-linux-gnu-", "riscv64-buildroot-linux-gnu-", "riscv64-suse-linux-"]
)
def test_other_spellings_of_the_triplet_are_found_and_renamed(
    programs: Callable[..., Path], fake_run: Callable[..., Any], riscv64: Target, prefix: str
) -> None:
    home = programs(f"{prefix}gcc", *tools(prefix))
    plan = system_plan(riscv64, path=f"/nonexistent:{home}", run=fake_run(**DEBIAN))
    assert plan.tools["cc"].program == home / f"{prefix}gcc"
    assert plan.triplet == T


def test_debians_versioned_compilers_are_found_newest_first(
    programs: Callable[..., Path], fake_run: Callable[..., Any], riscv64: Target
) -> None:
    names = (f"{T}-gcc-9", f"{T}-gcc-14", f"{T}-gcc-ar-14", f"{T}-g++-14", f"{T}-g++-9")
    home = programs(*names, *tools(f"{T}-"))
    plan = system_plan(riscv64, path=str(home), run=fake_run(**DEBIAN))
    assert (plan.tools["cc"].program.name, plan.tools["cxx"].program.name) == (f"{T}-gcc-14", f"{T}-g++-14")


def test_binutils_may_be_in_another_folder(
    programs: Callable[..., Path], fake_run: Callable[..., Any], riscv64: Target
) -> None:
    compilers, binutils = programs(f"{T}-gcc", folder="a"), programs(*tools(f"{T}-"), folder="b")
    plan = system_plan(riscv64, path=f"{compilers}:{binutils}", run=fake_run(**DEBIAN))
    assert plan.tools["ar"].program == binutils / f"{T}-ar"


def test_the_machines_own_compiler_serves_its_own_machine(
    programs: Callable[..., Path], fake_run: Callable[..., Any]
) -> None:
    home = programs("cc", "gcc", "g++", *BINUTILS)
    run = fake_run(**{"-dumpmachine": "x86_64-redhat-linux\n", "--version": "gcc (GCC) 14.2.1 20240912 (Red Hat 1)\n"})
    plan = system_plan(get_target("x86_64"), path=str(home), run=run)
    assert plan.tools["cc"].program == home / "gcc"
    assert plan.tools["cxx"].program == home / "g++"
    assert plan.version == "14.2.1"


def test_a_missing_compiler_is_named_with_its_packages(
    programs: Callable[..., Path], fake_run: Callable[..., Any], riscv64: Target
) -> None:
    home = programs("gcc", "cc")
    with pytest.raises(ToolchainError) as caught:
        system_plan(riscv64, path=str(home), run=fake_run(**{"-dumpmachine": "x86_64-linux-gnu\n"}))
    assert caught.value.message == (
        "no C compiler for riscv64 on PATH: looked for riscv64-linux-gnu-gcc, riscv64-unknown-linux-gnu-gcc, "
        "riscv64-buildroot-linux-gnu-gcc, riscv64-pc-linux-gnu-gcc, riscv64-suse-linux-gcc"
    )
    assert caught.value.hint == (
        "install it (Debian: apt install gcc-riscv64-linux-gnu g++-riscv64-linux-gnu; Fedora: dnf install "
        "gcc-riscv64-linux-gnu gcc-c++-riscv64-linux-gnu, which brings no C library, so add --sysroot), "
        "or use --toolchain gcc, which needs nothing installed"
    )


def test_missing_binutils_are_named_with_their_package(
    programs: Callable[..., Path], fake_run: Callable[..., Any], riscv64: Target
) -> None:
    home = programs(f"{T}-gcc", f"{T}-ar")
    with pytest.raises(ToolchainError) as caught:
        system_plan(riscv64, path=str(home), run=fake_run(**DEBIAN))
    assert caught.value.message == (
        f"{home}/{T}-gcc has no binutils beside it or on PATH: looked for {T}-ranlib, {T}-strip"
    )
    assert caught.value.hint == f"install them (Debian: apt install binutils-{T})"


def test_a_compiler_for_another_machine_is_refused(
    programs: Callable[..., Path], fake_run: Callable[..., Any], riscv64: Target
) -> None:
    home = programs(f"{T}-gcc")
    with pytest.raises(ToolchainError) as caught:
        system_plan(riscv64, path=str(home), run=fake_run(**{"-dumpmachine": "riscv64-linux-musl\n"}))
    assert caught.value.message == f"{home}/{T}-gcc compiles for riscv64-linux-musl, not for riscv64-linux-gnu"


def test_a_compiler_that_does_not_run_is_refused(
    programs: Callable[..., Path], fake_run: Callable[..., Any], riscv64: Target
) -> None:
    home = programs(f"{T}-gcc")
    with pytest.raises(ToolchainError) as caught:
        system_plan(riscv64, path=str(home), run=fake_run(**{"-dumpmachine": Result(status=126, output="no\n")}))
    assert caught.value.message == f"{home}/{T}-gcc cannot be run (exit status 126)"
    assert caught.value.details == "no"


@pytest.mark.parametrize("answer", ["libc.so", "{sysroot}/usr/lib/libc.so"])
def test_a_sysroot_the_compiler_keeps_to_is_given_to_it(
    tmp_path: Path, programs: Callable[..., Path], fake_run: Callable[..., Any], riscv64: Target, answer: str
) -> None:
    home = programs(f"{T}-gcc", *tools(f"{T}-"))
    run = fake_run(**DEBIAN, **{"-print-file-name=libc.so": answer.format(sysroot=tmp_path)})
    plan = system_plan(riscv64, path=str(home), sysroot=tmp_path, run=run)
    assert plan.tools["cc"].arguments == (f"--sysroot={tmp_path}",)
    assert plan.tools["ar"].arguments == ()


def test_a_compiler_that_mixes_its_own_c_library_in_is_refused(
    tmp_path: Path, programs: Callable[..., Path], fake_run: Callable[..., Any], riscv64: Target
) -> None:
    home = programs(f"{T}-gcc", *tools(f"{T}-"))
    run = fake_run(**DEBIAN, **{"-print-file-name=libc.so": f"/usr/{T}/lib/libc.so\n"})
    with pytest.raises(ToolchainError) as caught:
        system_plan(riscv64, path=str(home), sysroot=tmp_path / "s", run=run)
    assert caught.value.message == (
        f"{home}/{T}-gcc does not keep to --sysroot {tmp_path}/s: its C library is /usr/{T}/lib/libc.so"
    )
    assert caught.value.hint == (
        "leave --sysroot out to build against that one, or use --toolchain gcc, which keeps to the sysroot"
    )


@pytest.mark.parametrize(
    ("dumped", "name", "expected"),
    [
        ("riscv64-linux-gnu", "riscv64", True),
        ("riscv64-unknown-linux-gnu\n", "riscv64", True),
        ("riscv64-unknown-elf", "riscv64", False),
        ("riscv32-linux-gnu", "riscv64", False),
        ("riscv64-linux-musl", "riscv64", False),
        ("x86_64-pc-linux-gnu", "x86_64", True),
        ("x86_64-redhat-linux", "x86_64", True),
        ("x86_64-linux-gnux32", "x86_64", False),
        ("ppc64le-redhat-linux", "ppc64le", True),
        ("powerpc64le-linux-gnu", "ppc64le", True),
        ("powerpc64-linux-gnu", "ppc64le", False),
        ("aarch64-suse-linux", "aarch64", True),
        ("aarch64_be-linux-gnu", "aarch64", False),
        ("arm-linux-gnueabihf", "armv7l", True),
        ("armv7l-unknown-linux-gnueabihf", "armv7l", True),
        ("armv7hl-redhat-linux-gnueabi", "armv7l", True),
        ("arm-linux-gnueabi", "armv7l", False),
        ("armv7-linux-gnueabi", "armv7l", False),
        ("", "riscv64", False),
    ],
)
def test_machines_are_compared_by_cpu_system_and_abi(dumped: str, name: str, expected: bool) -> None:
    assert machine_matches(dumped, get_target(name)) is expected


def test_debians_spelling_comes_first(riscv64: Target) -> None:
    assert spellings(riscv64)[0] == T


@pytest.mark.parametrize(
    ("banner", "expected"),
    [
        ("gcc (Debian 12.2.0-14+deb12u1) 12.2.0\nCopyright", ("gcc", "12.2.0")),
        ("gcc (GCC) 14.2.1 20240912 (Red Hat 14.2.1-3)\n", ("gcc", "14.2.1")),
        ("riscv64-unknown-linux-gnu-gcc (crosstool-NG 1.26.0) 13.2.0\n", ("gcc", "13.2.0")),
        ("Debian clang version 16.0.6 (15~deb12u1)\nTarget: x86_64-pc-linux-gnu\n", ("clang", "16.0.6")),
        ("something else\n", ("gcc", "unknown")),
    ],
)
def test_a_banner_says_what_a_compiler_is(
    tmp_path: Path, fake_run: Callable[..., Any], banner: str, expected: tuple[str, str]
) -> None:
    assert identify(tmp_path, fake_run(**{"--version": banner})) == expected
