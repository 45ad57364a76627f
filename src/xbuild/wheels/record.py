"""RECORD: the list of a wheel's files with their hashes and sizes (PEP 376, PEP 427)."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

STRONG_HASHES = frozenset({"sha256", "sha384", "sha512", "sha3_256", "sha3_512", "blake2b", "blake2s"})
"""The algorithms a wheel may use: sha256 or better."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordEntry:
    """One line. ``algorithm`` and ``digest`` are empty, and ``size`` None, where the line leaves them out."""

    name: str
    algorithm: str = ""
    digest: str = ""
    size: int | None = None


def parse_record(text: str) -> tuple[RecordEntry, ...]:
    """Parse RECORD. Raises :class:`ValueError`, with the number of the line, if it is malformed."""
    entries = []
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), strict=True), start=1):
            if not row:
                continue
            if len(row) != 3 or (row[2] and not row[2].isascii()) or (row[2] and not row[2].isdigit()):
                raise ValueError(f"line {number} is not 'path,algorithm=hash,size'")
            algorithm, _, digest = row[1].partition("=")
            size = int(row[2][:20]) if row[2] else None
            entries.append(RecordEntry(name=row[0], algorithm=algorithm, digest=digest, size=size))
    except csv.Error as error:
        raise ValueError(f"it is not CSV: {error}") from error
    return tuple(entries)


def format_record(entries: Iterable[RecordEntry]) -> str:
    """Render entries as RECORD's text, a line each, in the order given."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    for entry in entries:
        hashed = f"{entry.algorithm}={entry.digest}" if entry.algorithm else ""
        writer.writerow((entry.name, hashed, "" if entry.size is None else entry.size))
    return out.getvalue()


def encode_digest(digest: bytes) -> str:
    """Return ``digest`` as RECORD has it: URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def entry_for(name: str, content: bytes) -> RecordEntry:
    """Return the line of a file with ``content``."""
    digest = encode_digest(hashlib.sha256(content).digest())
    return RecordEntry(name=name, algorithm="sha256", digest=digest, size=len(content))
