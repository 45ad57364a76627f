"""What a build finds of the machine it runs on: programs that tell of its libraries, and its folders, in no wheel."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.command import Command

pytestmark = [pytest.mark.network]

ASK = "xml2-config --cflags; python3-config --extension-suffix; $RUSTC src.rs"
SUFFIX = ".cpython-313-riscv64-linux-gnu.so"
MESSAGE = "xml2-config: the build machine's would tell of its own libraries, and the sysroot has none: "


@pytest.fixture
def machine(builder: Command) -> Command:
    """The command on a machine with programs of libraries and of Python, and a Rust compiler that says its options."""
    programs = builder.folder / "machine"
    programs.mkdir()
    for name, text in (
        ("xml2-config", "echo -I/usr/include/wrong"),
        ("python3-config", "echo .wrong.so"),
        ("rustc", 'printf "%s\\n" "$@"'),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    return builder.with_(PATH=f"{programs}{os.pathsep}{os.environ['PATH']}", CARGO_HOME="/home/me/cargo")


def project(folder: Path) -> Path:
    source = folder / "project"
    source.mkdir()
    (source / "setup.py").write_text(
        f"import os\nfrom setuptools import setup\nos.system({ASK!r})\nsetup(name='demo', version='1')\n"
    )
    return source


def test_in_a_wheels_build(machine: Command) -> None:
    done = machine("wheel", project(machine.folder), "--target", "riscv64", "--python", "3.13", "-v")
    assert done.returncode == 0, done
    lines = [line.strip() for line in done.stderr.splitlines()]
    assert any(line.startswith(MESSAGE) for line in lines)
    assert SUFFIX in lines
    begin = lines.index("--remap-path-prefix=/home/me/cargo=/xbuild/cargo")
    names = [line.rpartition("=")[2] for line in lines[begin : lines.index("src.rs")]]
    assert {"/xbuild/cargo", "/xbuild", "/xbuild/source"} <= set(names)
    assert "wrong" not in done.stderr


def test_in_a_projects_own_build(machine: Command) -> None:
    ask = ASK.partition("; $RUSTC")[0]
    done = machine("exec", "--target", "riscv64", "--python", "3.13", "--bare", "--", "sh", "-c", ask)
    assert (done.returncode, done.stdout) == (0, f"{SUFFIX}\n")
    assert MESSAGE in done.stderr
