"""Which machine an ELF header is for."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from xbuild.targets import get_target, target_names
from xbuild.toolchains.elf import HEADER_SIZE, header_problem

NUMBERS = {
    "EM_PPC64": 21,
    "EM_S390": 22,
    "EM_ARM": 40,
    "EM_X86_64": 62,
    "EM_AARCH64": 183,
    "EM_RISCV": 243,
    "EM_LOONGARCH": 258,
}


def header(machine: int, *, bits: int = 64, data: str = "little", flags: int = 0) -> bytes:
    order = "<" if data == "little" else ">"
    ident = b"\x7fELF" + bytes([1 if bits == 32 else 2, 1 if data == "little" else 2, 1]) + bytes(9)
    layout = "HHIIIII" if bits == 32 else "HHIQQQI"
    content = ident + struct.pack(order + layout, 3, machine, 1, 0, 0, 0, flags)
    return content.ljust(64, b"\0")[:HEADER_SIZE]


@pytest.mark.parametrize("name", target_names())
def test_every_target_knows_its_own_header(name: str) -> None:
    target = get_target(name)
    elf = target.elf
    own = header(NUMBERS[elf.machine], bits=elf.elf_class, data=elf.data, flags=elf.flags)
    assert header_problem(own, target) is None


def test_a_header_of_another_machine_is_described() -> None:
    assert header_problem(header(62), get_target("riscv64")) == (
        "expected EM_RISCV, 64-bit little-endian, found EM_X86_64, 64-bit little-endian"
    )
    assert header_problem(header(999, bits=32, data="big"), get_target("riscv64")) == (
        "expected EM_RISCV, 64-bit little-endian, found machine 999, 32-bit big-endian"
    )


def test_an_abi_that_differs_is_described() -> None:
    # Double-float is 0x4, and 0x1 says that there are compressed instructions, which is no matter.
    assert header_problem(header(243, flags=0x1), get_target("riscv64")) == "expected the ABI flags 0x4, found 0x0"
    assert header_problem(header(243, flags=0x5), get_target("riscv64")) is None


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"#!/bin/sh" * 9, b"\x7fELF\x07\x01" + bytes(60)])
def test_what_is_no_elf_file_is_said_to_be_none(content: bytes) -> None:
    assert header_problem(content, get_target("riscv64")) == "not an ELF file"


def test_the_interpreter_that_runs_this_is_read() -> None:
    found = header_problem(Path(sys.executable).read_bytes()[:HEADER_SIZE], get_target("armv7l"))
    assert found is not None
    assert found.startswith("expected EM_ARM, 32-bit little-endian, found EM_")
