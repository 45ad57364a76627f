"""Whole wheels: right ones pass without a finding, and each way of being wrong has its code."""

from __future__ import annotations

import re
import stat
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.wheels import RISCV64, Elf, Wheel

from xbuild.errors import UsageError, VerificationError
from xbuild.targets import get_target
from xbuild.wheels import archive as archive_module
from xbuild.wheels.report import CODES, Finding, VerificationReport
from xbuild.wheels.verify import expectation_for, verify_wheel

if TYPE_CHECKING:
    from xbuild.wheels.tags import WheelExpectation

MODULE = "pkg/_x.cpython-313-riscv64-linux-gnu.so"
INFO = "pkg-1.0.dist-info"
EMPTY_HASH = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"


def verify(folder: Path, image: Wheel, expectation: WheelExpectation = RISCV64) -> VerificationReport:
    return verify_wheel(image.write(folder), expectation)


def with_module(elf: Elf | None = None, member: str = MODULE, **wheel: object) -> Wheel:
    return replace(Wheel(files={member: bytes(elf or Elf())}), **wheel)  # type: ignore[arg-type]  # fields of Wheel


def found(report: VerificationReport) -> list[tuple[str, str, str | None]]:
    return [(finding.code, finding.severity, finding.member) for finding in report.findings]


def test_a_right_wheel_has_no_findings(tmp_path: Path) -> None:
    elf = Elf(needed=("libc.so.6",), versions={"libc.so.6": ("GLIBC_2.27",)}, runpath="$ORIGIN")
    report = verify(tmp_path, with_module(elf))
    assert report.findings == ()
    assert report.ok
    report.raise_for_errors()
    assert report.to_dict() == {
        "wheel": str(tmp_path / "pkg-1.0-cp313-cp313-linux_riscv64.whl"),
        "ok": True,
        "tags": ["cp313-cp313-linux_riscv64"],
        "findings": [],
        "elf_files": [MODULE],
        "modules": [MODULE],
        "needs": {"glibc": "2.27", "manylinux": "2.31", "external": {}, "reasons": []},
    }


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("pkg-1.0-cp39-abi3-linux_riscv64.whl", "pkg/_x.abi3.so"),
        ("pkg-1.0-cp313-cp313-linux_riscv64.whl", "pkg/_x.abi3.so"),
        ("pkg-1.0-cp313-cp313-linux_riscv64.whl", "pkg/_x.so"),
        ("pkg-1.0-cp39-abi3-linux_riscv64.whl", "pkg/_x.so"),
        ("pkg-1.0-1build-cp313-cp313-manylinux_2_31_riscv64.whl", MODULE),
        ("pkg-1.0-py3-none-linux_riscv64.whl", "pkg/libx.so"),
        ("pkg-1.0-py2.py3-none-linux_riscv64.whl", "pkg-1.0.data/scripts/x"),
        ("pkg-1.0-cp313-cp313-linux_riscv64.whl", "pkg-1.0.data/platlib/pkg/_x.so"),
    ],
)
def test_every_legitimate_shape_of_wheel_passes(tmp_path: Path, name: str, member: str) -> None:
    assert found(verify(tmp_path, with_module(member=member, name=name))) == []


def test_a_pure_wheel_passes_for_any_target(tmp_path: Path) -> None:
    image = Wheel(name="pkg-1.0-py3-none-any.whl", purelib="true")
    for expectation in (RISCV64, replace(RISCV64, target=None)):
        report = verify(tmp_path, image, expectation)
        assert (found(report), report.need) == ([], None)


# The archive


def test_a_file_that_is_no_wheel_by_name(tmp_path: Path) -> None:
    path = with_module().write(tmp_path).rename(tmp_path / "pkg.whl")
    report = verify_wheel(path, RISCV64)
    assert [str(finding) for finding in report.findings] == [
        "XBW101 the file's name is not NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl"
    ]


