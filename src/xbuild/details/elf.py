"""What an interpreter's or libpython's ELF file says without being run: its machine, and the suffixes it imports."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
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
_LONGEST_SUFFIX = 80
_MOST_BYTES = 128 * 1024 * 1024


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


def stable_suffixes_in(file: Path) -> frozenset[str]:
    """Return the stable-ABI suffixes (``.abi3.so``) that an interpreter's binary has in its import table's strings.

    Distributions patch the table, so only the binary knows: Debian's 3.14 has ``.abi3-riscv64-linux-gnu.so``.
    """
    with file.open("rb") as stream:
        return frozenset(_suffixes(stream.read(_MOST_BYTES)))


def _suffixes(content: bytes) -> Iterator[str]:
    needle = b".abi3"
    at = content.find(needle)
    while at >= 0:
        end = content.find(b"\0", at, at + _LONGEST_SUFFIX)
        suffix = content[at:end] if end >= 0 else b""
        if content[at - 1 : at] == b"\0" and suffix.endswith(b".so") and suffix.isascii():
            yield suffix.decode("ascii")
        at = content.find(needle, at + 1)
