"""Giving a wheel other platform tags: the file's name, WHEEL and RECORD, and nothing else."""

from __future__ import annotations

import io
import zipfile
import zlib
from itertools import product
from typing import TYPE_CHECKING

from xbuild.errors import VerificationError
from xbuild.files import atomic_write
from xbuild.wheels.record import entry_for, format_record, parse_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def retag(wheel: Path, *, platforms: Sequence[str], output_dir: Path) -> Path:
    """Write the wheel with the platform tags ``platforms`` into ``output_dir`` and return its path.

    The same wheel and tags give the same bytes: members keep their order, times and permissions, and RECORD its lines.
    The file appears whole or not at all; one of that name is replaced.
    Raises :class:`VerificationError` if ``wheel`` is not a whole wheel with one WHEEL and one RECORD.
    """
    name = _new_name(wheel.name, platforms)
    try:
        with zipfile.ZipFile(wheel) as source:
            content = _rewrite(source, name)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, EOFError, OSError) as error:
        raise VerificationError(
            f"cannot change the tags of {wheel.name}: {error}", hint="'xbuild verify' says what is wrong with the wheel"
        ) from error
    output = output_dir / name
    atomic_write(output, content)
    return output


def _new_name(name: str, platforms: Sequence[str]) -> str:
    return f"{name.rpartition('-')[0]}-{'.'.join(sorted(platforms))}.whl"


def _rewrite(source: zipfile.ZipFile, name: str) -> bytes:
    wheel = _only(source, "WHEEL")
    record = _only(source, "RECORD")
    changed = {wheel: _with_tags(source.read(wheel), name)}
    entries = parse_record(source.read(record).decode("utf-8"))
    renewed = (entry_for(wheel, changed[wheel]) if entry.name == wheel else entry for entry in entries)
    changed[record] = format_record(renewed).encode("utf-8")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for info in source.infolist():
            content = changed.get(info.filename)
            target.writestr(_same_member(info), source.read(info) if content is None else content)
    return out.getvalue()


def _only(source: zipfile.ZipFile, name: str) -> str:
    found = [member for member in source.namelist() if member.endswith(f".dist-info/{name}") and member.count("/") == 1]
    if len(found) != 1:
        raise ValueError(f"it has {len(found)} files .dist-info/{name}, not one")
    return found[0]


def _with_tags(content: bytes, name: str) -> bytes:
    """Replace WHEEL's Tag lines, where the first one stands, by those of the wheel's name."""
    tags = [f"Tag: {'-'.join(tag)}\n" for tag in product(*(part.split(".") for part in name[:-4].split("-")[-3:]))]
    lines = content.decode("utf-8").splitlines(keepends=True)
    is_tag = [line.lower().startswith("tag:") for line in lines]
    first = is_tag.index(True) if True in is_tag else len(lines)
    kept = [line for line, tagged in zip(lines, is_tag, strict=True) if not tagged]
    return "".join((*kept[:first], *tags, *kept[first:])).encode("utf-8")


def _same_member(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Return a fresh entry with what stays. The extra field is left out: it holds other forms of the same times."""
    copy = zipfile.ZipInfo(info.filename, info.date_time)
    copy.compress_type = info.compress_type
    copy.external_attr = info.external_attr
    copy.create_system = info.create_system
    return copy
