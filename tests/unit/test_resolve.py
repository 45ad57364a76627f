"""Resolving what the user chose, as far as it needs no files of a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.mini_components import elf
from tests.support.target_trees import write

from xbuild import resolve
from xbuild.errors import ProvisionError, TargetError, ToolchainError
from xbuild.progress import SilentProgress
from xbuild.resolve import Selection, describe
from xbuild.targets import get_target

if TYPE_CHECKING:
    from pathlib import Path


def test_a_plan_says_what_is_fetched_from_where(tmp_path: Path) -> None:
    environ = {"XBUILD_CACHE_DIR": str(tmp_path / "cache"), "PATH": "/nowhere", "HOME": str(tmp_path)}
    selection = Selection(target=get_target("riscv64"), python="3.99", archive="file:///srv/debian")

    assert list(describe(selection, environ=environ)) == [
        "fetch CPython 3.99 for riscv64 from file:///srv/debian",
        "fetch the sysroot for riscv64 from file:///srv/debian",
        "fetch QEMU from file:///srv/debian",
        "fetch GCC for riscv64 from file:///srv/debian",
        "fetch CPython 3.99 for this machine from file:///srv/debian",
    ]
    assert not (tmp_path / "cache").exists()


def test_a_plan_names_what_is_the_users_own(tmp_path: Path) -> None:
    environ = {"XBUILD_CACHE_DIR": str(tmp_path / "cache"), "PATH": "/nowhere", "HOME": str(tmp_path)}
    target = get_target("riscv64")
    sysroot = tmp_path / "sysroot"
    write(sysroot / "usr/include/stdio.h", "")
    write(sysroot / "usr/lib" / target.triplet / "libc.so.6", elf(target))
    selection = Selection(target=target, python="3.99", toolchain="zig", sysroot=sysroot, archive="file:///srv/debian")

    assert list(describe(selection, environ=environ))[:2] == [
        f"use the sysroot {sysroot}",
        "use the toolchain zig",
    ]


def test_a_plan_says_what_an_image_gives_before_it_is_copied_from(tmp_path: Path) -> None:
    environ = {"XBUILD_CACHE_DIR": str(tmp_path / "cache"), "PATH": "/nowhere", "HOME": str(tmp_path)}
    selection = Selection(
        target=get_target("riscv64"), python="3.99", sysroot_image="some/image", archive="file:///srv/debian"
    )
    assert list(describe(selection, environ=environ)) == [
        "take the sysroot and CPython 3.99 from the image some/image",
        "fetch QEMU from file:///srv/debian",
        "fetch GCC for riscv64 from file:///srv/debian",
        "fetch CPython 3.99 for this machine from file:///srv/debian",
    ]


@pytest.mark.parametrize(
    ("system", "machine", "message"),
    [
        ("Darwin", "arm64", "xbuild builds on Linux, and this is Darwin"),
        ("Linux", "mips", "xbuild does not know the machine it runs on: mips"),
    ],
)
def test_a_machine_that_cannot_build_is_told_so(system: str, machine: str, message: str) -> None:
    with pytest.raises(TargetError) as caught:
        resolve.build_machine(system, machine)

    assert caught.value.message == message


class TestWhatTheUserBrought:
    """It is looked at before anything is fetched: the archive here is no archive."""

    def test_a_toolchain_file(self, tmp_path: Path) -> None:
        file = write(tmp_path / "own.toml", "[toolchain")
        selection = Selection(target=get_target("riscv64"), toolchain=str(file), archive="file:///nowhere")
        with pytest.raises(ToolchainError, match=r"own\.toml"):
            resolve.resolve(selection, progress=SilentProgress(), environ=environ(tmp_path))

    def test_compilers_on_path(self, tmp_path: Path) -> None:
        selection = Selection(target=get_target("riscv64"), toolchain="system", archive="file:///nowhere")
        with pytest.raises(ToolchainError, match="riscv64-linux-gnu-gcc"):
            resolve.resolve(selection, progress=SilentProgress(), environ=environ(tmp_path))

    def test_an_images_sysroot(self, tmp_path: Path) -> None:
        selection = Selection(
            target=get_target("riscv64"), sysroot=tmp_path, sysroot_image="some/image", archive="file:///nowhere"
        )
        with pytest.raises(ProvisionError) as caught:
            resolve.resolve_runtime(selection, progress=SilentProgress(), environ=environ(tmp_path))
        assert caught.value.message == (
            f"--sysroot-image some/image, as copied to {tmp_path}: no C headers: expected usr/include/stdio.h"
        )

    def test_a_sysroot(self, tmp_path: Path) -> None:
        selection = Selection(target=get_target("riscv64"), sysroot=tmp_path, archive="file:///nowhere")
        with pytest.raises(ProvisionError, match="no C headers"):
            resolve.resolve_runtime(selection, progress=SilentProgress(), environ=environ(tmp_path))


def environ(folder: Path) -> dict[str, str]:
    return {"XBUILD_CACHE_DIR": str(folder / "cache"), "PATH": "/nowhere", "HOME": str(folder)}
