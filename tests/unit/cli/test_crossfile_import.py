from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from xbuild.cli import main

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]
MESON = """\
[binaries]
c = '/nowhere/riscv64-linux-gnu-gcc'
vala = 'valac'
"""
NOTES = """\
note: {0}: a toolchain file has no place for [binaries] vala (line 3)
note: {0}:2: cc: there is no program /nowhere/riscv64-linux-gnu-gcc
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "cross.ini"
    file.write_text(MESON, "utf-8")
    return file


def test_the_toolchain_file_goes_to_standard_output_and_what_it_lacks_to_standard_error(
    file: Path, capsys: Captured
) -> None:
    assert main(["crossfile", "import", "cross.ini"]) == 0
    captured = capsys.readouterr()
    assert tomllib.loads(captured.out) == {
        "toolchain": {"family": "gcc"},
        "tools": {"cc": "/nowhere/riscv64-linux-gnu-gcc"},
        "target": {"name": "riscv64"},
    }
    assert captured.err == NOTES.format(file)


def test_or_to_a_file_with_the_same_content(file: Path, capsys: Captured) -> None:
    assert main(["crossfile", "import", str(file)]) == 0
    printed = capsys.readouterr().out
    assert main(["crossfile", "import", str(file), "-o", "out/own.toml"]) == 0
    assert capsys.readouterr().out == ""
    assert (file.parent / "out/own.toml").read_text("utf-8") == printed


def test_several_files_are_put_together(file: Path, capsys: Captured) -> None:
    file.with_name("more.ini").write_text("[binaries]\nc = '/nowhere/gcc'\n", "utf-8")
    assert main(["crossfile", "import", "cross.ini", "more.ini", "--target", "riscv"]) == 0
    assert 'cc = "/nowhere/gcc"\n' in capsys.readouterr().out


def test_a_file_of_another_machine_is_an_error(file: Path, capsys: Captured) -> None:
    assert main(["crossfile", "import", "cross.ini", "--target", "ppc64le", "-o", "own.toml"]) == 11
    assert capsys.readouterr().err == (
        f"error: {file}:2: the compiler's triplet 'riscv64-linux-gnu' is not ppc64le, which --target says\n"
        f"\n  {file}: a toolchain file has no place for [binaries] vala (line 3)\n\n"
        "hint: leave --target out, or import the file of that machine\n"
    )
    assert list(file.parent.iterdir()) == [file]


def test_a_file_is_needed(capsys: Captured) -> None:
    assert main(["crossfile", "import"]) == 2
    assert "error: missing argument 'FILE...'\n" in capsys.readouterr().err
