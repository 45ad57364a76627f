"""``xbuild doctor`` as a user runs it, on a machine that is well and on ones that are not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.support.command import Disk, why_no_disk

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "schemas" / "doctor.schema.json").read_text("utf-8"))
PROGRAM = Path(sys.executable).with_name("xbuild")
BROKEN_CC = """#!/bin/sh
case $1 in
-dumpmachine) echo riscv64-linux-gnu ;;
-dumpversion | -dumpfullversion) echo 14 ;;
*) echo "cc: internal compiler error: out of order" >&2; exit 4 ;;
esac
"""


def doctor(*arguments: str, inside: tuple[str, ...] = (), **environ: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Run it, and return its exit status and its checks by subject."""
    done = subprocess.run(
        [*inside, PROGRAM, "doctor", "--json", *arguments],
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    told = json.loads(done.stdout)
    jsonschema.validate(told, SCHEMA)
    assert told["exit_status"] == done.returncode
    return done.returncode, {check["subject"]: check for check in told["checks"]}


@pytest.mark.network
@pytest.mark.emulator
@pytest.mark.parametrize(
    ("target", "toolchain"),
    [
        ("aarch64", "gcc"),
        ("ppc64le", "gcc"),
        ("riscv64", "gcc"),
        pytest.param("aarch64", "zig", marks=pytest.mark.slow),  # it builds its C++ library
    ],
)
def test_every_language_works(target: str, toolchain: str, request: pytest.FixtureRequest) -> None:
    extra: dict[str, Any] = {"PYTHONPATH": str(request.getfixturevalue("zig_site"))} if toolchain == "zig" else {}
    status, checks = doctor("--target", target, "--toolchain", toolchain, **extra)
    assert status == 0, checks
    works = ["Python", "C", "C++", "C extension", "Cython", *(["Fortran"] if toolchain == "gcc" else [])]
    assert [checks[name]["status"] for name in works] == ["ok"] * len(works), checks
    assert checks["Rust"]["status"] in ("ok", "absent")
    if toolchain == "zig":
        assert checks["Fortran"]["finding"] == f"the zig toolchain for {target} has no Fortran compiler"


def test_without_a_target_nothing_is_made(tmp_path: Path) -> None:
    status, checks = doctor("--offline", XBUILD_CACHE_DIR=str(tmp_path / "cache"), XBUILD_ARCHIVE="/mirror")
    assert status == 0, checks
    assert list(tmp_path.iterdir()) == []


def test_offline_with_an_empty_cache(tmp_path: Path) -> None:
    status, checks = doctor(
        "--offline", "--target", "riscv64", XBUILD_CACHE_DIR=str(tmp_path / "cache"), XBUILD_ARCHIVE="/mirror"
    )
    assert status == 12
    assert checks["to fetch"]["status"] == "problem"
    assert "GCC for riscv64" in checks["to fetch"]["finding"]
    assert checks["to fetch"]["remedy"] == "run the same command without --offline: it fetches them"
    assert "C" not in checks


def test_no_network(tmp_path: Path) -> None:
    dead = "http://127.0.0.1:9"
    status, checks = doctor(
        "--target",
        "riscv64",
        XBUILD_CACHE_DIR=str(tmp_path / "cache"),
        XBUILD_ARCHIVE="http://mirror.invalid/debian",
        http_proxy=dead,
    )
    assert status == 12
    assert checks["archive"]["finding"].startswith("cannot reach http://mirror.invalid/debian/dists/")
    assert checks["target Python"]["status"] == "problem"
    assert checks["target Python"]["finding"].startswith("cannot fetch http://mirror.invalid/debian/dists/")


def test_a_disk_without_space(tmp_path: Path) -> None:
    reason = why_no_disk(tmp_path)
    if reason is not None:
        pytest.skip(f"no disk can be mounted here without root: {reason}")
    disk = Disk(folder=tmp_path / "cache", options="size=1m", listing=tmp_path / "listing")
    inside = tuple(disk.inside())
    status, checks = doctor("--offline", inside=inside, XBUILD_CACHE_DIR=str(disk.folder), XBUILD_ARCHIVE="/mirror")
    assert status == 12
    assert checks["cache"]["finding"].endswith(" free, too little for a build")
    full = Disk(folder=tmp_path / "full", options="size=4k,nr_inodes=1", listing=tmp_path / "listing")
    status, checks = doctor(
        "--offline", inside=tuple(full.inside()), XBUILD_CACHE_DIR=str(full.folder), XBUILD_ARCHIVE="/mirror"
    )
    assert status == 12
    assert checks["cache"]["finding"] == f"{full.folder} cannot be used: no space left on device"


@pytest.mark.network
@pytest.mark.emulator
def test_a_compiler_that_fails(tmp_path: Path) -> None:
    for name, text in {"gcc": BROKEN_CC, "ar": "#!/bin/sh\n", "ranlib": "#!/bin/sh\n", "strip": "#!/bin/sh\n"}.items():
        tool = tmp_path / f"riscv64-linux-gnu-{name}"
        tool.write_text(text, "utf-8")
        tool.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    status, checks = doctor("--target", "riscv64", "--toolchain", "system", PATH=path)
    assert status == 11
    assert checks["Python"]["status"] == "ok"
    for name in ("C", "C extension", "Cython"):
        assert checks[name]["status"] == "problem"
        assert "internal compiler error: out of order" in checks[name]["finding"]
        assert checks[name]["remedy"]
    assert checks["C++"]["status"] == checks["Fortran"]["status"] == "absent"


@pytest.mark.network
@pytest.mark.emulator
def test_an_emulator_that_does_not_emulate(tmp_path: Path) -> None:
    qemu = tmp_path / "qemu-riscv64"
    qemu.write_text('#!/bin/sh\n[ "$1" != --version ] || { echo "qemu-riscv64 version 9.2.0"; exit; }\nexit 126\n')
    qemu.chmod(0o755)
    status, checks = doctor("--target", "riscv64", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert status == 15
    assert checks["emulator"]["finding"] == f"QEMU 9.2.0, {qemu}"
    for name in ("Python", "C", "C++", "Fortran"):
        assert checks[name]["status"] == "problem"
        assert checks[name]["finding"].endswith(": exit status 126")
        assert "emulator" in checks[name]["remedy"]
