"""What an interpreter's or libpython's binary says without being run: the suffixes of modules that it imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LONGEST_SUFFIX = 80
_MOST_BYTES = 128 * 1024 * 1024


def stable_suffixes_in(file: Path, *, extension_suffix: str) -> frozenset[str] | None:
    """Return the stable-ABI suffixes (``.abi3.so``) that an interpreter's binary has in its import table's strings.

    Distributions patch the table, so only the binary knows: Debian's 3.14 has ``.abi3-riscv64-linux-gnu.so``. Returns
    None for a binary without the table, which always has the interpreter's own ``extension_suffix``: in a shared build
    that is the program, which only loads libpython.
    """
    with file.open("rb") as stream:
        content = stream.read(_MOST_BYTES)
    has_table = extension_suffix != "" and f"\0{extension_suffix}\0".encode() in content
    return frozenset(_suffixes(content)) if has_table else None


def _suffixes(content: bytes) -> Iterator[str]:
    needle = b".abi3"
    at = content.find(needle)
    while at >= 0:
        end = content.find(b"\0", at, at + _LONGEST_SUFFIX)
        suffix = content[at:end] if end >= 0 else b""
        if content[at - 1 : at] == b"\0" and suffix.endswith(b".so") and suffix.isascii():
            yield suffix.decode("ascii")
        at = content.find(needle, at + 1)
