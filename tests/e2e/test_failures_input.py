"""What a user can give that is wrong before anything is fetched or built."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from tests.support.command import one_message

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.command import Command
    from tests.support.mini_archive import MiniArchive

NOT_FETCHED = {"XBUILD_ARCHIVE": "http://127.0.0.1:9"}
DETAILS = {
    "schema_version": "1.0",
    "base_prefix": "/usr",
    "platform": "linux-riscv64",
    "language": {"version": "3.14"},
    "implementation": {
        "name": "cpython",
        "version": {"major": 3, "minor": 14, "micro": 0, "releaselevel": "final", "serial": 0},
        "hexversion": 0x030E00F0,
        "cache_tag": "cpython-314",
    },
}


@pytest.fixture
def project(folder: Path) -> Path:
    path = folder / "project"
    path.mkdir()
    (path / "setup.py").write_text("from setuptools import setup\nsetup()\n")
    return path


@pytest.mark.parametrize(
    "command", [("wheel", ".", "--target"), ("crossfile", "meson", "--target"), ("target", "fetch"), ("target", "show")]
)
def test_an_unknown_target(xbuild: Command, command: tuple[str, ...]) -> None:
    finished = xbuild(*command, "riscv46")
    assert one_message(finished, 11) == "unknown target 'riscv46'"
    assert finished.hint.startswith("did you mean 'riscv64'? known targets: aarch64, ")
    assert xbuild.left_behind() == []
    assert not xbuild.cache.exists()


def test_a_version_that_is_none(xbuild: Command) -> None:
    finished = xbuild("wheel", ".", "--target", "riscv64", "--python", "3.13.2")
    assert "'3.13.2' is not X.Y or X.Yt, such as 3.13 or 3.14t; did you mean 3.13?" in one_message(finished, 2)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (json.dumps(DETAILS)[:100].encode(), "not JSON: expecting ':' delimiter: the file ends there"),
        (b"", "not JSON: the file is empty"),
        (b"\xff\xfe\x00{", "not UTF-8: byte 0 is 0xff"),
        (b'{"schema_version": "1.0",}', "not JSON: expecting property name enclosed in double quotes"),
        (b"[" * 100_000, "nested deeper than "),
        (b'["1.0"]', "expected an object, found an array"),
        (json.dumps({**DETAILS, "language": {"version": 3.14}}).encode(), "/language/version: expected a string"),
        (json.dumps({**DETAILS, "abi": []}).encode(), "/abi: expected an object, found an empty array"),
        (json.dumps({**DETAILS, "schema_version": "2.0"}).encode(), "schema_version"),
        (json.dumps({**DETAILS, "schema_version": 1.0}).encode(), "/schema_version: expected a string such as '1.0'"),
        (json.dumps({key: DETAILS[key] for key in ("schema_version", "platform")}).encode(), "/language: missing"),
    ],
    ids=[
        "truncated", "empty", "binary", "trailing comma", "deep", "an array", "a number as version", "an array as abi",
        "unknown major", "a number as schema version", "required keys missing",
    ],
)  # fmt: skip
def test_broken_build_details(xbuild: Command, *, content: bytes, said: str) -> None:
    file = xbuild.folder / "build-details.json"
    file.write_bytes(content)
    finished = xbuild("crossfile", "meson", "--target", "riscv64", "--build-details", file, env=NOT_FETCHED)
    message = one_message(finished, 10)
    assert message.startswith(f"{file}:")
    assert said in finished.stderr
    assert finished.hint
    assert xbuild.left_behind() == []


def test_broken_build_details_for_a_wheel(xbuild: Command, project: Path) -> None:
    file = xbuild.folder / "build-details.json"
    file.write_bytes(b"{")
    finished = xbuild("wheel", project, "--target", "riscv64", "--build-details", file, env=NOT_FETCHED)
    assert one_message(finished, 10).startswith(f"{file}:")
    assert xbuild.left_behind() == []


def test_build_details_that_are_not_there(xbuild: Command) -> None:
    finished = xbuild("wheel", ".", "--target", "riscv64", "--build-details", "nowhere.json", env=NOT_FETCHED)
    assert "nowhere.json" in one_message(finished, 2)


def test_a_sysroot_that_is_none(xbuild: Command) -> None:
    (xbuild.folder / "sysroot").mkdir()
    finished = xbuild("crossfile", "meson", "--target", "ppc64le", "--sysroot", "sysroot", env=NOT_FETCHED)
    assert one_message(finished, 12) == f"--sysroot {xbuild.folder}/sysroot: no C headers: expected usr/include/stdio.h"
    assert xbuild.left_behind() == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[tools", "not TOML"),
        ("\xff", "can't decode byte 0xff"),
        ("", "toolchain"),
        ('[toolchain]\nfamily = "gcc"\n[tools]\ncc = 3\n', "tools.cc"),
        ('[toolchain]\nfamily = "gcc"\n[tools]\ncc = "no-such-compiler"\n', "no-such-compiler"),
        ('[toolchain]\nfamily = "gcc"\nsysroot = "nowhere"\n[tools]\ncc = "true"\nar = "true"\n', "toolchain.sysroot"),
        ('[toolchain]\nfamily = "icc"\n[tools]\ncc = "true"\nc = "true"\n', "toolchain.family"),
    ],
    ids=["syntax", "binary", "empty", "type", "program", "sysroot", "family"],
)
def test_a_broken_toolchain_file(xbuild: Command, project: Path, *, content: str, said: str) -> None:
    file = xbuild.folder / "own.toml"
    file.write_text(content, "latin-1")
    finished = xbuild("wheel", project, "--target", "ppc64le", "--toolchain", file, env=NOT_FETCHED)
    assert str(file) in one_message(finished, 11)
    assert said in finished.stderr
    assert xbuild.left_behind() == []


BROKEN_COMPILER = """
[toolchain]
family = "gcc"
version = "1"
[tools]
cc = "false"
ar = "true"
ranlib = "true"
strip = "true"
"""


def test_compilers_that_do_not_compile(xbuild: Command, project: Path, mini: MiniArchive) -> None:
    """Found out by compiling a file before the build starts."""
    file = xbuild.folder / "own.toml"
    file.write_text(BROKEN_COMPILER)
    arguments = ("wheel", project, "--target", "ppc64le", "--python", "3.14", "--toolchain", file)
    finished = xbuild(*arguments, env={"XBUILD_ARCHIVE": mini.setting()})
    assert "compile" in one_message(finished, 11)
    assert xbuild.left_behind() == []


def test_compilers_that_are_not_on_path(xbuild: Command, project: Path) -> None:
    (xbuild.folder / "bin").mkdir()
    environ = {**NOT_FETCHED, "PATH": str(xbuild.folder / "bin")}
    finished = xbuild("wheel", project, "--target", "ppc64le", "--toolchain", "system", env=environ)
    assert "powerpc64le-linux-gnu-gcc" in one_message(finished, 11)
    assert xbuild.left_behind() == []


def test_offline_with_an_empty_cache(xbuild: Command, project: Path, mini: MiniArchive) -> None:
    arguments = ("wheel", project, "--target", "ppc64le", "--python", "3.14", "--offline")
    finished = xbuild(*arguments, env={"XBUILD_ARCHIVE": mini.setting()})
    assert one_message(finished, 12).startswith("offline: ")
    assert "without --offline" in finished.hint
    assert xbuild.left_behind() == []


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_cache_directory_that_is_a_file(xbuild: Command, mini: MiniArchive, place: str) -> None:
    (xbuild.folder / "file").touch()
    environ = {"XBUILD_ARCHIVE": mini.setting(), "XBUILD_CACHE_DIR": str(xbuild.folder / place)}
    finished = xbuild("target", "fetch", "ppc64le", "--python", "3.14", env=environ)
    assert one_message(finished, 12).startswith("cannot write ")
    assert "XBUILD_CACHE_DIR" in finished.hint


if os.geteuid() != 0:  # root may write anywhere: for root there is the disk that is read-only

    def test_a_cache_directory_that_may_not_be_written(xbuild: Command, mini: MiniArchive) -> None:
        xbuild.cache.mkdir(mode=0o500)
        finished = xbuild("target", "fetch", "ppc64le", "--python", "3.14", env={"XBUILD_ARCHIVE": mini.setting()})
        assert one_message(finished, 12).startswith("cannot write ")
        assert "XBUILD_CACHE_DIR" in finished.hint


@pytest.mark.parametrize("setting", ["trixie", "ftp://example.org/debian", "http://", "[x http://127.0.0.1:9"])
def test_an_archive_that_is_no_address(xbuild: Command, setting: str) -> None:
    one_message(xbuild("target", "fetch", "ppc64le", env={"XBUILD_ARCHIVE": setting}), 2)
    assert xbuild.left_behind() == []


def test_a_keyring_that_is_not_there(xbuild: Command, mini: MiniArchive) -> None:
    finished = xbuild("target", "fetch", "ppc64le", env={"XBUILD_ARCHIVE": f"[signed-by=/no.asc] {mini.url}"})
    assert one_message(finished, 12) == "/no.asc: no such file"
    assert finished.hint == "XBUILD_ARCHIVE says signed-by=/no.asc"
    assert xbuild.left_behind() == []


def test_an_output_folder_that_is_a_file(xbuild: Command) -> None:
    xbuild.outdir.touch()
    assert "dist" in one_message(xbuild("wheel", ".", "--target", "riscv64", env=NOT_FETCHED), 2)


def test_json_has_the_failure_too(xbuild: Command) -> None:
    finished = xbuild("wheel", ".", "--target", "riscv46", "--json")
    message = one_message(finished, 11)
    told = json.loads(finished.stdout)["error"]
    assert (told["message"], told["exit_status"]) == (message, 11)
