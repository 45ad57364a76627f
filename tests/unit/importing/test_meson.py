"""Meson's cross files, as Meson reads them."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.target_trees import write

from xbuild.errors import ToolchainError
from xbuild.importing.meson_values import MesonValueError, evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.unit.importing.conftest import Import

    from xbuild.importing import Imported
    from xbuild.importing.meson_values import Value

NAMES: Mapping[str, Value] = {"a": "A", "words": ["x", "y"], "n": 3}
HOST = "[host_machine]\nsystem = 'linux'\ncpu_family = 'riscv64'\ncpu = 'riscv64'\nendian = 'little'\n"
LEAST = "[binaries]\nc = 'riscv64-linux-gnu-gcc'\n"


def parsed(imported: Imported) -> dict[str, Any]:
    return tomllib.loads(imported.text)


def test_our_own_entry_for_rust_follows_from_the_target(run_import: Import) -> None:
    ours = "rust = ['rustc', '--target', 'riscv64gc-unknown-linux-gnu']\n"
    assert not any("[binaries] rust" in note for note in run_import(f"{LEAST}{ours}{HOST}").notes)
    other = "rust = ['rustc', '--target', 'x', '-O']\n"
    notes = run_import(f"{LEAST}{other}{HOST}").notes
    assert any(note.endswith("a toolchain file has no place for [binaries] rust (line 3)") for note in notes)


class TestValues:
    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("'x'", "x"),
            ("''", ""),
            (r"'C:\x\'", "C:\\x\\"),
            ("'''it's'''", "it's"),
            (r"'''a\b'''", r"a\\b"),
            ("true", True),
            ("false", False),
            ("42", 42),
            ("0x2A", 42),
            ("0b101010", 42),
            ("0o52", 42),
            ("a", "A"),
            ("a + '-gcc'", "A-gcc"),
            ("a / 'b' / 'c'", "A/b/c"),
            ("a / '/b'", "/b"),
            ("['--sysroot=' + a / 'sysroot', 'y',]", ["--sysroot=A/sysroot", "y"]),
            ("words + [a]", ["x", "y", "A"]),
            ("(a + 'b') / 'c'", "Ab/c"),
            ("[\n'a', # why\n'b'\n]", ["a", "b"]),
            ("[]", []),
        ],
    )
    def test_mean_what_they_mean_to_meson(self, text: str, value: object) -> None:
        assert evaluate(text, NAMES) == value

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("", "a value is missing"),
            ("gcc", "there is no constant 'gcc': strings are written in single quotes"),
            ('"x"', "unexpected '\"x\"'"),
            ("'x", 'unexpected "\'x"'),
            ("'x' 'y'", "unexpected \"'y'\""),
            ("'x' + 1", "'+' takes two strings or two arrays"),
            ("'x' + words", "'+' takes two strings or two arrays"),
            ("n / 'x'", "'/' takes two strings"),
            ("['x' 'y']", "expected ']', found \"'y'\""),
            ("['x'", "']' is missing"),
            ("('x'", "')' is missing"),
            ("+ 'x'", "unexpected '+'"),
        ],
    )
    def test_or_nothing(self, text: str, problem: str) -> None:
        with pytest.raises(MesonValueError) as caught:
            evaluate(text, NAMES)
        assert str(caught.value) == problem


def test_a_file_says_all_that_belongs_to_a_toolchain(run_import: Import, sdk: Path) -> None:
    qemu = write(sdk / "qemu/qemu-riscv64", "", executable=True)
    python = write(sdk / "python3.13", "", executable=True)
    details = write(sdk / "python/build-details.json", "{}")
    text = f"""\
