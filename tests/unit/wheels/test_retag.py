"""Changing the platform tags of a wheel."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.wheels import RISCV64, Elf, Wheel

from xbuild.errors import VerificationError
from xbuild.wheels.retag import retag
from xbuild.wheels.verify import verify_wheel

if TYPE_CHECKING:
    from pathlib import Path

INFO = "pkg-1.0.dist-info"
IMAGE = Wheel(files={"pkg/_x.cpython-313-riscv64-linux-gnu.so": bytes(Elf())})


def test_a_retagged_wheel_is_right_and_otherwise_the_same(tmp_path: Path) -> None:
    path = IMAGE.write(tmp_path)
    new = retag(path, platforms=["manylinux_2_31_riscv64"], output_dir=tmp_path / "dist")
    assert new == tmp_path / "dist" / "pkg-1.0-cp313-cp313-manylinux_2_31_riscv64.whl"
    assert verify_wheel(new, RISCV64).findings == ()
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(new) as after:
        assert after.namelist() == before.namelist()
        for old, now in zip(before.infolist(), after.infolist(), strict=True):
            assert (now.date_time, now.external_attr, now.create_system, now.compress_type) == (
                old.date_time,
                old.external_attr,
                old.create_system,
                old.compress_type,
            )
        changed = {name for name in before.namelist() if before.read(name) != after.read(name)}
        assert changed == {f"{INFO}/WHEEL", f"{INFO}/RECORD"}
        assert after.read(f"{INFO}/WHEEL").decode() == (
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: cp313-cp313-manylinux_2_31_riscv64\n"
        )


def test_several_tags_are_sorted_in_the_name_and_expanded_inside(tmp_path: Path) -> None:
    path = replace(IMAGE, name="pkg-1.0-2x-cp39.cp313-abi3-linux_riscv64.whl").write(tmp_path)
    new = retag(path, platforms=["manylinux_2_17_x", "manylinux2014_x"], output_dir=tmp_path)
    assert new.name == "pkg-1.0-2x-cp39.cp313-abi3-manylinux2014_x.manylinux_2_17_x.whl"
    with zipfile.ZipFile(new) as archive:
        lines = archive.read(f"{INFO}/WHEEL").decode().splitlines()
    assert lines == [
        "Wheel-Version: 1.0",
        "Generator: test",
        "Root-Is-Purelib: false",
        "Tag: cp39-abi3-manylinux2014_x",
        "Tag: cp39-abi3-manylinux_2_17_x",
        "Tag: cp313-abi3-manylinux2014_x",
        "Tag: cp313-abi3-manylinux_2_17_x",
        "Build: 2x",
    ]


def test_a_wheel_without_tag_lines_gets_them_at_the_end(tmp_path: Path) -> None:
    overrides = {f"{INFO}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\n"}
    new = retag(replace(IMAGE, overrides=overrides).write(tmp_path), platforms=["linux_x"], output_dir=tmp_path)
    with zipfile.ZipFile(new) as archive:
        assert archive.read(f"{INFO}/WHEEL").endswith(b"Root-Is-Purelib: false\nTag: cp313-cp313-linux_x\n")


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    path = IMAGE.write(tmp_path)
    digests = {
        hashlib.sha256(retag(path, platforms=["linux_x"], output_dir=tmp_path / name).read_bytes()).hexdigest()
        for name in ("a", "b")
    }
    assert len(digests) == 1


def test_a_wheel_can_replace_itself(tmp_path: Path) -> None:
    path = IMAGE.write(tmp_path)
    assert retag(path, platforms=["linux_riscv64"], output_dir=tmp_path) == path
    assert verify_wheel(path, RISCV64).findings == ()


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ({f"{INFO}/WHEEL": None}, "it has 0 files .dist-info/WHEEL, not one"),
        ({"b-1.dist-info/WHEEL": b""}, "it has 2 files .dist-info/WHEEL, not one"),
        ({f"{INFO}/RECORD": None}, "it has 0 files .dist-info/RECORD, not one"),
        ({f"{INFO}/RECORD": b"broken"}, "line 1 is not 'path,algorithm=hash,size'"),
    ],
)
def test_what_is_no_wheel_is_refused(tmp_path: Path, overrides: dict[str, bytes | None], reason: str) -> None:
    path = replace(IMAGE, overrides=overrides).write(tmp_path)
    with pytest.raises(VerificationError) as caught:
        retag(path, platforms=["linux_x"], output_dir=tmp_path / "dist")
    assert caught.value.message == f"cannot change the tags of {path.name}: {reason}"
    assert caught.value.hint == "'xbuild verify' says what is wrong with the wheel"
    assert not (tmp_path / "dist").exists()


def test_a_missing_or_broken_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / IMAGE.name
    with pytest.raises(VerificationError):
        retag(path, platforms=["linux_x"], output_dir=tmp_path)
    path.write_bytes(b"no archive")
    with pytest.raises(VerificationError) as caught:
        retag(path, platforms=["linux_x"], output_dir=tmp_path)
    assert caught.value.message == f"cannot change the tags of {path.name}: File is not a zip file"
