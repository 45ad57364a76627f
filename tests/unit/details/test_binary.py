"""What an interpreter's binary says without being run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.details_cases import TREES

from xbuild.details.binary import stable_suffixes_in

if TYPE_CHECKING:
    from pathlib import Path

LIBRARY = TREES / "debian-3.14-s390x/usr/lib/s390x-linux-gnu/libpython3.14.so"


OWN = ".cpython-314-s390x-linux-gnu.so"


def test_suffixes(tmp_path: Path) -> None:
    assert stable_suffixes_in(LIBRARY, extension_suffix=OWN) == frozenset({".abi3.so", ".abi3-s390x-linux-gnu.so"})
    file = tmp_path / "x"
    file.write_bytes(b"\0.x.so\0.abi3.so\0x.abi3.so\0\0.abi3t.so\0\0.abi3-\xff.so\0\0.abi3.py\0\0.abi3.so")
    assert stable_suffixes_in(file, extension_suffix=".x.so") == frozenset({".abi3.so", ".abi3t.so"})
    file.write_bytes(b"\0.x.so\0")
    assert stable_suffixes_in(file, extension_suffix=".x.so") == frozenset()


@pytest.mark.parametrize(
    "extension_suffix", ["", ".so", ".cpython-314-s390x-linux-gnu", ".cpython-313-s390x-linux-gnu.so"]
)
def test_a_file_without_the_interpreters_own_suffix_has_no_table(tmp_path: Path, extension_suffix: str) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"\0.cpython-314-s390x-linux-gnu.so.1\0.abi3.so\0")
    assert stable_suffixes_in(file, extension_suffix=extension_suffix) is None