[constants]
sdk = '@DIRNAME@'
prefix = sdk / 'bin/riscv64-acme-linux-gnu-'
[binaries]
c = [prefix + 'gcc', '-mabi=lp64d']
cpp = prefix + 'g++'
c_ld = 'bfd'
ar = prefix + 'ar'
strip = prefix + 'strip'
python = '{python}'
exe_wrapper = ['{qemu}', '-cpu', 'rv64', '-L', sdk / 'sysroot']
pkg-config = ['env', 'PKG_CONFIG_SYSROOT_DIR=' + sdk / 'sysroot', '{python}']
cmake = 'cmake'
{HOST}[properties]
needs_exe_wrapper = true
sys_root = sdk / 'sysroot'
pkg_config_libdir = [sdk / 'sysroot/usr/lib/pkgconfig', sdk / 'more/pkgconfig']
longdouble_format = 'IEEE_QUAD_LE'
[built-in options]
c_args = ['-DA', '-DB=c d']
c_link_args = '-Wl,-z,now -Wl,-O1'
python.build_config = '{details}'
"""
    imported = run_import(text)
    assert parsed(imported) == {
        "toolchain": {"family": "gcc"},
        "tools": {
            "cc": [
                f"{sdk}/bin/riscv64-acme-linux-gnu-gcc",
                *("-mabi=lp64d", "-DA", "-DB=c d", "-fuse-ld=bfd", "-Wl,-z,now", "-Wl,-O1"),
            ],
            "cxx": f"{sdk}/bin/riscv64-acme-linux-gnu-g++",
            "ar": f"{sdk}/bin/riscv64-acme-linux-gnu-ar",
            "strip": f"{sdk}/bin/riscv64-acme-linux-gnu-strip",
        },
        "target": {
            "name": "riscv64",
            "sysroot": f"{sdk}/sysroot",
            "build-details": str(details),
            "pkg-config-dirs": [f"{sdk}/more/pkgconfig"],
        },
        "emulator": {"qemu": str(qemu), "cpu": "rv64"},
        "build": {"python": str(python), "pkg-config": str(python)},
    }
    assert imported.notes == (
        f"{sdk}/cross.ini:11: the emulator's -L {sdk}/sysroot is left out: xbuild gives it the sysroot",
    )
    assert imported.text.startswith("# For 64-bit RISC-V, RV64GC, LP64D, imported from cross.ini.\n\n[toolchain]\n")


def test_later_files_are_put_over_earlier_ones_before_anything_is_read(run_import: Import, sdk: Path) -> None:
    names = {"machine.ini": f"[constants]\ntriplet = 'none'\nsuffix = triplet + '-gcc'\n{HOST}"}
    text = f"[constants]\ntriplet = '{sdk}/bin/riscv64-acme-linux-gnu'\n[binaries]\nc = suffix\n"
    assert parsed(run_import(text, more=names))["tools"] == {"cc": f"{sdk}/bin/riscv64-acme-linux-gnu-gcc"}


def test_what_has_no_place_is_said(run_import: Import, tmp_path: Path) -> None:
    text = f"""{LEAST}
vala = 'valac'
pkgconfig = ['env', 'A=b', 'PKG_CONFIG_SYSROOT_DIR=/root']
{HOST}[properties]
longdouble_format = 'IBM_DOUBLE_DOUBLE_LE'
cmake_toolchain_file = '/x/t.cmake'
own = 3
[built-in options]
c_std = 'c99'
[sub:project options]
x = true
"""
    assert run_import(text).notes == (
        f"{tmp_path}/cross.ini:5: A for pkg-config is left out",
        (
            f"{tmp_path}/cross.ini: a toolchain file has no place for [binaries] vala (line 4), "
            "[properties] cmake_toolchain_file (line 13), [properties] own (line 14), "
            "[built-in options] c_std (line 16), [sub:project options] x (line 18)"
        ),
        f"{tmp_path}/cross.ini:2: cc: there is no program riscv64-linux-gnu-gcc",
        "long doubles are IBM_DOUBLE_DOUBLE_LE in the file and IEEE_QUAD_LE here",
        "there is no build-details.json in /root: the target's Python is taken from the archive",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "c = 'x'\n",
            "{} is not a Meson cross file: File contains no section headers. file: '{}', line: 1 \"c = 'x'\\n\"",
        ),
        (
            "[binaries]\nc = gcc\n",
            "{}:2: [binaries] c: there is no constant 'gcc': strings are written in single quotes",
        ),
        ("[binaries]\nc = 3\n", "{}:2: [binaries] c: expected a string or an array of strings, found 3"),
        ("[binaries]\nc = [true]\n", "{}:2: [binaries] c: expected a string or an array of strings, found [True]"),
        (
            f"{LEAST}[built-in options]\nc_args = '\"'\n",
            "{}:4: [built-in options] c_args: expected arguments (No closing quotation), found '\"'",
        ),
        (f"{LEAST}[properties]\nsys_root = []\n", "{}:4: [properties] sys_root: expected a string, found []"),
        (
            "[host_machine]\nsystem = 'windows'\n",
            "{}:2: [host_machine] system is 'windows', and xbuild builds for Linux",
        ),
        (
            "# x\n[binaries]\nc = '@GLOBAL_SOURCE_ROOT@/gcc'\n",
            "{}:3: @GLOBAL_SOURCE_ROOT@ is another folder in each project",
        ),
        ("[binaries]\ncpp = 'g++'\n", "{} names no C compiler"),
        ("[binaries]\nc = ''\n", "{} names no C compiler"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(
    text: str, message: str, run_import: Import, tmp_path: Path
) -> None:
    with pytest.raises(ToolchainError) as caught:
        run_import(text)
    assert caught.value.message == message.replace("{}", str(tmp_path / "cross.ini"))


def test_arguments_in_properties_are_those_of_older_files(run_import: Import, tmp_path: Path) -> None:
    text = f"{LEAST}[properties]\nc_args = ['-A']\n[built-in options]\npkg_config_path = '/a:/b'\n"
    imported = parsed(run_import(text))
    assert imported["tools"]["cc"] == ["riscv64-linux-gnu-gcc", "-A"]
    assert imported["target"]["pkg-config-dirs"] == ["/a", "/b"]
    assert tmp_path.is_dir()
