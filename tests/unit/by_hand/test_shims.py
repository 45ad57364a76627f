"""The programs that come first on PATH."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.support.target_trees import cross_spec, target_python

from xbuild.build.crossenv import CrossVenv
from xbuild.by_hand.shims import shims
from xbuild.crossfiles import write_all
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xbuild.crossfiles import CrossFiles

TARGET = get_target("riscv64")


@pytest.fixture
def files(tmp_path: Path) -> CrossFiles:
    spec = cross_spec(TARGET, target_python(tmp_path / "target", TARGET), sysroot=tmp_path)
    return write_all(spec, tmp_path / "a folder's" / "crossfiles")


@pytest.fixture
def programs(tmp_path: Path, files: CrossFiles) -> Mapping[str, Path]:
    folder = tmp_path / "a folder's" / "bin"
    folder.mkdir()
    made = {}
    for name, text in shims(folder, venv=CrossVenv.at(tmp_path / "cross"), files=files).items():
        made[name] = folder / name
        made[name].write_text(text, "utf-8")
        made[name].chmod(0o755)
    return made


def fake(folder: Path, name: str) -> Path:
    """A program that prints its name and its arguments, each on a line."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n', "utf-8")
    program.chmod(0o755)
    return program


def run(program: Path, *arguments: str, path: str = os.defpath) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": f"{program.parent}:{path}"}
    return subprocess.run([program, *arguments], env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        (["setup", "build", "-Dx=a b"], ["setup", "--cross-file", "FILE", "build", "-Dx=a b"]),
        (["setup", "--reconfigure", "build"], ["setup", "--cross-file", "FILE", "--reconfigure", "build"]),
        (["build"], ["setup", "--cross-file", "FILE", "build"]),
        (["--prefix=/usr", "build"], ["setup", "--cross-file", "FILE", "--prefix=/usr", "build"]),
        (["compile", "-C", "build"], ["compile", "-C", "build"]),
        (["--internal", "exe", "*"], ["--internal", "exe", "*"]),
        (["--version"], ["--version"]),
        ([], []),
    ],
)
def test_meson_setup_gets_the_cross_file_and_nothing_else_does(
    given: list[str], passed: list[str], programs: Mapping[str, Path], files: CrossFiles, tmp_path: Path
) -> None:
    real = fake(tmp_path / "programs", "meson")
    done = run(programs["meson"], *given, path=f"{real.parent}:{os.defpath}")
    expected = [str(files.meson) if word == "FILE" else word for word in passed]
    assert done.stdout.splitlines() == [str(real), *expected]


def test_no_meson(programs: Mapping[str, Path]) -> None:
    done = run(programs["meson"], "setup", "build", path="/nonexistent")
    assert (done.returncode, done.stdout) == (127, "")
    assert done.stderr == "meson: not found: install it, or let xbuild: --with meson\n"


def test_pypa_s_build_is_run_by_the_python_that_speaks_for_the_target(
    programs: Mapping[str, Path], tmp_path: Path
) -> None:
    python = CrossVenv.at(tmp_path / "cross").cross_python
    fake(python.parent, python.name)
    assert run(programs["pyproject-build"], "--wheel", "a b").stdout.splitlines() == [
        str(python),
        "-m",
        "build",
        "--wheel",
        "a b",
    ]
