from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pysequoia
import pytest

from xbuild.errors import ProvisionError
from xbuild.provision.debian.release import IndexFile, load_certificates, parse_release, verify_release

if TYPE_CHECKING:
    from pathlib import Path

URL = "http://mirror.example/debian/dists/trixie/InRelease"

TEXT = b"""\
Origin: Debian
Suite: stable
Codename: trixie
Date: Sat, 12 Sep 2026 07:55:41 UTC
Valid-Until: Sat, 19 Sep 2026 07:55:41 UTC
Acquire-By-Hash: yes
Architectures: all amd64 riscv64
MD5Sum:
 00 10 main/binary-amd64/Packages.xz
SHA256:
 aa 10 main/binary-amd64/Packages.xz
 bb 200 main/binary-riscv64/Packages.xz
"""


@pytest.fixture(scope="module")
def key() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate(user_id="Archive <archive@example.org>")


@pytest.fixture(scope="module")
def signed(key: pysequoia.Tsk) -> bytes:
    content = pysequoia.sign(key.signer(), TEXT, mode=pysequoia.SignatureMode.CLEAR)
    assert isinstance(content, bytes)
    return content


class TestVerify:
    def test_returns_the_signed_text(self, key: pysequoia.Tsk, signed: bytes) -> None:
        other = pysequoia.Tsk.generate(user_id="Other <other@example.org>")
        certificates = [other.extract_certificate(), key.extract_certificate()]
        assert verify_release(signed, certificates=certificates, url=URL) == TEXT

    def test_text_outside_the_signature_is_not_returned(self, key: pysequoia.Tsk, signed: bytes) -> None:
        content = b"Origin: evil\n" + signed + b"Origin: evil\n"
        assert verify_release(content, certificates=[key.extract_certificate()], url=URL) == TEXT

    @pytest.mark.parametrize(
        ("old", "new"), [(b"Suite: stable", b"Suite: stablE"), (b" aa ", b" ab "), (b"-----END", b"----"), (b"a", b"")]
    )
    def test_changed_content_is_refused(self, key: pysequoia.Tsk, signed: bytes, old: bytes, new: bytes) -> None:
        with pytest.raises(ProvisionError, match=f"^the signature of {URL} is not valid: "):
            verify_release(signed.replace(old, new), certificates=[key.extract_certificate()], url=URL)

    @pytest.mark.parametrize("content", [b"", TEXT, b"<html>not found</html>"])
    def test_unsigned_content_is_refused(self, key: pysequoia.Tsk, content: bytes) -> None:
        with pytest.raises(ProvisionError, match="is not valid"):
            verify_release(content, certificates=[key.extract_certificate()], url=URL)

    def test_another_key_is_refused(self, signed: bytes) -> None:
        other = pysequoia.Tsk.generate(user_id="Other <other@example.org>")
        with pytest.raises(ProvisionError) as caught:
            verify_release(signed, certificates=[other.extract_certificate()], url=URL)
        assert caught.value.message == (
            f"the signature of {URL} is not valid: Signature verification failed: no valid signatures found"
        )
        assert caught.value.hint == (
            "the file was changed on its way, or is signed by a key that xbuild does not know; "
            "use another mirror (XBUILD_ARCHIVE), or name the key's file: XBUILD_ARCHIVE='[signed-by=/file] URL'"
        )


class TestParse:
    def test_every_field(self) -> None:
        release = parse_release(TEXT, url=URL)
        assert (release.codename, release.suite, release.by_hash) == ("trixie", "stable", True)
        assert release.date == datetime(2026, 9, 12, 7, 55, 41, tzinfo=UTC)
        assert release.valid_until == datetime(2026, 9, 19, 7, 55, 41, tzinfo=UTC)
        assert release.architectures == {"amd64", "riscv64"}
        assert release.files == {
            "main/binary-amd64/Packages.xz": IndexFile(size=10, sha256="aa"),
            "main/binary-riscv64/Packages.xz": IndexFile(size=200, sha256="bb"),
        }

    def test_what_may_be_missing(self) -> None:
        lines = TEXT.splitlines(keepends=True)
        text = b"".join(line for line in lines if not line.startswith((b"Valid", b"Acquire")))
        release = parse_release(text, url=URL)
        assert release.valid_until is None
        assert not release.by_hash

    @pytest.mark.parametrize("name", ["Codename", "Suite", "Date", "Architectures", "SHA256"])
    def test_what_may_not_be_missing(self, name: str) -> None:
        with pytest.raises(ProvisionError) as caught:
            parse_release(TEXT.replace(f"{name}:".encode(), b"X-Other:"), url=URL)
        assert caught.value.message == f"{URL} has no field {name}: expected a Release file of Debian"

    @pytest.mark.parametrize(("old", "new"), [(b"Date: Sat, 12", b"Date: Sat, ab"), (b" aa 10 ", b" aa ten ")])
    def test_wrong_values(self, old: bytes, new: bytes) -> None:
        with pytest.raises(ProvisionError, match=f"^{URL} is not a valid Release file: "):
            parse_release(TEXT.replace(old, new), url=URL)


class TestCertificates:
    def test_are_read_from_the_files_that_exist(self, key: pysequoia.Tsk, tmp_path: Path) -> None:
        certificate = key.extract_certificate()
        (tmp_path / "armored.asc").write_text(str(certificate))
        (tmp_path / "binary.pgp").write_bytes(bytes(certificate))
        paths = [tmp_path / name for name in ("armored.asc", "missing", "binary.pgp")]
        assert [it.fingerprint for it in load_certificates(paths)] == [certificate.fingerprint] * 2

    def test_another_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "keys").write_text("no keys")
        with pytest.raises(ProvisionError, match=f"^{tmp_path}/keys: not a file of OpenPGP certificates: "):
            load_certificates([tmp_path / "keys"])
