"""What an interpreter's binary says without being run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.details_cases import TREES

from xbuild.details.binary import stable_suffixes_in

if TYPE_CHECKING:
    from pathlib import Path

LIBRARY = TREES / "debian-3.14-s390x/usr/lib/s390x-linux-gnu/libpython3.14.so"


def test_suffixes(tmp_path: Path) -> None:
    assert stable_suffixes_in(LIBRARY) == {".abi3.so", ".abi3-s390x-linux-gnu.so"}
    file = tmp_path / "x"
    file.write_bytes(b".abi3.so\0x.abi3.so\0\0.abi3t.so\0\0.abi3-\xff.so\0\0.abi3.py\0\0.abi3.so")
    assert stable_suffixes_in(file) == {".abi3t.so"}
    file.write_bytes(b"")
    assert stable_suffixes_in(file) == frozenset()
