"""The folder that makes GCC fit a sysroot of another suite is kept as long as both are what they were."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from xbuild.crossfiles.spec import Sysroot
from xbuild.provision.cache import Cache
from xbuild.provision.components import GccTree
from xbuild.provision.foreign_gcc import gcc_support
from xbuild.provision.model import Provenance, Tree
from xbuild.targets import get_target

if TYPE_CHECKING:
    from pathlib import Path

TARGET = get_target("riscv64")


def make_gcc(tree: Path, digest: str = "1") -> GccTree:
    """Its programs make the file after ``-o``, or nothing."""
    programs = tree / "usr" / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    for name in ("gcc-14", "ar"):
        program = programs / f"{TARGET.triplet}-{name}"
        program.write_text('#!/bin/sh\nwhile [ "$#" -gt 1 ]; do shift; done\ncase $1 in *.o) : > "$1";; esac\n')
        program.chmod(0o755)
    origin = Provenance(component="toolchain", archive="", suite="trixie", release_date="", packages=())
    return GccTree(
        tree=Tree(path=tree, digest=digest, provenance=origin),
        triplet=TARGET.triplet,
        major="14",
        version="14.2.0",
    )


@pytest.fixture
def sysroot(tmp_path: Path) -> Sysroot:
    libraries = tmp_path / "sysroot" / "usr" / "lib"
    libraries.mkdir(parents=True)
    for name in ("libc.so.6", "libstdc++.so.6"):
        (libraries / name).write_bytes(b"old")
        os.utime(libraries / name, ns=(1, 1))
    return Sysroot(path=tmp_path / "sysroot", triplet=TARGET.triplet)


def test_it_is_made_once(tmp_path: Path, sysroot: Sysroot) -> None:
    gcc, cache = make_gcc(tmp_path / "gcc"), Cache(tmp_path / "cache")

    made = gcc_support(gcc, sysroot, target=TARGET, cache=cache)

    assert (made / "libstdc++.so").is_file()
    (made / "mark").touch()
    assert (gcc_support(gcc, sysroot, target=TARGET, cache=cache) / "mark").is_file()


@pytest.mark.parametrize("name", ["libc.so.6", "libstdc++.so.6"])
@pytest.mark.parametrize(("content", "time"), [(b"new", 2), (b"newer", 1)], ids=["another time", "another size"])
def test_a_library_that_was_upgraded_in_its_place_makes_another(
    tmp_path: Path, sysroot: Sysroot, name: str, content: bytes, time: int
) -> None:
    gcc, cache = make_gcc(tmp_path / "gcc"), Cache(tmp_path / "cache")
    before = gcc_support(gcc, sysroot, target=TARGET, cache=cache)

    library = sysroot.path / "usr" / "lib" / name
    library.write_bytes(content)
    os.utime(library, ns=(time, time))

    assert gcc_support(gcc, sysroot, target=TARGET, cache=cache) != before


def test_a_library_that_came_makes_another_and_so_does_another_gcc(tmp_path: Path, sysroot: Sysroot) -> None:
    gcc, cache = make_gcc(tmp_path / "gcc"), Cache(tmp_path / "cache")
    first = gcc_support(gcc, sysroot, target=TARGET, cache=cache)
    (sysroot.path / "usr" / "lib" / "libgcc_s.so.1").touch()
    second = gcc_support(gcc, sysroot, target=TARGET, cache=cache)
    third = gcc_support(make_gcc(tmp_path / "gcc", "2"), sysroot, target=TARGET, cache=cache)
    assert len({first, second, third}) == 3