def test_a_missing_wheel_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(VerificationError) as caught:
        verify_wheel(tmp_path / Wheel().name, RISCV64)
    assert caught.value.message == f"cannot read the wheel {tmp_path / Wheel().name}: No such file or directory"


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x05\x06" + bytes(10)])
def test_what_is_no_zip_archive(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / Wheel().name
    path.write_bytes(content)
    assert found(verify_wheel(path, RISCV64)) == [("XBW102", "error", None)]


def test_damage_inside_a_member_is_found(tmp_path: Path) -> None:
    path = with_module().write(tmp_path)
    content = bytearray(path.read_bytes())
    at = content.index(MODULE.encode()) + len(MODULE) + 8
    content[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert found(verify_wheel(path, RISCV64)) == [("XBW102", "error", MODULE)]


def test_damage_inside_the_metadata_is_found(tmp_path: Path) -> None:
    path = with_module().write(tmp_path)
    content = bytearray(path.read_bytes())
    at = content.index(f"{INFO}/WHEEL".encode()) + len(f"{INFO}/WHEEL") + 8
    content[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(content)
    assert found(verify_wheel(path, RISCV64)) == [("XBW102", "error", f"{INFO}/WHEEL"), ("XBW106", "error", None)]


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "_MAX_TOTAL", 1000)
    image = Wheel(files={"pkg/zeros": bytes(2000)})
    report = verify(tmp_path, image)
    assert report.errors[0].code == "XBW102"
    assert "more than 1000" in report.errors[0].message


def test_metadata_too_long_to_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module, "_MAX_METADATA", 60)
    assert ("XBW102", "error", f"{INFO}/WHEEL") in found(verify(tmp_path, with_module()))


@pytest.mark.parametrize(
    "name",
    ["../evil.py", "/etc/evil", "pkg/../../evil", "C:/evil", "pkg\\evil", "pkg//evil", "./pkg/evil", "pkg/a\nb", "../"],
)
def test_a_name_that_leads_out_is_unsafe(tmp_path: Path, name: str) -> None:
    path = with_module().write(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"")
    assert found(verify_wheel(path, RISCV64)) == [("XBW103", "error", name)]


def test_a_name_cut_at_nul_is_unsafe(tmp_path: Path) -> None:
    path = with_module(overrides={"pkg/evil_py": b""}, record=lambda text: text).write(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"pkg/evil_py", b"pkg/evil\0py"))
    assert ("XBW103", "error", "pkg/evil") in found(verify_wheel(path, RISCV64))


def test_a_symbolic_link_is_unsafe(tmp_path: Path) -> None:
    path = with_module().write(tmp_path)
    link = zipfile.ZipInfo("pkg/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, b"/etc/passwd")
    assert found(verify_wheel(path, RISCV64)) == [("XBW103", "error", "pkg/link")]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(tmp_path: Path) -> None:
    path = with_module().write(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("pkg/__init__.py", b"import os")
    assert found(verify_wheel(path, RISCV64)) == [("XBW104", "error", "pkg/__init__.py")]


def test_folders_are_no_files(tmp_path: Path) -> None:
    path = with_module().write(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.mkdir("pkg/data")
    assert found(verify_wheel(path, RISCV64)) == []


def test_a_compression_that_installers_lack(tmp_path: Path) -> None:
    path = with_module().write(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("pkg/data.txt", b"data", compress_type=zipfile.ZIP_BZIP2)
    assert found(verify_wheel(path, RISCV64)) == [
        ("XBW102", "error", "pkg/data.txt"),
        ("XBW107", "error", "pkg/data.txt"),
    ]


# RECORD and the rest of .dist-info


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda text: text.replace(f"{MODULE},", "pkg/other.so,"), [("XBW107", MODULE), ("XBW107", "pkg/other.so")]),
        (lambda text: text.replace("sha256=47DEQ", "sha256=47DEX"), [("XBW108", "pkg/__init__.py")]),
        (lambda text: text.replace("hSuFU,0", "hSuFU,1"), [("XBW108", "pkg/__init__.py")]),
        (lambda text: text.replace("hSuFU,0", "hSuFU=,"), []),
        (lambda text: text.replace("pkg/__init__.py,sha256=", "pkg/__init__.py,md5="), [("XBW107", "pkg/__init__.py")]),
        (
            lambda text: text.replace("sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0", ","),
            [("XBW107", "pkg/__init__.py")],
        ),
        (lambda text: text + f"{INFO}/RECORD.jws,,\n", [("XBW107", f"{INFO}/RECORD.jws")]),
        (lambda text: f"broken\n{text}", [("XBW107", f"{INFO}/RECORD")]),
    ],
)
def test_record_must_list_every_file_as_it_is(tmp_path: Path, change: object, expected: list[tuple[str, str]]) -> None:
    report = verify(tmp_path, with_module(record=change))
    assert [(finding.code, finding.member) for finding in report.errors] == expected


def test_a_stronger_hash_is_checked_with_its_own_algorithm(tmp_path: Path) -> None:
    empty = "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg_SpIdNs6c5H0NE8XYXysP-DGNKHfuwvY7kxvUdBeoGlODJ6-SfaPg"
    image = with_module(record=lambda text: text.replace(EMPTY_HASH, f"sha512={empty}"))
    assert found(verify(tmp_path, image)) == []


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({f"{INFO}/RECORD": None}, [("XBW107", None)]),
        ({f"{INFO}/WHEEL": None}, [("XBW106", None)]),
        ({f"{INFO}/METADATA": None}, [("XBW105", None)]),
        ({f"{INFO}/WHEEL": b"\xff"}, [("XBW102", f"{INFO}/WHEEL"), ("XBW106", None)]),
        ({f"{INFO}/METADATA": b"Name: pkg\nVersion: 1.1\n"}, [("XBW105", f"{INFO}/METADATA")]),
        ({f"{INFO}/METADATA": b"Name: pkg\nVersion: not a version\n"}, [("XBW105", f"{INFO}/METADATA")]),
        ({f"{INFO}/METADATA": b"Name: PKG\nVersion: 1.0.0\n"}, []),
        ({"other-1.0.dist-info/METADATA": b""}, [("XBW105", None), ("XBW107", None)]),
    ],
)
def test_dist_info_must_be_the_wheels_own(
    tmp_path: Path, overrides: dict[str, bytes | None], expected: list[tuple[str, str | None]]
) -> None:
    report = verify(tmp_path, with_module(overrides=overrides))
    assert [(finding.code, finding.member) for finding in report.errors] == expected


