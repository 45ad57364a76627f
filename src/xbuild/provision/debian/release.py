"""A suite's signed Release file: the root of trust for its indexes, and through them for its packages."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from xbuild.errors import ProvisionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexFile:
    """What a Release file vouches for."""

    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """The content of a Release file. ``files`` are by path relative to the suite's directory; moments are in UTC."""

    codename: str
    suite: str
    date: datetime
    valid_until: datetime | None
    architectures: frozenset[str]
    by_hash: bool
    files: Mapping[str, IndexFile]


def load_certificates(keyrings: Iterable[Path]) -> list[Any]:
    """Read OpenPGP certificates (binary or armored) from the files that exist.

    Raises :class:`ProvisionError` for a file that is not a keyring.
    """
    from pysequoia import Cert  # a native library that a warm run does not need

    certificates: list[Any] = []
    for path in keyrings:
        if path.is_file():
            try:
                certificates += Cert.split_bytes(path.read_bytes())
            except (OSError, RuntimeError) as error:
                raise ProvisionError(
                    f"{path}: not a file of OpenPGP certificates: {_first_line(error)}",
                    hint="expected what `gpg --export` writes, with --armor or without",
                ) from error
    return certificates


def verify_release(content: bytes, *, certificates: list[Any], url: str) -> bytes:
    """Return the signed text of an InRelease file.

    Raises :class:`ProvisionError` unless one of ``certificates`` signed it. Nothing outside the signature is returned.
    """
    import pysequoia

    try:
        verified = pysequoia.verify(content, lambda _key_ids: certificates)
    except RuntimeError as error:  # all that pysequoia raises; the first line is the message, the rest a backtrace
        raise ProvisionError(
            f"the signature of {url} is not valid: {_first_line(error)}",
            hint="the file was changed on its way, or is signed by a key that xbuild does not know; "
            "use another mirror (XBUILD_ARCHIVE), or name the key's file: XBUILD_ARCHIVE='[signed-by=/file] URL'",
        ) from error
    signed = verified.bytes
    assert signed is not None  # noqa: S101 - only a detached signature has no content
    return signed


def parse_release(content: bytes, *, url: str) -> Release:
    """Read the text of a verified Release file. Raises :class:`ProvisionError` where a field is missing or wrong."""
    from debian.deb822 import Release as Deb822Release  # slow to import

    fields = Deb822Release(content)
    try:
        return Release(
            codename=fields["Codename"],
            suite=fields["Suite"],
            date=parsedate_to_datetime(fields["Date"]),
            valid_until=parsedate_to_datetime(fields["Valid-Until"]) if "Valid-Until" in fields else None,
            architectures=frozenset(fields["Architectures"].split()) - {"all"},
            by_hash=fields.get("Acquire-By-Hash", "no").lower() == "yes",
            files={
                entry["name"]: IndexFile(size=int(entry["size"]), sha256=entry["sha256"]) for entry in fields["SHA256"]
            },
        )
    except KeyError as error:
        raise ProvisionError(f"{url} has no field {error.args[0]}: expected a Release file of Debian") from error
    except ValueError as error:
        raise ProvisionError(f"{url} is not a valid Release file: {error}") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")
