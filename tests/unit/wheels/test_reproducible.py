"""A wheel in its final form: its tags, and the same bytes whatever the build left in it."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.wheels import RISCV64, Elf, Wheel

from xbuild.errors import VerificationError
from xbuild.wheels.reproducible import Finished, finish, has_common_deflate
from xbuild.wheels.verify import verify_wheel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

INFO = "pkg-1.0.dist-info"
MODULE = "pkg/_x.cpython-313-riscv64-linux-gnu.so"
IMAGE = Wheel(files={MODULE: bytes(Elf()), "pkg/__init__.py": b"", "pkg/data": b"\xff"})
DATE = 1600000001  # 2020-09-13 12:26:41


def finished(
    wheel: Path,
    *,
    platforms: Iterable[str] = (),
    places: Mapping[str, str] | None = None,
    date: int = DATE,
    output_dir: Path | None = None,
) -> Finished:
    output_dir = output_dir or wheel.parent / "dist"
    return finish(wheel, platforms=tuple(platforms), places=places or {}, date=date, output_dir=output_dir)


def read(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_wheel_gets_its_tags_and_is_otherwise_the_same(tmp_path: Path) -> None:
    path = IMAGE.write(tmp_path)
    new = finished(path, platforms=["manylinux_2_31_riscv64"])
    assert new.path == tmp_path / "dist" / "pkg-1.0-cp313-cp313-manylinux_2_31_riscv64.whl"
    assert new.findings == ()
    assert verify_wheel(new.path, RISCV64).findings == ()
    before, after = read(path), read(new.path)
    assert {name for name in before if before[name] != after[name]} == {f"{INFO}/WHEEL", f"{INFO}/RECORD"}
    assert after[f"{INFO}/WHEEL"].decode() == (
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: cp313-cp313-manylinux_2_31_riscv64\n"
    )


def test_a_wheel_without_new_tags_keeps_its_name_and_its_own(tmp_path: Path) -> None:
    path = IMAGE.write(tmp_path)
    new = finished(path).path
    assert new.name == path.name
    assert read(new)[f"{INFO}/WHEEL"] == read(path)[f"{INFO}/WHEEL"]


def test_several_tags_are_sorted_in_the_name_and_expanded_inside(tmp_path: Path) -> None:
    path = replace(IMAGE, name="pkg-1.0-2x-cp39.cp313-abi3-linux_riscv64.whl").write(tmp_path)
    new = finished(path, platforms=["manylinux_2_17_x", "manylinux2014_x"]).path
    assert new.name == "pkg-1.0-2x-cp39.cp313-abi3-manylinux2014_x.manylinux_2_17_x.whl"
    assert read(new)[f"{INFO}/WHEEL"].decode().splitlines() == [
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
    new = finished(replace(IMAGE, overrides=overrides).write(tmp_path), platforms=["linux_x"]).path
    assert read(new)[f"{INFO}/WHEEL"].endswith(b"Root-Is-Purelib: false\nTag: cp313-cp313-linux_x\n")


def _member(name: str, *, mode: int, second: int, system: int = 3) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, second))
    info.external_attr = mode << 16
    info.create_system = system
    info.extra = b"UT\x05\x00\x03abcd"
    return info


def _repack(wheel: Path, to: Path, *, order: int, umask: int, second: int, method: int) -> Path:
    """Write the same content as another machine might have."""
    to.mkdir()
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(to / wheel.name, "w", method) as target:
        target.writestr(zipfile.ZipInfo("pkg/"), b"")
        for name in source.namelist()[::order]:
            mode = (0o100777 if name.endswith(".so") else 0o100666) & ~umask
            target.writestr(_member(name, mode=mode, second=second), source.read(name), method)
    return to / wheel.name


def test_order_times_permissions_and_compression_are_always_the_same(tmp_path: Path) -> None:
    path = IMAGE.write(tmp_path)
    one = _repack(path, tmp_path / "1", order=1, umask=0o077, second=0, method=zipfile.ZIP_STORED)
    two = _repack(path, tmp_path / "2", order=-1, umask=0o002, second=30, method=zipfile.ZIP_DEFLATED)
    assert finished(one).path.read_bytes() == finished(two).path.read_bytes()
    assert finished(one).path.read_bytes() == finished(finished(one).path).path.read_bytes()
    assert verify_wheel(finished(one).path, RISCV64).findings == ()
    with zipfile.ZipFile(finished(two).path) as archive:
        assert [(info.filename, info.external_attr >> 16, info.compress_type) for info in archive.infolist()] == [
            ("pkg/__init__.py", 0o100644, zipfile.ZIP_DEFLATED),
            (MODULE, 0o100755, zipfile.ZIP_DEFLATED),
            ("pkg/data", 0o100644, zipfile.ZIP_DEFLATED),
            (f"{INFO}/METADATA", 0o100644, zipfile.ZIP_DEFLATED),
            (f"{INFO}/WHEEL", 0o100644, zipfile.ZIP_DEFLATED),
            (f"{INFO}/RECORD", 0o100644, zipfile.ZIP_DEFLATED),
        ]
        assert {info.date_time for info in archive.infolist()} == {(2020, 9, 13, 12, 26, 40)}
        assert {(info.create_system, info.extra) for info in archive.infolist()} == {(3, b"")}
        names = [line.partition(",")[0] for line in archive.read(f"{INFO}/RECORD").decode().splitlines()]
        assert names == archive.namelist()


@pytest.mark.parametrize(
    ("date", "written"),
    [(0, (1980, 1, 1, 0, 0, 0)), (1 << 40, (2107, 12, 31, 23, 59, 58)), (DATE, (2020, 9, 13, 12, 26, 40))],
)
def test_a_date_that_the_format_cannot_say_becomes_the_nearest(
    tmp_path: Path, date: int, written: tuple[int, ...]
) -> None:
    with zipfile.ZipFile(finished(IMAGE.write(tmp_path), date=date).path) as archive:
        assert {info.date_time for info in archive.infolist()} == {written}


def test_signatures_of_record_are_listed_without_a_hash(tmp_path: Path) -> None:
    path = replace(IMAGE, overrides={f"{INFO}/RECORD.jws": b"{}"}).write(tmp_path)
    assert f"{INFO}/RECORD.jws,,\n".encode() in read(finished(path).path)[f"{INFO}/RECORD"]


def test_folders_of_the_build_get_fixed_names_in_text(tmp_path: Path) -> None:
    text = b"cc = '/tmp/1/cc -I/tmp/1/pkg'\n/tmp/12 /tmp/1-x /tmp/1.x /tmp/1. /tmp/trees/x \xc3\xa9 /tmp/1"
    path = replace(IMAGE, files={**IMAGE.files, "pkg/config.py": text}).write(tmp_path)
    new = finished(path, places={"/tmp/1": "/xbuild", "/tmp/trees": "/xbuild/trees", "/tmp/1/cc": "/cc"})
    assert read(new.path)["pkg/config.py"] == (
        b"cc = '/cc -I/xbuild/pkg'\n/tmp/12 /tmp/1-x /tmp/1.x /xbuild. /xbuild/trees/x \xc3\xa9 /xbuild"
    )
    assert verify_wheel(new.path, RISCV64).findings == ()
    assert [(finding.code, finding.severity, finding.member, finding.message) for finding in new.findings] == [
        ("XBW151", "note", "pkg/config.py", "it named folders of the build, which have fixed names now")
    ]


@pytest.mark.parametrize("content", [b"/tmp/1/x\0", b"\xff/tmp/1/x"])
def test_a_folder_of_the_build_in_a_binary_file_is_left_and_named(tmp_path: Path, content: bytes) -> None:
    path = replace(IMAGE, files={**IMAGE.files, "pkg/data": content}).write(tmp_path)
    new = finished(path, places={"/tmp/1": "/xbuild"})
    assert read(new.path)["pkg/data"] == content
    assert [(finding.code, finding.severity, finding.member, finding.message) for finding in new.findings] == [
        (
            "XBW152",
            "warning",
            "pkg/data",
            "it holds the name of a folder of the build: built in another one, the wheel has other bytes",
        )
    ]


def test_the_tags_are_set_in_a_file_in_which_folders_are_renamed(tmp_path: Path) -> None:
    overrides = {f"{INFO}/WHEEL": b"Wheel-Version: 1.0\nGenerator: /tmp/1\nRoot-Is-Purelib: false\n"}
    path = replace(IMAGE, overrides=overrides).write(tmp_path)
    new = finished(path, platforms=["linux_x"], places={"/tmp/1": "/xbuild"}).path
    assert b"Generator: /xbuild\nRoot-Is-Purelib: false\nTag: cp313-cp313-linux_x\n" in read(new)[f"{INFO}/WHEEL"]


def test_a_wheel_can_replace_itself(tmp_path: Path) -> None:
    path = IMAGE.write(tmp_path)
    assert finished(path, platforms=["linux_riscv64"], output_dir=tmp_path).path == path
    assert verify_wheel(path, RISCV64).findings == ()


def test_whether_this_machine_compresses_as_others_do_is_known() -> None:
    assert has_common_deflate() in (True, False)
    assert not has_common_deflate(lambda text, _level: text)


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
        finished(path, platforms=["linux_x"])
    assert caught.value.message == f"cannot rewrite {path.name}: {reason}"
    assert caught.value.hint == "'xbuild verify' says what is wrong with the wheel"
    assert not (tmp_path / "dist").exists()


def test_a_missing_or_broken_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / IMAGE.name
    with pytest.raises(VerificationError):
        finished(path)
    path.write_bytes(b"no archive")
    with pytest.raises(VerificationError) as caught:
        finished(path)
    assert caught.value.message == f"cannot rewrite {path.name}: File is not a zip file"