def test_a_wheel_renamed_by_hand_is_found_out(tmp_path: Path) -> None:
    path = with_module().write(tmp_path).rename(tmp_path / "other-1.0-cp313-cp313-linux_riscv64.whl")
    assert [str(finding) for finding in verify_wheel(path, RISCV64).findings] == [
        "XBW105 the folder is another project's (expected other-1.0.dist-info, found pkg-1.0.dist-info)",
        "XBW105 pkg-1.0.dist-info/METADATA: METADATA is another project's (expected other 1.0, found pkg 1.0)",
    ]


def test_no_dist_info_at_all(tmp_path: Path) -> None:
    overrides = dict.fromkeys((f"{INFO}/{name}" for name in ("METADATA", "WHEEL", "RECORD")), None)
    report = verify(tmp_path, with_module(overrides=overrides))
    assert [str(finding) for finding in report.errors] == [
        "XBW105 there is no .dist-info folder",
        "XBW107 there is no readable RECORD",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Root-Is-Purelib: false\nTag: {tag}", "no Wheel-Version that installers know"),
        ("Wheel-Version: 2.0\nRoot-Is-Purelib: false\nTag: {tag}", "no Wheel-Version that installers know"),
        ("Wheel-Version: 1.0\nTag: {tag}", "Root-Is-Purelib is malformed"),
        ("Wheel-Version: 1.0\nRoot-Is-Purelib: maybe\nTag: {tag}", "Root-Is-Purelib is malformed"),
        (
            "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\nBuild: 2",
            "the build number is not the file name's",
        ),
        ("Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp313", "a Tag is malformed"),
    ],
)
def test_a_malformed_wheel_file(tmp_path: Path, text: str, expected: str) -> None:
    content = text.replace("{tag}", "cp313-cp313-linux_riscv64").encode()
    report = verify(tmp_path, with_module(overrides={f"{INFO}/WHEEL": content}))
    assert [finding.code for finding in report.errors] == ["XBW106"]
    assert report.errors[0].message.startswith(expected)


def test_the_tags_of_wheel_and_file_name_must_agree(tmp_path: Path) -> None:
    report = verify(tmp_path, with_module(tags=("cp313-cp313-linux_x86_64",)))
    assert [str(finding) for finding in report.findings] == [
        (
            f"XBW111 {INFO}/WHEEL: the tags are not those of the file's name "
            "(expected cp313-cp313-linux_riscv64, found cp313-cp313-linux_x86_64)"
        )
    ]
    report = verify(tmp_path, with_module(tags=()))
    assert report.errors[0].found == "none"


