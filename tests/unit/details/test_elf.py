"""What ELF files say without being run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.details_cases import TREES

from xbuild.details.elf import ElfHeader, parse_header, read_header, stable_suffixes_in
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


def test_suffixes(tmp_path: Path) -> None:
    assert stable_suffixes_in(LIBRARIES["debian-3.14-s390x"]) == {".abi3.so", ".abi3-s390x-linux-gnu.so"}
    file = tmp_path / "x"
    file.write_bytes(b".abi3.so\0x.abi3.so\0\0.abi3t.so\0\0.abi3-\xff.so\0\0.abi3.py\0\0.abi3.so")
    assert stable_suffixes_in(file) == {".abi3t.so"}
    file.write_bytes(b"")
    assert stable_suffixes_in(file) == frozenset()
