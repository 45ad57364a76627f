"""libsodium, whose configure script compiles and would run some dozens of programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.crossfiles.conftest import CrossFor, Sdist

pytestmark = [pytest.mark.network, pytest.mark.emulator]

LOAD = """
import ctypes
sodium = ctypes.CDLL("./libsodium.so")
sodium.sodium_version_string.restype = ctypes.c_char_p
digest = ctypes.create_string_buffer(32)
print(sodium.sodium_init(), sodium.sodium_version_string().decode())
print(sodium.crypto_hash_sha256(digest, b"abc", ctypes.c_ulonglong(3)), digest.raw.hex())
"""
SHA256_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


# One takes half a minute.
ALSO = [pytest.param(target, marks=pytest.mark.slow) for target in ("aarch64", "ppc64le")]


@pytest.mark.parametrize("target", ["riscv64", *ALSO])
def test_a_configure_script_needs_no_option(target: str, cross_for: CrossFor, sdist: Sdist) -> None:
    """With nothing but the variables, ``./configure && make`` build for the target: no --host, no --build."""
    cross = cross_for(target)
    source = sdist("pynacl==1.5.0") / "src" / "libsodium"
    cross.crossfile("env", source / "env.sh")
    configure = ". ./env.sh && ./configure --disable-dependency-tracking --disable-static"
    output = cross.build("sh", "-c", configure, cwd=source)
    assert "checking whether we are cross compiling... yes" in output
    assert f"checking host system type... {cross.spec.target.triplet.replace('-linux', '-unknown-linux')}" in output
    cross.build("make", "-j2", cwd=source)
    assert cross.ask_target(LOAD, cwd=source / "src/libsodium/.libs").split() == ["0", "1.0.18", "0", SHA256_OF_ABC]
