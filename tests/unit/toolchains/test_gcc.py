"""GCC as provisioning leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from xbuild.errors import ToolchainError
from xbuild.toolchains import Command
from xbuild.toolchains.gcc import gcc_plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from xbuild.targets import Target
    from xbuild.toolchains import ToolchainPlan

T = "riscv64-linux-gnu"
BINUTILS = (f"{T}-ar", f"{T}-ranlib", f"{T}-strip", f"{T}-nm", f"{T}-ld", f"{T}-objcopy", f"{T}-readelf")


def plan(target: Target, tree: Path, sysroot: Path) -> ToolchainPlan:
    return gcc_plan(
        target=target,
        triplet=T,
        major=14,
        version="14.2.0",
        tree=tree,
        sysroot=sysroot,
        cc_args=("-B/b",),
        cxx_args=("-nostdinc++",),
        fc_args=("-I/f",),
    )


def test_compilers_get_their_own_arguments_and_the_sysroot(
    tmp_path: Path, programs: Callable[..., Path], riscv64: Target
) -> None:
    programs(*BINUTILS, f"{T}-gcc-14", f"{T}-g++-14", f"{T}-gfortran-14", folder="tree/usr/bin")
    tree, sysroot = tmp_path / "tree", tmp_path / "sysroot"
    made = plan(riscv64, tree, sysroot)
    common = (f"--sysroot={sysroot}", f"-ffile-prefix-map={sysroot}=", f"-ffile-prefix-map={tree}=")
    assert made.tools["cc"] == Command(program=tree / f"usr/bin/{T}-gcc-14", arguments=("-B/b", *common))
    assert made.tools["cxx"] == Command(program=tree / f"usr/bin/{T}-g++-14", arguments=("-nostdinc++", *common))
    assert made.tools["fc"] == Command(
        program=tree / f"usr/bin/{T}-gfortran-14", arguments=("-I/f", "-gno-record-gcc-switches", *common)
    )
    assert made.tools["readelf"] == Command(program=tree / f"usr/bin/{T}-readelf")
    assert (made.kind, made.family, made.version, made.triplet) == ("gcc", "gcc", "14.2.0", T)


def test_languages_that_were_not_provisioned_are_left_out(
    tmp_path: Path, programs: Callable[..., Path], riscv64: Target
) -> None:
    programs(*BINUTILS, f"{T}-gcc-14", folder="usr/bin")
    assert "cxx" not in plan(riscv64, tmp_path, tmp_path).tools


def test_one_tree_for_all_is_mapped_once(tmp_path: Path, programs: Callable[..., Path], riscv64: Target) -> None:
    programs(*BINUTILS, f"{T}-gcc-14", folder="usr/bin")
    arguments = plan(riscv64, tmp_path, tmp_path).tools["cc"].arguments
    assert arguments == ("-B/b", f"--sysroot={tmp_path}", f"-ffile-prefix-map={tmp_path}=")


def test_what_a_foreign_c_library_needs_comes_after_the_sysroot(
    tmp_path: Path, programs: Callable[..., Path], riscv64: Target
) -> None:
    programs(*BINUTILS, f"{T}-gcc-14", folder="usr/bin")
    sysroot, support = tmp_path / "sysroot", tmp_path / "support"
    made = gcc_plan(
        target=riscv64,
        triplet=T,
        major=14,
        version="14.2.0",
        tree=tmp_path,
        sysroot=sysroot,
        library_dirs=(sysroot / "usr/lib64",),
        support=support,
    )
    assert made.tools["cc"].arguments == (
        f"--sysroot={sysroot}",
        f"-B{support}",
        f"-B{sysroot}/usr/lib64",
        f"-Wl,-rpath-link,{sysroot}/usr/lib64",
        "-Wl,--exclude-libs,libstdc++.a",
        f"-ffile-prefix-map={sysroot}=",
        f"-ffile-prefix-map={tmp_path}=",
        f"-ffile-prefix-map={support}=",
    )


def test_a_path_that_gcc_cannot_map_is_not_mapped(
    tmp_path: Path, programs: Callable[..., Path], riscv64: Target
) -> None:
    programs(*BINUTILS, f"{T}-gcc-14", folder="a=b/usr/bin")
    tree = tmp_path / "a=b"
    assert plan(riscv64, tree, tree).tools["cc"].arguments == ("-B/b", f"--sysroot={tree}")


def test_an_incomplete_tree_is_an_error(tmp_path: Path, programs: Callable[..., Path], riscv64: Target) -> None:
    programs(f"{T}-gcc-14", f"{T}-ar", folder="usr/bin")
    with pytest.raises(ToolchainError) as caught:
        plan(riscv64, tmp_path, tmp_path)
    assert caught.value.message == (
        f"the GCC 14 provisioned for riscv64 is incomplete: {tmp_path}/usr/bin has no ranlib, strip"
    )
    assert caught.value.hint == "remove it with `xbuild target remove riscv64` and fetch it again"
