"""What an ELF file says about itself, read the way the dynamic loader reads it.

The layouts come from pyelftools. The walk over them is ours because the files are not trusted: every offset is checked
against the file's size, and every table, chain and string has a bound.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, Literal

from xbuild.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from elftools.elf.structs import ELFStructs

    from xbuild.targets import Endian

ELF_MAGIC = b"\x7fELF"

_MAX_SEGMENTS = 1024
_MAX_SECTIONS = 65_536
_MAX_DYNAMIC = 8192
_MAX_LINKS = 20_000
_MAX_STRING = 65_536
_INIT_PREFIXES = (b"PyInit_", b"PyInitU_", b"PyModExport_", b"PyModExportU_")  # PEP 3121, PEP 489, PEP 793


class ElfError(VerificationError):
    """A file is not ELF, or is a truncated or corrupt one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfFile:
    """One ELF file.

    ``machine`` and ``type`` are ``elf.h``'s names (``EM_RISCV``, ``ET_DYN``), or numbers where it has none.
    ``rpath`` and ``runpath`` are split at their colons.
    ``version_needs`` maps a library to the symbol versions needed of it (``GLIBC_2.17``).
    ``init_functions`` are the exported symbols by which an interpreter finds a module (``PyInit_x``), and ``undefined``
    the symbols another file must provide; both are None where the file has no symbol table to tell.
    """

    elf_class: Literal[32, 64]
    data: Endian
    machine: str
    flags: int
    type: str
    dynamic: bool = False
    interp: str | None = None
    soname: str | None = None
    needed: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    version_needs: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    init_functions: tuple[str, ...] | None = None
    undefined: frozenset[str] | None = None


def read_elf(stream: IO[bytes]) -> ElfFile:
    """Read the ELF file in the seekable ``stream``.

    Raises :class:`ElfError`, and nothing else, if it is not ELF, is cut short or contradicts itself.
    """
    return _Reader(stream).read()


