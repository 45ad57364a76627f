"""The header of an ELF file, as much of it as says which machine the file is for."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.targets import Target

HEADER_SIZE = 52
"""Enough of either class to reach past ``e_flags``."""

_MACHINES: Mapping[int, str] = {
    3: "EM_386",
    8: "EM_MIPS",
    20: "EM_PPC",
    21: "EM_PPC64",
    22: "EM_S390",
    40: "EM_ARM",
    62: "EM_X86_64",
    183: "EM_AARCH64",
    243: "EM_RISCV",
    258: "EM_LOONGARCH",
}


def header_problem(header: bytes, target: Target) -> str | None:
    """Return what in the first :data:`HEADER_SIZE` bytes of a file does not fit ``target``; None if all does."""
    if len(header) < HEADER_SIZE or not header.startswith(b"\x7fELF"):
        return "not an ELF file"
    elf_class = {1: 32, 2: 64}.get(header[4])
    data = {1: "little", 2: "big"}.get(header[5])
    if elf_class is None or data is None:
        return "not an ELF file"
    order = "<" if data == "little" else ">"
    (number,) = struct.unpack_from(f"{order}H", header, 18)
    (flags,) = struct.unpack_from(f"{order}I", header, 48 if elf_class == 64 else 36)
    machine = _MACHINES.get(number, f"machine {number}")
    elf = target.elf
    found, expected = (
        f"{machine}, {elf_class}-bit {data}-endian",
        f"{elf.machine}, {elf.elf_class}-bit {elf.data}-endian",
    )
    if found != expected:
        return f"expected {expected}, found {found}"
    if flags & elf.flags_mask != elf.flags:
        return f"expected the ABI flags {elf.flags:#x}, found {flags & elf.flags_mask:#x}"
    return None
