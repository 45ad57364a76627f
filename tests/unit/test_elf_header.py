"""The header of ELF files of every target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.details_cases import TREES

from xbuild.elf_header import ElfHeader, parse_header, read_header
from xbuild.targets import get_target, target_names

if TYPE_CHECKING:
    from pathlib import Path

LIBRARIES = {path.parts[-5]: path for path in TREES.glob("debian-3.14-*/usr/lib/*/libpython3.14.so")}


@pytest.mark.parametrize("name", target_names())
def test_a_library_matches_its_own_machine_only(name: str) -> None:
    header = read_header(LIBRARIES[f"debian-3.14-{name}"])
    assert header is not None
    assert [each for each in target_names() if header.matches(get_target(each).elf)] == [name]


def test_a_header_in_words() -> None:
    header = ElfHeader(elf_class=32, data="little", machine="EM_ARM", flags=0x5000400)
    assert str(header) == "32-bit little-endian EM_ARM, flags 0x5000400"


def test_a_machine_without_a_name() -> None:
    content = bytearray(LIBRARIES["debian-3.14-s390x"].read_bytes())
    content[18:20] = b"\xff\xfe"
    header = parse_header(bytes(content))
    assert header is not None
    assert (header.machine, header.data) == ("machine 65534", "big")


@pytest.mark.parametrize(
    "content", [b"", b"\x7fELF", b"#!/bin/sh\n", b"\x7fELF\x03\x01" + bytes(58), b"\x7fELF\x02\x00" + bytes(58)]
)
def test_what_is_no_elf_file(content: bytes) -> None:
    assert parse_header(content) is None


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert read_header(tmp_path) is None


def header(machine: str, flags: int = 0) -> ElfHeader:
    return ElfHeader(elf_class=64, data="little", machine=machine, flags=flags)


def test_what_does_not_fit_is_described() -> None:
    riscv64 = get_target("riscv64").elf
    assert header("EM_X86_64").problem(riscv64) == (
        "expected EM_RISCV, 64-bit little-endian, found EM_X86_64, 64-bit little-endian"
    )
    # Double-float is 0x4, and 0x1 says that there are compressed instructions, which is no matter.
    assert header("EM_RISCV", 0x1).problem(riscv64) == "expected the ABI flags 0x4, found 0x0"
    assert header("EM_RISCV", 0x5).problem(riscv64) is None