def test_machine_code_must_be_in_platlib(tmp_path: Path) -> None:
    assert found(verify(tmp_path, with_module(purelib="true"))) == [("XBW114", "error", f"{INFO}/WHEEL")]
    member = "pkg-1.0.data/purelib/pkg/_x.so"
    assert found(verify(tmp_path, with_module(member=member))) == [("XBW114", "error", member)]
    assert found(verify(tmp_path, with_module(member="pkg-1.0.data/platlib/_x.so", purelib="true"))) == []


# Tags


@pytest.mark.parametrize(
    ("tag", "code"),
    [
        ("cp312-cp312-linux_riscv64", "XBW112"),
        ("cp314-abi3-linux_riscv64", "XBW112"),
        ("cp313-cp313t-linux_riscv64", "XBW112"),
        ("cp313-cp313-linux_x86_64", "XBW113"),
        ("cp313-cp313-manylinux_2_39_aarch64", "XBW113"),
        ("cp313-cp313-musllinux_1_2_riscv64", "XBW113"),
        ("cp313-cp313-manylinux_2_17_riscv64", "XBW113"),
        ("cp313-cp313-win_arm64", "XBW113"),
    ],
)
def test_a_tag_that_is_not_the_targets(tmp_path: Path, tag: str, code: str) -> None:
    report = verify(tmp_path, with_module(Elf(exported=("PyInit__x",)), member="pkg/_x.so", name=f"pkg-1.0-{tag}.whl"))
    assert [finding.code for finding in report.errors] == [code]


def test_the_message_for_a_wrong_tag_names_both(tmp_path: Path) -> None:
    image = with_module(name="pkg-1.0-cp313-cp313-linux_x86_64.whl")
    assert [str(finding) for finding in verify(tmp_path, image).findings] == [
        "XBW113 the platform tag is not the target's (expected linux_riscv64, found linux_x86_64)"
    ]


def test_a_manylinux_tag_that_the_files_do_not_keep(tmp_path: Path) -> None:
    elf = Elf(needed=("libc.so.6", "libfoo.so.1"), versions={"libc.so.6": ("GLIBC_2.38",)})
    image = with_module(elf, name="pkg-1.0-cp313-cp313-manylinux_2_31_riscv64.manylinux_2_34_riscv64.whl")
    assert [str(finding) for finding in verify(tmp_path, image).findings] == [
        (
            "XBW116 its tag promises manylinux_2_31 and no more, but libfoo.so.1 is not part of every such system: "
            f"needed by {MODULE}"
        ),
        (
            "XBW115 its tag promises manylinux_2_31 and no more, but libc.so.6 is too old there to have GLIBC_2.38: "
            f"needed by {MODULE}"
        ),
    ]


def test_machine_code_in_a_wheel_for_any_platform(tmp_path: Path) -> None:
    image = with_module(name="pkg-1.0-py3-none-any.whl", member="pkg/libx.so")
    assert found(verify(tmp_path, image, replace(RISCV64, target=None))) == [("XBW117", "error", "pkg/libx.so")]


def test_a_platform_wheel_without_machine_code(tmp_path: Path) -> None:
    assert found(verify(tmp_path, Wheel())) == [("XBW118", "warning", None)]
    native = replace(RISCV64, expect_native=True)
    assert found(verify(tmp_path, Wheel(), native)) == [("XBW118", "error", None)]
    pure = Wheel(name="pkg-1.0-py3-none-any.whl")
    assert found(verify(tmp_path, pure, native)) == [("XBW118", "error", None)]


# ELF files


@pytest.mark.parametrize(
    ("elf", "code"),
    [
        (Elf(machine="EM_X86_64", flags=0), "XBW122"),
        (Elf(bits=32), "XBW122"),
        (Elf(little=False), "XBW122"),
        (Elf(flags=0x1), "XBW123"),  # soft float
        (Elf(interp="/lib/ld-linux-riscv64-lp64.so.1"), "XBW124"),
        (Elf(interp="/lib/ld-musl-riscv64.so.1"), "XBW124"),
        (Elf(needed=("libpython3.13.so.1.0",)), "XBW131"),
        (Elf(needed=("libpython3.so",)), "XBW131"),
        (Elf(rpath="/home/me/project/build"), "XBW132"),
        (Elf(runpath="/opt/cross/lib"), "XBW132"),
        (Elf(runpath="build/lib"), "XBW132"),
        (Elf(runpath="$ORIGIN/../x:"), "XBW132"),
        (Elf(runpath="$ORIGINAL/x"), "XBW132"),
        (Elf(needed=("libc.musl-riscv64.so.1",)), "XBW134"),
        (Elf(needed=("libc.so",)), "XBW134"),
        (Elf(type=2), "XBW144"),
        (Elf(type=1, dynamic=False), "XBW144"),
    ],
)
def test_an_elf_file_that_does_not_belong(tmp_path: Path, elf: Elf, code: str) -> None:
    assert found(verify(tmp_path, with_module(elf))) == [(code, "error", MODULE)]


