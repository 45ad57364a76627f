"""Resolving what the user chose, as far as it needs no files of a target."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.mini_components import elf
from tests.support.target_trees import write

from xbuild import resolve
from xbuild.errors import ProvisionError, TargetError, ToolchainError, XBuildError
from xbuild.machine import build_machine
from xbuild.progress import SilentProgress
from xbuild.resolve import describe
from xbuild.selection import Selection
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
        build_machine(system, machine)

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


class TestAToolchainFile:
    """What it says besides compilers counts like the options that say it otherwise, which come first."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        for name in ("riscv64-x-gcc", "riscv64-x-ar", "riscv64-x-ranlib", "riscv64-x-strip"):
            write(tmp_path / "bin" / name, "#!/bin/sh\necho 'gcc 14.2.0'\n", executable=True)
        return tmp_path / "own.toml"

    def text(self, tables: str) -> str:
        return f'[toolchain]\nfamily = "gcc"\n[tools]\ncc = "bin/riscv64-x-gcc"\n{tables}'

    def selection(self, file: Path, target: str = "riscv64") -> Selection:
        return Selection(target=get_target(target), toolchain=str(file), archive="file:///srv/debian")

    def refusal(self, selection: Selection, folder: Path, kind: type[XBuildError] = ToolchainError) -> XBuildError:
        with pytest.raises(kind) as caught:
            list(describe(selection, environ=environ(folder)))
        return caught.value

    def test_has_the_sysroot_the_emulator_and_the_version(self, file: Path, tmp_path: Path) -> None:
        target = get_target("riscv64")
        write(tmp_path / "root/usr/include/stdio.h", "")
        write(tmp_path / "root/usr/lib" / target.triplet / "libc.so.6", elf(target))
        qemu = write(tmp_path / "q", "#!/bin/sh\necho 'qemu-riscv64 version 8.2.1'\n", executable=True)
        python = write(tmp_path / "p", "#!/bin/sh\necho 3.99.1 0\n", executable=True)
        tables = '[target]\nname = "riscv64"\nsysroot = "root"\npython = "3.99"\n[emulator]\nqemu = "./q"\n[build]\n'
        write(file, self.text(f'{tables}python = "./p"\n'))
        assert list(describe(self.selection(file), environ=environ(tmp_path))) == [
            f"use the sysroot {tmp_path}/root",
            f"use the toolchain {file}",
            f"use the build Python {python}",
            f"use the emulator {qemu}",
            "fetch CPython 3.99 for riscv64 from file:///srv/debian",
        ]

    def test_of_another_target_is_an_error(self, file: Path, tmp_path: Path) -> None:
        write(file, self.text('[target]\nname = "riscv64"\n'))
        error = self.refusal(self.selection(file, "ppc64le"), tmp_path)
        assert error.message == f"{file} is for riscv64, not for ppc64le"

    def test_with_a_sysroot_that_is_none_is_an_error_that_names_it(self, file: Path, tmp_path: Path) -> None:
        (tmp_path / "root").mkdir()
        write(file, self.text('[target]\nsysroot = "root"\n'))
        error = self.refusal(self.selection(file), tmp_path, ProvisionError)
        expected = f"{file}: the sysroot {tmp_path}/root: no C headers: expected usr/include/stdio.h"
        assert error.message == expected

    def test_with_an_emulator_that_is_none_is_an_error(self, file: Path, tmp_path: Path) -> None:
        write(tmp_path / "q", "#!/bin/sh\necho spike 1.1\n", executable=True)
        write(file, self.text('[emulator]\nqemu = "./q"\n'))
        error = self.refusal(self.selection(file), tmp_path)
        assert error.message == f"{file}: emulator.qemu: {tmp_path}/q is not QEMU's user emulation"
        assert error.hint == "name qemu-riscv64, or leave it out to have it found or fetched"

    def test_with_a_build_python_that_is_none_is_an_error(self, file: Path, tmp_path: Path) -> None:
        write(tmp_path / "p", "#!/bin/sh\nexit 1\n", executable=True)
        write(file, self.text('[build]\npython = "./p"\n'))
        error = self.refusal(self.selection(file), tmp_path)
        assert error.message == f"{file}: build.python: {tmp_path}/p does not start as a Python"
        assert error.hint == "mend it, or leave it out to have one found or fetched"

    def test_with_a_build_python_of_another_version_is_an_error(self, file: Path, tmp_path: Path) -> None:
        write(tmp_path / "p", "#!/bin/sh\necho 3.98.1 1\n", executable=True)
        write(file, self.text('[target]\npython = "3.99"\n[build]\npython = "./p"\n'))
        error = self.refusal(self.selection(file), tmp_path)
        assert error.message == f"{file}: build.python: {tmp_path}/p is CPython 3.98.1t, not 3.99"

    def test_a_build_python_is_left_out_where_the_user_asks_for_another_version(
        self, file: Path, tmp_path: Path
    ) -> None:
        write(tmp_path / "p", "#!/bin/sh\necho 3.98.1 0\n", executable=True)
        write(file, self.text('[target]\npython = "3.98"\n[build]\npython = "./p"\n'))
        selection = replace(self.selection(file), python="3.99")
        notes = Notes()
        with pytest.raises(ProvisionError, match=r"file:///srv/debian"):
            resolve.resolve(selection, progress=notes, environ=environ(tmp_path))
        said = f"{file}: build.python: {tmp_path}/p is CPython 3.98.1, not 3.99, as --python says: another one is taken"
        assert notes.texts[0] == said
        plan = list(describe(selection, environ=environ(tmp_path)))
        assert plan[-1] == "fetch CPython 3.99 for this machine from file:///srv/debian"


class Notes(SilentProgress):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)
