"""A wheel as an archive: its members, its ELF files, its metadata, and whether all of it is whole.

The archive is not trusted: it may be cut short, hostile, or not a wheel. Whatever is wrong becomes a finding.
"""

from __future__ import annotations

import hashlib
import re
import stat
import struct
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Literal

from xbuild.errors import VerificationError
from xbuild.wheels.elf import ELF_MAGIC, ElfError, ElfFile, read_elf
from xbuild.wheels.record import STRONG_HASHES, RecordEntry, encode_digest, parse_record
from xbuild.wheels.report import Finding, wrong

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MAX_TOTAL = 16 * 2**30
_MAX_METADATA = 64 * 2**20
_IN_MEMORY = 64 * 2**20
_CHUNK = 2**20
_METADATA_FILES = ("WHEEL", "METADATA", "RECORD")
_UNRECORDED = ("RECORD", "RECORD.jws", "RECORD.p7s")
_MACH_O = (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe")
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,  # a feature of ZIP that zipfile lacks
    RuntimeError,  # an encrypted member
    ValueError,
    OSError,
)

Kind = Literal["elf", "windows", "macos", "other", "unreadable"]


@dataclass(slots=True)
class Archive:
    """What was read: the kind of each member, by its first bytes, and the ELF files that could be read.

    ``texts`` are those files of ``.dist-info`` that verification needs, by their base names.
    """

    members: dict[str, Kind] = field(default_factory=dict)
    elf_files: dict[str, ElfFile] = field(default_factory=dict)
    dist_info: str | None = None
    texts: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def find(self, code: str, message: str, *, member: str | None = None) -> None:
        """Add an error."""
        self.findings.append(wrong(code, message, member=member))

    def find_damage(self, member: str, error: Exception) -> None:
        """Add the error that ``member`` cannot be read, once."""
        finding = wrong("XBW102", f"the member cannot be read: {error}", member=member)
        if finding not in self.findings:
            self.findings.append(finding)


