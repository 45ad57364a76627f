"""The header of an ELF file, as much of it as says which machine the file is for.

Small on purpose: what a whole ELF file says is read by :mod:`xbuild.wheels.elf`, which takes longer to import.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

    from xbuild.targets import ElfIdentity

# e_machine of <elf.h>, for the machines there is or may be a target of.
_MACHINES = {
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


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfHeader:
    """The fields of an ELF header that name the machine."""

    elf_class: Literal[32, 64]
    data: Literal["little", "big"]
    machine: str
    flags: int

    def matches(self, identity: ElfIdentity) -> bool:
        """Return whether this is a file of the machine."""
        return (
            (self.elf_class, self.data, self.machine) == (identity.elf_class, identity.data, identity.machine)
        ) and self.flags & identity.flags_mask == identity.flags

    def problem(self, identity: ElfIdentity) -> str | None:
        """Return what does not fit the machine; None if all does."""
        expected = f"{identity.machine}, {identity.elf_class}-bit {identity.data}-endian"
        found = f"{self.machine}, {self.elf_class}-bit {self.data}-endian"
        if found != expected:
            return f"expected {expected}, found {found}"
        if not self.matches(identity):
            return f"expected the ABI flags {identity.flags:#x}, found {self.flags & identity.flags_mask:#x}"
        return None

    def __str__(self) -> str:
        return f"{self.elf_class}-bit {self.data}-endian {self.machine}, flags {self.flags:#x}"


def parse_header(content: bytes) -> ElfHeader | None:
    """Return the header at the start of ``content`` (64 bytes suffice), None if it is not an ELF file."""
    if content[:4] != b"\x7fELF" or len(content) < 52 or content[4] not in {1, 2} or content[5] not in {1, 2}:
        return None
    order = "<" if content[5] == 1 else ">"
    wide = content[4] == 2
    (machine,) = struct.unpack_from(f"{order}H", content, 18)
    (flags,) = struct.unpack_from(f"{order}I", content, 48 if wide else 36)
    return ElfHeader(
        elf_class=64 if wide else 32,
        data="little" if content[5] == 1 else "big",
        machine=_MACHINES.get(machine, f"machine {machine}"),
        flags=flags,
    )


def read_header(file: Path) -> ElfHeader | None:
    """Return the header of a file, None if it is not an ELF file or cannot be read."""
    try:
        with file.open("rb") as stream:
            return parse_header(stream.read(64))
    except OSError:
        return None