def test_the_message_for_another_machine_says_both(tmp_path: Path) -> None:
    report = verify(tmp_path, with_module(Elf(machine="EM_X86_64", flags=0)))
    assert [str(finding) for finding in report.findings] == [
        (
            f"XBW122 {MODULE}: it is for another machine "
            "(expected 64-bit little-endian EM_RISCV, found 64-bit little-endian EM_X86_64)"
        )
    ]


def test_the_message_for_another_abi_says_the_flags(tmp_path: Path) -> None:
    report = verify(tmp_path, with_module(Elf(flags=0x1)))
    assert [str(finding) for finding in report.findings] == [
        (
            f"XBW123 {MODULE}: its e_flags are not those of 64-bit RISC-V, RV64GC, LP64D "
            "(expected 0x4 under the mask 0x6, found 0x1)"
        )
    ]


@pytest.mark.parametrize("path", ["$ORIGIN", "${ORIGIN}/../pkg.libs", "$ORIGIN/../pkg.libs/"])
def test_search_paths_inside_the_wheel_are_right(tmp_path: Path, path: str) -> None:
    elf = Elf(needed=("libfoo.so",), runpath=path)
    libs = {"pkg.libs/libfoo.so": bytes(Elf(soname="libfoo.so")), "pkg/libfoo.so": bytes(Elf(soname="libfoo.so"))}
    assert found(verify(tmp_path, Wheel(files={MODULE: bytes(elf), **libs}))) == []


def test_a_search_path_at_the_top_of_the_wheel(tmp_path: Path) -> None:
    files = {MODULE: bytes(Elf(needed=("libfoo.so",), runpath="$ORIGIN/..")), "libfoo.so": bytes(Elf())}
    assert found(verify(tmp_path, Wheel(files=files))) == []


@pytest.mark.parametrize("path", ["/lib", "/usr/lib64", "/usr/lib/riscv64-linux-gnu", "/usr/local/lib/"])
def test_the_systems_own_search_paths_are_a_warning(tmp_path: Path, path: str) -> None:
    assert found(verify(tmp_path, with_module(Elf(runpath=path)))) == [("XBW132", "warning", MODULE)]


def test_the_message_for_a_search_path_on_the_build_machine(tmp_path: Path) -> None:
    paths = "/home/me/project:/home/me/project:/home/me/.cache/xbuild/sysroot/usr/lib:/home/me/project2"
    report = verify(tmp_path, with_module(Elf(rpath=paths)))
    assert [finding.message for finding in report.errors] == [
        "it looks for libraries in '/home/me/project', a folder of the build machine",
        "it looks for libraries in '/home/me/.cache/xbuild/sysroot/usr/lib', a folder of the build machine",
        "it looks for libraries in '/home/me/project2', which is not relative to $ORIGIN",
    ]


def test_search_paths_are_checked_without_a_target_too(tmp_path: Path) -> None:
    image = with_module(Elf(runpath="/opt/x"), name="pkg-1.0-py3-none-any.whl", member="pkg/x")
    assert found(verify(tmp_path, image, replace(RISCV64, target=None))) == [
        ("XBW117", "error", "pkg/x"),
        ("XBW132", "error", "pkg/x"),
    ]


def test_a_library_of_the_wheel_out_of_reach_is_a_warning(tmp_path: Path) -> None:
    files = {MODULE: bytes(Elf(needed=("libfoo.so",))), "pkg.libs/libfoo.so": bytes(Elf(soname="libfoo.so"))}
    assert found(verify(tmp_path, Wheel(files=files))) == [("XBW133", "warning", MODULE)]


def test_a_damaged_elf_file(tmp_path: Path) -> None:
    image = Wheel(files={MODULE: bytes(Elf())[:100]})
    assert found(verify(tmp_path, image)) == [("XBW121", "error", MODULE)]


