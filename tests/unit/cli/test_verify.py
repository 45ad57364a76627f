from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.support.wheels import Elf, Wheel

from xbuild.cli import main

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]

MODULE = "pkg/_x.cpython-313-riscv64-linux-gnu.so"
GOOD = Wheel(files={MODULE: bytes(Elf(needed=("libc.so.6",), versions={"libc.so.6": ("GLIBC_2.34",)}))})
FOREIGN = Elf(machine="EM_X86_64", flags=0)
BAD = Wheel(files={f"pkg/_{name}.so": bytes(FOREIGN) for name in "abcd"})


def test_a_right_wheel_gets_one_line(tmp_path: Path, capsys: Captured) -> None:
    assert main(["verify", str(GOOD.write(tmp_path))]) == 0
    assert capsys.readouterr() == (
        (
            "pkg-1.0-cp313-cp313-linux_riscv64.whl: ok, "
            "1 ELF file, 1 extension module, needs glibc 2.34, earns manylinux_2_34\n"
        ),
        "",
    )


def test_a_wrong_wheel_is_an_error_that_says_each_thing_once(tmp_path: Path, capsys: Captured) -> None:
    assert main(["verify", str(BAD.write(tmp_path))]) == 14
    out, err = capsys.readouterr()
    assert out == (
        "pkg-1.0-cp313-cp313-linux_riscv64.whl: wrong, 4 ELF files, 0 extension modules, earns manylinux_2_31\n"
    )
    assert err == (
        "error: XBW122 pkg-1.0-cp313-cp313-linux_riscv64.whl: pkg/_a.so, pkg/_b.so and 2 more: "
        "it is for another machine\n"
        "    expected 64-bit little-endian EM_RISCV\n"
        "    found    64-bit little-endian EM_X86_64\n"
        "error: pkg-1.0-cp313-cp313-linux_riscv64.whl failed verification\n"
        "hint: each finding says what was expected and found; 'xbuild wheel' shows the log of a build\n"
    )


def test_several_wheels_are_all_checked(tmp_path: Path, capsys: Captured) -> None:
    bad, pure, good = (tmp_path / name for name in ("bad", "pure", "good"))
    for folder in (bad, pure, good):
        folder.mkdir()
    paths = [BAD.write(bad), Wheel(name="pkg-1.0-py3-none-any.whl").write(pure), GOOD.write(good)]
    assert main(["verify", *map(str, paths)]) == 14
    out, err = capsys.readouterr()
    assert [line.partition(": ")[2].partition(",")[0] for line in out.splitlines()] == ["wrong", "ok", "ok"]
    assert "error: 1 of 3 wheels failed verification: pkg-1.0-cp313-cp313-linux_riscv64.whl\n" in err


def test_the_target_and_python_can_be_said(tmp_path: Path, capsys: Captured) -> None:
    path = str(GOOD.write(tmp_path))
    assert main(["verify", path, "--target", "arm64"]) == 14
    assert main(["verify", path, "--target", "riscv64", "--python", "3.14"]) == 14
    assert main(["verify", path, "--target", "riscv64", "--python", "3.13"]) == 0
    assert "XBW112" in capsys.readouterr().err


def test_a_finding_about_the_whole_wheel_and_no_tag_earned(tmp_path: Path, capsys: Captured) -> None:
    elf = Elf(needed=("libfoo.so.1",))
    assert main(["verify", str(Wheel(files={MODULE: bytes(elf)}, tags=()).write(tmp_path))]) == 14
    out, err = capsys.readouterr()
    assert out.endswith(": wrong, 1 ELF file, 1 extension module, earns no manylinux tag\n")
    assert "    found    none\n" in err


def test_a_finding_without_a_member_or_comparison(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / "pkg.whl"
    path.write_bytes(b"")
    assert main(["verify", str(path)]) == 14
    assert capsys.readouterr().err.startswith(
        "error: XBW101 pkg.whl: the file's name is not NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl\n"
    )


@pytest.mark.parametrize(("image", "status"), [(GOOD, 0), (BAD, 14)])
def test_json_is_one_value_whatever_the_verdict(tmp_path: Path, capsys: Captured, image: Wheel, status: int) -> None:
    assert main(["verify", "--json", str(image.write(tmp_path))]) == status
    out, err = capsys.readouterr()
    (report,) = json.loads(out)
    assert (report["ok"], len(report["findings"]), err) == (status == 0, status and 4, "")


def test_a_wheel_that_is_not_there(tmp_path: Path, capsys: Captured) -> None:
    path = tmp_path / GOOD.name
    assert main(["verify", str(path)]) == 14
    assert capsys.readouterr().err == (
        f"error: cannot read the wheel {path}: No such file or directory\nhint: check the path\n"
    )