def read_archive(path: Path) -> Archive:
    """Read every member of the wheel once.

    Raises :class:`VerificationError` only if there is no such file or it may not be read.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise VerificationError(f"cannot read the wheel {path}: {error.strerror}", hint="check the path") from error
    archive = Archive()
    with stream:
        try:
            with zipfile.ZipFile(stream) as opened:
                _read_members(opened, archive)
        except _UNREADABLE as error:
            archive.find("XBW102", f"not a ZIP archive, or a damaged one: {error}")
    return archive


def _read_members(opened: zipfile.ZipFile, archive: Archive) -> None:
    total = sum(info.file_size for info in opened.infolist())
    if total > _MAX_TOTAL:
        archive.find("XBW102", f"its members would take {total} bytes, more than {_MAX_TOTAL}")
        return
    files = [info for info in opened.infolist() if _is_good_file(info, archive)]
    archive.dist_info = _find_dist_info(archive, [info.filename for info in files])
    for info in files:
        folder, _, name = info.filename.rpartition("/")
        if folder == archive.dist_info and name in _METADATA_FILES:
            _read_text(opened, info, archive)
    record = _read_record(archive)
    for info in files:
        try:
            _read_member(opened, info, archive, record.get(info.filename))
        except _UNREADABLE as error:
            archive.find_damage(info.filename, error)


def _is_good_file(info: zipfile.ZipInfo, archive: Archive) -> bool:
    """Whether a member is a file to look into; says what is wrong with it if not."""
    name = info.filename
    if name in archive.members:
        archive.find(
            "XBW104", "there are two members of this name, and installers differ in which they take", member=name
        )
        return False
    if not _is_safe(info):
        archive.find("XBW103", "the member's name leads out of the wheel or cannot be a file's", member=name)
        return False
    if stat.S_ISLNK(info.external_attr >> 16):
        archive.find("XBW103", "a symbolic link: installers write its target's name as the file's content", member=name)
        return False
    if info.is_dir():
        return False
    archive.members[name] = "unreadable"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        archive.find("XBW102", f"compression method {info.compress_type}: installers only know deflate", member=name)
        return False
    return True


def _is_safe(info: zipfile.ZipInfo) -> bool:
    name = info.filename.removesuffix("/")
    return (
        info.orig_filename == info.filename  # zipfile cuts a name at NUL
        and not re.search(r"[\\\x00-\x1f\x7f]|^[A-Za-z]:", name)
        and not any(part in ("", ".", "..") for part in name.split("/"))
    )


def _find_dist_info(archive: Archive, names: list[str]) -> str | None:
    folders = sorted({name.split("/", 1)[0] for name in names if re.match(r"[^/]+\.dist-info/", name)})
    if len(folders) == 1:
        return folders[0]
    archive.find("XBW105", f"there are several: {', '.join(folders)}" if folders else "there is no .dist-info folder")
    return None


def _read_text(opened: zipfile.ZipFile, info: zipfile.ZipInfo, archive: Archive) -> None:
    name = info.filename.rpartition("/")[2]
    try:
        if info.file_size > _MAX_METADATA:
            raise ValueError(f"{info.file_size} bytes, more than {_MAX_METADATA}")
        archive.texts[name] = opened.read(info).decode("utf-8")
    except _UNREADABLE as error:
        archive.find_damage(info.filename, error)


def _read_record(archive: Archive) -> Mapping[str, RecordEntry]:
    """Return RECORD's lines by name, and compare its names with the members'."""
    if archive.dist_info is None or "RECORD" not in archive.texts:
        archive.find("XBW107", "there is no readable RECORD")
        return {}
    member = f"{archive.dist_info}/RECORD"
    try:
        entries = parse_record(archive.texts["RECORD"])
    except ValueError as error:
        archive.find("XBW107", f"RECORD is malformed: {error}", member=member)
        return {}
    record = {entry.name: entry for entry in entries}
    unrecorded = {f"{archive.dist_info}/{name}" for name in _UNRECORDED}
    for name in sorted(archive.members.keys() - record.keys() - unrecorded):
        archive.find("XBW107", "the member is not in RECORD", member=name)
    for name in sorted(record.keys() - archive.members.keys()):
        archive.find("XBW107", "RECORD names a file that is not in the wheel", member=name)
    for name in sorted(archive.members.keys() & record.keys() - unrecorded):
        if record[name].algorithm not in STRONG_HASHES:
            archive.find("XBW107", "RECORD has no hash for it, or one weaker than SHA-256", member=name)
    return record


def _read_member(opened: zipfile.ZipFile, info: zipfile.ZipInfo, archive: Archive, entry: RecordEntry | None) -> None:
    """Compare a member with its line of RECORD and read it if it is ELF."""
    algorithm = entry.algorithm if entry and entry.algorithm in STRONG_HASHES else "sha256"
    digest = hashlib.new(algorithm)
    with opened.open(info) as source, tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        chunk = source.read(_CHUNK)
        kind = archive.members[info.filename] = _kind(info.filename, chunk)
        while chunk:
            digest.update(chunk)
            if kind == "elf":
                copy.write(chunk)
            chunk = source.read(_CHUNK)
        if kind == "elf":
            _read_elf_member(copy, info.filename, archive)
    if entry is None or not entry.algorithm:
        return
    if entry.algorithm == algorithm and entry.digest.rstrip("=") != encode_digest(digest.digest()):
        archive.find("XBW108", f"its {algorithm} is not the one in RECORD", member=info.filename)
    elif entry.size is not None and entry.size != info.file_size:
        archive.find("XBW108", f"it has {info.file_size} bytes and RECORD says {entry.size}", member=info.filename)


def _read_elf_member(content: IO[bytes], name: str, archive: Archive) -> None:
    try:
        archive.elf_files[name] = read_elf(content)
    except ElfError as error:
        archive.find("XBW121", error.message, member=name)


def _kind(name: str, head: bytes) -> Kind:
    if head.startswith(ELF_MAGIC):
        return "elf"
    if head.startswith(b"MZ") and name.lower().endswith((".exe", ".dll", ".pyd")):
        return "windows"
    return "macos" if head.startswith(_MACH_O) else "other"
