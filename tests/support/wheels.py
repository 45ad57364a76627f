"""Tiny real ELF files and wheels, made without a compiler."""

from __future__ import annotations

import base64
import hashlib
import struct
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xbuild.targets import get_target
from xbuild.wheels.tags import WheelExpectation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

MACHINES = {
    "EM_386": 3,
    "EM_S390": 22,
    "EM_ARM": 40,
    "EM_X86_64": 62,
    "EM_PPC64": 21,
    "EM_AARCH64": 183,
    "EM_RISCV": 243,
    "EM_LOONGARCH": 258,
}


@dataclass(kw_only=True)
class Elf:
    """An ELF file to be: by default a riscv64 extension module called ``_x`` with no needs."""

    bits: int = 64
    little: bool = True
    machine: str = "EM_RISCV"
    flags: int = 0x5
    type: int = 3
    interp: str | None = None
    soname: str | None = None
    needed: tuple[str, ...] = ()
    rpath: str | None = None
    runpath: str | None = None
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exported: tuple[str, ...] = ("PyInit__x",)
    undefined: tuple[str, ...] = ()
    weak: tuple[str, ...] = ()
    dynamic: bool = True
    sections: bool = True

    def pack(self, layout64: str, *values: int, layout32: str | None = None) -> bytes:
        layout = layout64 if self.bits == 64 or layout32 is None else layout32
        return struct.pack(("<" if self.little else ">") + layout, *values)

    def __bytes__(self) -> bytes:
        return _Image(self).build()


class _Image:
    """One file in which every address is an offset: header, program headers, then blocks as they are added."""

    def __init__(self, elf: Elf) -> None:
        self.elf = elf
        self.strings = b"\0"
        self.header_size = 64 if elf.bits == 64 else 52
        self.segment_size = 56 if elf.bits == 64 else 32
        self.segments: list[tuple[int, int, int]] = []
        self.body = b""
        self.start = self.header_size + 3 * self.segment_size

    def string(self, text: str) -> int:
        offset = len(self.strings)
        self.strings += text.encode() + b"\0"
        return offset

    def add(self, content: bytes) -> int:
        self.body += bytes(-(self.start + len(self.body)) % 8)
        offset = self.start + len(self.body)
        self.body += content
        return offset

    def build(self) -> bytes:
        elf = self.elf
        if elf.interp is not None:
            content = elf.interp.encode() + b"\0"
            self.segments.append((3, self.add(content), len(content)))
        symbols = self.symbols()
        if elf.dynamic:
            table = self.dynamic(symbols)
            self.segments.append((2, self.add(table), len(table)))
        sections = self.section_headers(symbols) if elf.sections and elf.dynamic else (0, 0)
        size = self.start + len(self.body)
        segments = b"".join(self.segment(*segment) for segment in [(1, 0, size), *self.segments])
        return (self.header(sections) + segments).ljust(self.start, b"\0") + self.body

    def header(self, sections: tuple[int, int]) -> bytes:
        elf = self.elf
        ident = b"\x7fELF" + bytes([1 if elf.bits == 32 else 2, 1 if elf.little else 2, 1]) + bytes(9)
        section_size = 64 if elf.bits == 64 else 40
        values = (elf.type, MACHINES[elf.machine], 1, 0, self.header_size, sections[0], elf.flags, self.header_size)
        counts = (self.segment_size, 1 + len(self.segments), section_size, sections[1], 0)
        return ident + elf.pack("HHIQQQIHHHHHH", *values, *counts, layout32="HHIIIIIHHHHHH")

    def segment(self, kind: int, offset: int, size: int) -> bytes:
        if self.elf.bits == 64:
            return self.elf.pack("IIQQQQQQ", kind, 5, offset, offset, offset, size, size, 8)
        return self.elf.pack("IIIIIIII", kind, offset, offset, offset, size, size, 5, 4)

    def symbols(self) -> bytes:
        elf = self.elf
        rows = [(0, 0, 0)]
        rows += [(self.string(name), 0x12, 1) for name in elf.exported]
        rows += [(self.string(name), 0x10, 0) for name in elf.undefined]
        rows += [(self.string(name), 0x20, 0) for name in elf.weak]
        if elf.bits == 64:
            return b"".join(elf.pack("IBBHQQ", name, info, 0, section, 0, 0) for name, info, section in rows)
        return b"".join(elf.pack("IIIBBH", name, 0, 0, info, 0, section) for name, info, section in rows)

    def dynamic(self, symbols: bytes) -> bytes:
        elf = self.elf
        tags = [(1, self.string(name)) for name in elf.needed]
        tags += [
            (tag, self.string(text)) for tag, text in ((14, elf.soname), (15, elf.rpath), (29, elf.runpath)) if text
        ]
        if elf.versions:
            tags += [(0x6FFFFFFE, self.add(self.version_needs())), (0x6FFFFFFF, len(elf.versions))]
        self.symbol_offset = self.add(symbols)
        tags += [(5, self.add(self.strings)), (10, len(self.strings)), (6, self.symbol_offset), (0, 0)]
        return b"".join(elf.pack("QQ", tag, value, layout32="II") for tag, value in tags)

    def version_needs(self) -> bytes:
        out = b""
        for index, (library, versions) in enumerate(self.elf.versions.items(), start=1):
            size = 16 * (1 + len(versions))
            following = size if index < len(self.elf.versions) else 0
            out += self.elf.pack("HHIII", 1, len(versions), self.string(library), 16 if versions else 0, following)
            for number, version in enumerate(versions, start=1):
                after = 16 if number < len(versions) else 0
                out += self.elf.pack("IHHII", 0, 0, 2, self.string(version), after)
        return out

    def section_headers(self, symbols: bytes) -> tuple[int, int]:
        values = (0, 11, 2, self.symbol_offset, self.symbol_offset, len(symbols), 0, 1, 8, 24)
        row = self.elf.pack("IIQQQQIIQQ", *values, layout32="IIIIIIIIII")
        return self.add(bytes(len(row)) + row), 2


