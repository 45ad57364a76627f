from __future__ import annotations

import json

import pytest

from xbuild.cli import main
from xbuild.targets import target_names

Captured = pytest.CaptureFixture[str]


def test_list(capsys: Captured) -> None:
    assert main(["target", "list"]) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading == "NAME         ALIASES                            IN THE CACHE  DESCRIPTION"
    assert [row.split()[0] for row in rows] == list(target_names())
    assert rows[0] == "aarch64      arm64                              -             64-bit Arm"


def test_list_as_json(capsys: Captured) -> None:
    assert main(["target", "list", "--json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == list(target_names())


def test_show(capsys: Captured) -> None:
    assert main(["target", "show", "riscv"]) == 0
    facts = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert facts["name"] == "riscv64"
    assert facts["aliases"] == "riscv, rv64gc, riscv64gc"
    assert facts["manylinux_floor"] == "2.31"
    assert facts["elf.flags"] == "0x4"
    assert facts["zig.glibc_floor"] == "2.27"
    assert facts["qemu.cpus"] == "rv64, max since QEMU 8.0"


def test_show_as_json(capsys: Captured) -> None:
    assert main(["target", "show", "riscv64", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["name"], shown["elf"]["machine"], shown["manylinux_floor"]) == ("riscv64", "EM_RISCV", [2, 31])


def test_remove_what_is_not_there(capsys: Captured) -> None:
    assert main(["target", "remove", "riscv64", "--downloads"]) == 0
    assert capsys.readouterr() == ("", "freed 0 KiB\n")


def test_remove_needs_to_know_what(capsys: Captured) -> None:
    assert main(["target", "remove"]) == 2
    assert capsys.readouterr().err == (
        "error: nothing to remove: name a target, or --downloads\n"
        "hint: 'xbuild target remove --help' describes the options\n"
    )
