"""The wheel as it is delivered: the same content gives the same bytes, wherever and whenever it was built.

A build leaves in a wheel what has nothing to do with the project: the folders it was built in, the times and
permissions of files, the order in which a file system lists them. Here they are replaced by fixed ones. What cannot be
replaced, a folder's name in machine code, is named, so that nobody takes such a wheel for reproducible.
"""

from __future__ import annotations

import hashlib
import io
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from xbuild.errors import VerificationError
from xbuild.files import atomic_write
from xbuild.wheels.record import RecordEntry, entry_for, format_record, parse_record
from xbuild.wheels.report import Finding
from xbuild.wheels.retag import retagged_metadata, retagged_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

# What a ZIP archive can say, in steps of two seconds.
_EARLIEST = 315532800  # 1980-01-01
_LATEST = 4354819198  # 2107-12-31T23:59:58
_LEVEL = 6
# RECORD lists them without a hash, as it does itself.
_SIGNATURES = ("RECORD.jws", "RECORD.p7s")


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """The wheel at ``path``, and a note or warning for each member in which folders of the build were found."""

    path: Path
    findings: tuple[Finding, ...] = ()


def finish(
    wheel: Path, *, platforms: Sequence[str], places: Mapping[str, str], date: int, output_dir: Path
) -> Finished:
    """Write ``wheel`` into ``output_dir`` in its final form, whole or not at all; a file of its name is replaced.

    ``platforms`` are the platform tags it gets; with none it keeps its own. ``places`` are folders of the build and
    the fixed name for each, which replaces it in text. ``date`` is every member's, in seconds since 1970, as near as
    the format can say it. Members are sorted, with the ``.dist-info`` folder and in it RECORD last.
    Raises :class:`VerificationError` if ``wheel`` is not a whole wheel with one WHEEL and one RECORD.
    """
    name = retagged_name(wheel.name, platforms) if platforms else wheel.name
    try:
        with zipfile.ZipFile(wheel) as source:
            content, findings = _rewrite(source, name if platforms else None, _Places(places), date)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, EOFError, OSError) as error:
        raise VerificationError(
            f"cannot rewrite {wheel.name}: {error}", hint="'xbuild verify' says what is wrong with the wheel"
        ) from error
    path = output_dir / name
    atomic_write(path, content)
    return Finished(path=path, findings=tuple(findings))


def has_common_deflate(compress: Callable[[bytes, int], bytes] = zlib.compress) -> bool:
    """Whether this Python compresses as zlib does: zlib-ng, which some are linked with, makes other bytes."""
    text = b"".join(b"%d " % (number**3 % 65521) for number in range(5000))
    return hashlib.sha256(compress(text, _LEVEL)).hexdigest() == _COMMON_DEFLATE


_COMMON_DEFLATE = "64af782af63e99bb12cb6888c135d6ebdb46b1da0f6a3466c30f67cb8549ee05"


class _Places:
    """Folders of a build and their fixed names. A longer one goes before one that it is in."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = {path.encode("utf-8", "surrogateescape"): name.encode() for path, name in names.items()}
        longest_first = sorted(self._names, key=len, reverse=True)
        # The name must end there: /cache/trees is not in /cache/trees-old or /cache/trees.old.
        self._any = re.compile(b"(?:%s)(?!\\.?[\\w-])" % b"|".join(map(re.escape, longest_first)))

    def are_in(self, content: bytes) -> bool:
        # Looking for a string first takes a tenth of the time.
        return any(path in content for path in self._names) and self._any.search(content) is not None

    def rename(self, content: bytes) -> bytes:
        return self._any.sub(lambda match: self._names[match.group()], content)


def _rewrite(source: zipfile.ZipFile, name: str | None, places: _Places, date: int) -> tuple[bytes, list[Finding]]:
    """Return the new archive and what was found. Its WHEEL gets the tags of ``name``, if there is one."""
    members = {info.filename: info for info in source.infolist() if not info.is_dir()}
    wheel, record = _only(members, "WHEEL"), _only(members, "RECORD")
    parse_record(source.read(record).decode("utf-8"))  # a broken one is not to be replaced by a sound one
    info = record.removesuffix("RECORD")
    entries, findings = [], []
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for member in sorted(members.keys() - {record}, key=lambda member: (member.startswith(info), member)):
            content = source.read(member)
            if places.are_in(content):
                content, finding = _rename(member, content, places)
                findings.append(finding)
            if member == wheel and name:
                content = retagged_metadata(content, name)
            unhashed = member.removeprefix(info) in _SIGNATURES
            entries.append(RecordEntry(name=member) if unhashed else entry_for(member, content))
            target.writestr(_entry(members[member], date), content, compresslevel=_LEVEL)
        listing = format_record([*entries, RecordEntry(name=record)]).encode("utf-8")
        target.writestr(_entry(members[record], date), listing, compresslevel=_LEVEL)
    return out.getvalue(), findings


def _rename(member: str, content: bytes, places: _Places) -> tuple[bytes, Finding]:
    if _is_text(content):
        message = "it named folders of the build, which have fixed names now"
        return places.rename(content), Finding(code="XBW151", severity="note", message=message, member=member)
    message = "it holds the name of a folder of the build: built in another one, the wheel has other bytes"
    return content, Finding(code="XBW152", severity="warning", message=message, member=member)


def _only(members: Mapping[str, zipfile.ZipInfo], name: str) -> str:
    found = [member for member in members if member.endswith(f".dist-info/{name}") and member.count("/") == 1]
    if len(found) != 1:
        raise ValueError(f"it has {len(found)} files .dist-info/{name}, not one")
    return found[0]


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _entry(info: zipfile.ZipInfo, date: int) -> zipfile.ZipInfo:
    """Return a member of the same name, executable if the old one is."""
    stamp = datetime.fromtimestamp(min(max(date, _EARLIEST), _LATEST), UTC)
    entry = zipfile.ZipInfo(info.filename, stamp.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, whatever runs this
    mode = 0o755 if info.external_attr >> 16 & stat.S_IXUSR else 0o644
    entry.external_attr = (stat.S_IFREG | mode) << 16
    return entry