class _Reader:
    """One pass over one file."""

    def __init__(self, stream: IO[bytes]) -> None:
        from elftools.elf.structs import ELFStructs

        self._stream = stream
        self._size = stream.seek(0, 2)
        self._links = 0
        ident = self._bytes(0, min(16, self._size))
        if ident[:4] != ELF_MAGIC:
            raise ElfError("not an ELF file")
        if len(ident) < 16 or ident[4] not in (1, 2) or ident[5] not in (1, 2):
            raise ElfError("corrupt ELF file: no such class or byte order")
        self._class: Literal[32, 64] = 32 if ident[4] == 1 else 64
        self._data: Endian = "little" if ident[5] == 1 else "big"
        self._structs: ELFStructs = ELFStructs(self._data == "little", self._class)
        self._structs.create_basic_structs()
        self._header = self._parse("Elf_Ehdr", 0)
        self._structs.create_advanced_structs(self._header.e_type, self._header.e_machine)

    def read(self) -> ElfFile:
        segments = tuple(self._table("Elf_Phdr", self._header.e_phoff, self._header.e_phnum, limit=_MAX_SEGMENTS))
        interp = next((s for s in segments if s.p_type == "PT_INTERP"), None)
        dynamic = next((s for s in segments if s.p_type == "PT_DYNAMIC"), None)
        return ElfFile(
            elf_class=self._class,
            data=self._data,
            machine=str(self._header.e_machine),
            flags=self._header.e_flags,
            type=str(self._header.e_type),
            interp=_string(self._bytes(interp.p_offset, interp.p_filesz), 0) if interp else None,
            dynamic=dynamic is not None,
            **(self._read_dynamic(segments, dynamic) if dynamic else {}),
        )

    def _read_dynamic(self, segments: tuple[Any, ...], dynamic: Any) -> dict[str, Any]:
        """Return the fields that the dynamic section holds."""
        tags: list[tuple[str, int]] = []
        count = dynamic.p_filesz // self._structs.Elf_Dyn.sizeof()
        for entry in self._table("Elf_Dyn", dynamic.p_offset, count, limit=_MAX_DYNAMIC):
            if entry.d_tag == "DT_NULL":
                break
            tags.append((str(entry.d_tag), entry.d_val))
        single = dict(tags)
        strings = b""
        if "DT_STRTAB" in single:
            strings = self._bytes(_offset(segments, single["DT_STRTAB"]), single.get("DT_STRSZ", 0))

        def texts(tag: str) -> tuple[str, ...]:
            return tuple(_string(strings, value) for name, value in tags if name == tag)

        def paths(tag: str) -> tuple[str, ...]:
            return tuple(entry for text in texts(tag) for entry in text.split(":"))

        init_functions, undefined = self._read_symbols(strings)
        return {
            "soname": next(iter(texts("DT_SONAME")), None),
            "needed": texts("DT_NEEDED"),
            "rpath": paths("DT_RPATH"),
            "runpath": paths("DT_RUNPATH"),
            "version_needs": self._read_version_needs(segments, single, strings),
            "init_functions": init_functions,
            "undefined": undefined,
        }

    def _read_version_needs(
        self, segments: tuple[Any, ...], tags: Mapping[str, int], strings: bytes
    ) -> Mapping[str, frozenset[str]]:
        if "DT_VERNEED" not in tags:
            return MappingProxyType({})
        needs: dict[str, set[str]] = {}
        start = _offset(segments, tags["DT_VERNEED"])
        for library, position in self._chain("Elf_Verneed", start, "vn_next"):
            versions = needs.setdefault(_string(strings, library.vn_file), set())
            if library.vn_cnt:
                for version, _ in self._chain("Elf_Vernaux", position + library.vn_aux, "vna_next"):
                    versions.add(_string(strings, version.vna_name))
        return MappingProxyType({library: frozenset(versions) for library, versions in needs.items()})

    def _read_symbols(self, strings: bytes) -> tuple[tuple[str, ...] | None, frozenset[str] | None]:
        """Return the module entry points that are exported and the names that are undefined.

        The count of symbols is in the section header alone; the loader itself only knows hash tables.
        """
        header = self._header
        sections = self._table("Elf_Shdr", header.e_shoff, header.e_shnum, limit=_MAX_SECTIONS)
        table = next((section for section in sections if section.sh_type == "SHT_DYNSYM"), None)
        if table is None:
            return None, None
        order = "<" if self._data == "little" else ">"
        # Not pyelftools' Elf_Sym: it is two hundred times slower, and libraries have tens of thousands of symbols.
        layout = struct.Struct(order + ("IBBHQQ" if self._class == 64 else "IIIBBH"))
        content = self._bytes(table.sh_offset, table.sh_size)
        exported: set[str] = set()
        undefined: set[str] = set()
        for entry in layout.iter_unpack(content[: len(content) - len(content) % layout.size]):
            name, info, _, section = entry[:4] if self._class == 64 else (entry[0], *entry[3:])
            binding = info >> 4
            if section == 0 and binding == 1:  # SHN_UNDEF, STB_GLOBAL: a weak one is optional
                undefined.add(_string(strings, name))
            elif section != 0 and binding in (1, 2) and strings.startswith(_INIT_PREFIXES, name):
                exported.add(_string(strings, name))
        return tuple(sorted(exported)), frozenset(undefined)

    def _table(self, layout: str, offset: int, count: int, *, limit: int) -> Iterator[Any]:
        if count > limit:
            raise ElfError(f"corrupt ELF file: {count} entries of {layout}, more than {limit}")
        size = getattr(self._structs, layout).sizeof()
        return (self._parse(layout, offset + index * size) for index in range(count))

    def _chain(self, layout: str, offset: int, link: str) -> Iterator[tuple[Any, int]]:
        """Yield the entries of a chain and their offsets."""
        while True:
            self._links += 1
            if self._links > _MAX_LINKS:
                raise ElfError(f"corrupt ELF file: more than {_MAX_LINKS} symbol versions")
            entry = self._parse(layout, offset)
            yield entry, offset
            if entry[link] == 0:
                return
            offset += entry[link]

    def _parse(self, layout: str, offset: int) -> Any:
        shape = getattr(self._structs, layout)
        return shape.parse(self._bytes(offset, shape.sizeof()))

    def _bytes(self, offset: int, size: int) -> bytes:
        if offset < 0 or offset + size > self._size:
            raise ElfError(
                f"truncated or corrupt ELF file: {size} bytes at offset {offset} are outside its {self._size} bytes"
            )
        self._stream.seek(offset)
        return self._stream.read(size)


def _offset(segments: tuple[Any, ...], address: int) -> int:
    """Return where in the file the loader finds what it maps at ``address``."""
    for segment in segments:
        if segment.p_type == "PT_LOAD" and segment.p_vaddr <= address < segment.p_vaddr + segment.p_filesz:
            return int(address - segment.p_vaddr + segment.p_offset)
    raise ElfError(f"corrupt ELF file: address {address:#x} is in no segment")


def _string(table: bytes, offset: int) -> str:
    end = table.find(b"\0", offset, offset + _MAX_STRING)
    if offset >= len(table) or end < 0:
        raise ElfError(f"corrupt ELF file: no string at offset {offset} of a table of {len(table)} bytes")
    return table[offset:end].decode("utf-8", "backslashreplace")