def test_shared_objects_that_are_not_elf(tmp_path: Path) -> None:
    files = {
        "pkg/libx.so": b"INPUT(libx.so.1)",
        MODULE: b"\xcf\xfa\xed\xfe",
        "pkg/_y.cpython-313-riscv64-linux-gnu.so": b"",
    }
    assert found(verify(tmp_path, Wheel(files={**files, "pkg/x": bytes(Elf())}))) == [
        ("XBW126", "error", MODULE),
        ("XBW126", "error", "pkg/_y.cpython-313-riscv64-linux-gnu.so"),
        ("XBW126", "warning", "pkg/libx.so"),
    ]


def test_files_of_other_systems_are_a_note(tmp_path: Path) -> None:
    files = {
        "pkg/cli.exe": b"MZ\x90",
        "pkg/x.dylib": b"\xcf\xfa\xed\xfe",
        "pkg/MZ.txt": b"MZ is text",
        MODULE: bytes(Elf()),
    }
    report = verify(tmp_path, Wheel(files=files))
    assert [str(finding) for finding in report.findings] == [
        "XBW125 pkg/cli.exe: a program or library for Windows",
        "XBW125 pkg/x.dylib: a program or library for macOS",
    ]
    assert report.ok


# The report


def test_an_error_is_raised_with_all_findings() -> None:
    findings = (
        Finding(code="XBW122", severity="error", message="one", member="a", expected="x", found="y"),
        Finding(code="XBW133", severity="warning", message="two"),
        Finding(code="XBW131", severity="error", message="three"),
    )
    with pytest.raises(VerificationError) as caught:
        VerificationReport(path=Path("w.whl"), findings=findings).raise_for_errors()
    assert caught.value.message == "w.whl is not a correct wheel: XBW122 a: one (expected x, found y) (and 1 more)"
    assert caught.value.details == "XBW122 a: one (expected x, found y)\nXBW133 two\nXBW131 three"
    with pytest.raises(VerificationError) as caught:
        VerificationReport(path=Path("w.whl"), findings=findings[:1]).raise_for_errors()
    assert caught.value.message == "w.whl is not a correct wheel: XBW122 a: one (expected x, found y)"
    assert caught.value.details is None


def test_a_findings_json_leaves_out_what_is_not_there() -> None:
    finding = Finding(code="XBW102", severity="error", message="bad")
    assert finding.to_dict() == {"code": "XBW102", "severity": "error", "message": "bad"}


def test_every_code_used_has_a_title_and_every_title_is_used() -> None:
    sources = "".join(path.read_text("utf-8") for path in Path(archive_module.__file__).parent.glob("*.py"))
    for code in CODES:
        assert sources.count(f'"{code}"') >= 2, code
    assert set(re.findall(r'"(XBW\d+)"', sources)) == set(CODES)


def test_the_expectation_of_a_wheel_by_its_name(tmp_path: Path) -> None:
    assert expectation_for(tmp_path / "pkg-1.0-cp313-cp313-linux_riscv64.whl").tag == "cp313-cp313-linux_riscv64"
    assert expectation_for(tmp_path / "nonsense.whl").target is None
    assert expectation_for(tmp_path / "nonsense.whl", target=get_target("arm64"), python="3.13").tag == (
        "cp313-cp313-linux_aarch64"
    )
    with pytest.raises(UsageError):
        expectation_for(tmp_path / "pkg-1.0-cp313-cp313-win_amd64.whl")


# Hostile archives


@given(
    changes=st.dictionaries(
        st.integers(min_value=0, max_value=2**16), st.integers(min_value=0, max_value=255), min_size=1, max_size=30
    ),
    cut=st.none() | st.integers(min_value=0, max_value=2**16),
)
def test_any_damage_to_a_wheel_gives_a_report(
    tmp_path_factory: pytest.TempPathFactory, changes: dict[int, int], cut: int | None
) -> None:
    path = with_module().write(tmp_path_factory.mktemp("damaged"))
    content = bytearray(path.read_bytes())
    for offset, value in changes.items():
        content[offset % len(content)] = value
    path.write_bytes(content[: None if cut is None else cut % len(content)])
    report = verify_wheel(path, RISCV64)
    assert {finding.code for finding in report.findings} <= set(CODES)