@dataclass(kw_only=True)
class Wheel:
    """A wheel to be. ``overrides`` replace generated members (None leaves one out), before RECORD is computed."""

    name: str = "pkg-1.0-cp313-cp313-linux_riscv64.whl"
    files: Mapping[str, bytes] = field(default_factory=dict)
    tags: tuple[str, ...] | None = None
    purelib: str = "false"
    overrides: Mapping[str, bytes | None] = field(default_factory=dict)
    record: Callable[[str], str] = str
    """What to do to RECORD's text before it is written."""

    def members(self) -> dict[str, bytes]:
        project, version, *build, interpreters, abis, platforms = self.name.removesuffix(".whl").split("-")
        tags = self.tags
        if tags is None:
            tags = tuple(
                f"{i}-{a}-{p}" for i in interpreters.split(".") for a in abis.split(".") for p in platforms.split(".")
            )
        info = f"{project}-{version}.dist-info"
        lines = ["Wheel-Version: 1.0", "Generator: test", f"Root-Is-Purelib: {self.purelib}"]
        lines += [*(f"Tag: {tag}" for tag in tags), *(f"Build: {number}" for number in build)]
        members: dict[str, bytes | None] = {
            f"{project}/__init__.py": b"",
            **self.files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n".encode(),
            f"{info}/WHEEL": ("\n".join(lines) + "\n").encode(),
            **self.overrides,
        }
        present = {name: content for name, content in members.items() if content is not None}
        if members.get(f"{info}/RECORD", b"") is not None:
            record = "".join(f"{name},{_sha256(content)},{len(content)}\n" for name, content in present.items())
            present.setdefault(f"{info}/RECORD", self.record(f"{record}{info}/RECORD,,\n").encode())
        return present

    def write(self, folder: Path) -> Path:
        path = folder / self.name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in self.members().items():
                info = zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10))
                info.compress_type = zipfile.ZIP_DEFLATED
                info.external_attr = 0o100644 << 16
                archive.writestr(info, content)
        return path


def _sha256(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


RISCV64 = WheelExpectation(
    target=get_target("riscv64"),
    python=(3, 13),
    extension_suffix=".cpython-313-riscv64-linux-gnu.so",
    stable_abi_suffix=".abi3.so",
    build_paths=("/home/me/project", "/home/me/.cache/xbuild"),
)
