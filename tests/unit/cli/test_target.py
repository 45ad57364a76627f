from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from xbuild import resolve
from xbuild.cli import main
from xbuild.provision.model import PackageRecord, Provenance, Tree
from xbuild.provision.provisioner import Provisioner, Stored
from xbuild.targets import target_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.progress import Progress
    from xbuild.selection import Selection

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


def provenance() -> Provenance:
    package = PackageRecord(name="libc6", version="2.41-12", architecture="riscv64", sha256="0" * 64)
    return Provenance(
        component="sysroot",
        archive="http://archive.example/debian",
        suite="trixie",
        release_date="Sat, 06 Sep 2025 09:00:00 UTC",
        packages=(package,),
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Replaces provisioning and keeps what it was asked: the selection and whether to read the archive again."""
    calls: list[Any] = []

    def fake(selection: Selection, *, progress: Progress, environ: Mapping[str, str], refresh: bool) -> SimpleNamespace:
        assert "PATH" in environ
        with progress.step("Fetch"):
            calls.append((selection.target.name, selection.python, refresh))
        return SimpleNamespace(provenance=(provenance(),))

    monkeypatch.setattr(resolve, "resolve", fake)
    return calls


def test_fetch(asked: list[Any], capsys: Captured) -> None:
    assert main(["target", "fetch", "riscv", "--python", "3.14"]) == 0
    assert asked == [("riscv64", "3.14", True)]
    assert capsys.readouterr() == (
        "COMPONENT  SUITE   PACKAGES  ARCHIVE\nsysroot    trixie  1         http://archive.example/debian\n",
        "✓ Fetch (0.0 s)\n",
    )


def test_fetch_offline_reads_no_archive(asked: list[Any]) -> None:
    assert main(["target", "fetch", "riscv64", "--offline", "-q"]) == 0
    assert asked == [("riscv64", None, False)]


@pytest.mark.usefixtures("asked")
def test_fetch_as_json(capsys: Captured) -> None:
    assert main(["target", "fetch", "riscv64", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [json.loads(json.dumps(asdict(provenance())))]


def test_what_the_cache_has_is_shown(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    tree = Tree(path=Path("sysroot"), digest="0", provenance=provenance())
    stored = tuple(Stored(target="riscv64", tree=tree, size=size) for size in (2_000_000, 1_000_000))
    monkeypatch.setattr(Provisioner, "stored", lambda _self: stored)
    assert main(["target", "list"]) == 0
    rows = [row for row in capsys.readouterr().out.splitlines() if "MiB" in row]
    assert rows == ["riscv64      riscv, rv64gc, riscv64gc           2.9 MiB       64-bit RISC-V, RV64GC, LP64D"]


def test_what_the_cache_has_as_json(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    tree = Tree(path=Path("sysroot"), digest="0", provenance=provenance())
    monkeypatch.setattr(Provisioner, "stored", lambda _self: (Stored(target="riscv64", tree=tree, size=7),))
    assert main(["target", "list", "--json"]) == 0
    cached = {each["name"]: each["cached"] for each in json.loads(capsys.readouterr().out)}
    assert {name for name, size in cached.items() if size} == {"riscv64"}
    assert cached["riscv64"] == 7
