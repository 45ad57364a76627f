"""What makes GCC fit a C library that is not of its suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from xbuild.errors import ToolchainError
from xbuild.toolchains.foreign import foreign_arguments, write_support
from xbuild.toolchains.process import Result

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def test_folders_of_libraries_are_named_once(tmp_path: Path) -> None:
    for name in ("usr/lib64", "usr/lib"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("lib64", "lib"):
        (tmp_path / name).symlink_to(f"usr/{name}")
    names = ("usr/lib64", "lib64", "usr/lib", "lib")
    assert foreign_arguments(tmp_path / "support", library_dirs=[tmp_path / name for name in names]) == (
        f"-B{tmp_path}/support",
        f"-B{tmp_path}/usr/lib64",
        f"-B{tmp_path}/usr/lib",
        f"-Wl,-rpath-link,{tmp_path}/usr/lib64",
        f"-Wl,-rpath-link,{tmp_path}/usr/lib",
        "-Wl,--exclude-libs,libstdc++.a",
    )


class FakeGcc:
    """Makes the files it is asked for; ``fails`` is the program that does not work."""

    def __init__(self, fails: str | None = None) -> None:
        self.fails = fails
        self.commands: list[tuple[str, ...]] = []

    def __call__(self, argv: Sequence[str], *, cwd: Path | None = None) -> Result:
        assert cwd is not None
        self.commands.append(tuple(argv))
        if argv[0] == self.fails:
            return Result(status=1, output="compat.c:1:10: fatal error: sys/syscall.h: No such file or directory\n")
        if argv[1].startswith("-print-file-name="):
            return Result(status=0, output=f"/gcc/{argv[1].partition('=')[2]}\n")
        (cwd / ("compat.o" if "-o" in argv else argv[2])).write_text("")
        return Result(status=0, output="")


def write(folder: Path, gcc: FakeGcc, *, libstdcxx: Path | None, libgcc: Path | None) -> None:
    folder.mkdir()
    sysroot = folder.parent / "sysroot"
    cc, ar = folder.parent / "gcc", folder.parent / "ar"
    write_support(folder, cc=cc, ar=ar, sysroot=sysroot, libstdcxx=libstdcxx, libgcc=libgcc, run=gcc)


def test_the_sysroots_libraries_come_before_gccs_static_one(tmp_path: Path) -> None:
    gcc, folder, libraries = FakeGcc(), tmp_path / "support", tmp_path / "sys root"
    write(folder, gcc, libstdcxx=libraries / "libstdc++.so.6", libgcc=libraries / "libgcc_s.so.1")
    assert (folder / "libstdc++.so").read_text() == (
        f'INPUT ( "{libraries}/libstdc++.so.6" "/gcc/libstdc++.a" AS_NEEDED ( -lpthread -lc ) -l:libxbuild_compat.a )\n'
    )
    assert (folder / "libgcc_s.so").read_text() == f'GROUP ( "{libraries}/libgcc_s.so.1" -lgcc )\n'
    assert "#include_next <bits/c++config.h>\n" in (folder / "include/bits/c++config.h").read_text()
    assert f"--sysroot={tmp_path}/sysroot" in gcc.commands[0]
    assert {path.name for path in folder.iterdir()} == {
        "include",
        "libgcc_eh.a",
        "libgcc_s.so",
        "libstdc++.a",
        "libstdc++.so",
        "libxbuild_compat.a",
    }


def test_gccs_own_take_the_place_of_libraries_that_are_not_there(tmp_path: Path) -> None:
    write(tmp_path / "support", FakeGcc(), libstdcxx=None, libgcc=None)
    names = {path.name for path in (tmp_path / "support").iterdir()}
    assert names == {"include", "libgcc_eh.a", "libstdc++.a", "libxbuild_compat.a"}


def test_what_static_libraries_miss_in_an_older_c_library_comes_with_them(tmp_path: Path) -> None:
    write(tmp_path / "support", FakeGcc(), libstdcxx=None, libgcc=None)
    for name in ("libstdc++.a", "libgcc_eh.a"):
        assert (tmp_path / "support" / name).read_text() == f'INPUT ( "/gcc/{name}" -l:libxbuild_compat.a )\n'


def test_a_sysroot_that_gcc_cannot_compile_for(tmp_path: Path) -> None:
    with pytest.raises(ToolchainError) as caught:
        write(tmp_path / "support", FakeGcc(fails=f"{tmp_path}/gcc"), libstdcxx=None, libgcc=None)
    assert caught.value.message == f"gcc cannot compile for the C library in {tmp_path}/sysroot"
    assert caught.value.details == "compat.c:1:10: fatal error: sys/syscall.h: No such file or directory"
