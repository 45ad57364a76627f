"""The compiler that Cargo runs: rustc, with fixed names for the folders of this machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from xbuild.build.rust import cargo_home, write_rustc


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"CARGO_HOME": "/opt/cargo", "HOME": "/home/me"}, Path("/opt/cargo")),
        ({"CARGO_HOME": "", "HOME": "/home/me"}, Path("/home/me/.cargo")),
        ({"CARGO_HOME": "cargo"}, Path("cargo").absolute()),
        ({}, None),
    ],
)
def test_cargos_home_is_where_cargo_looks_for_it(environ: dict[str, str], expected: Path | None) -> None:
    assert cargo_home(environ) == expected


@pytest.fixture
def rustc(tmp_path: Path) -> Path:
    """A compiler that says what it is run with."""
    program = tmp_path / "bin" / "rustc"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n')
    program.chmod(0o755)
    return program


def _run(variables: dict[str, str], **environ: str) -> list[str]:
    command = [variables["RUSTC"], "--edition=2021", "src/a b.rs"]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.splitlines()


def test_the_first_compiler_on_the_path_is_run_with_the_names_before_its_options(tmp_path: Path, rustc: Path) -> None:
    places = {"/scratch": "/xbuild", "/scratch/it's a=b": "/xbuild/source"}
    variables = write_rustc(tmp_path / "rust", places=places, environ={})
    expected = [
        str(rustc),
        "--remap-path-prefix=/home/me/.cargo=/xbuild/cargo",
        "--remap-path-prefix=/scratch=/xbuild",
        "--remap-path-prefix=/scratch/it's a=b=/xbuild/source",
        "--edition=2021",
        "src/a b.rs",
    ]
    assert _run(variables, PATH=str(rustc.parent), HOME="/home/me") == expected
    expected[1] = "--remap-path-prefix=/opt/cargo home=/xbuild/cargo"
    assert _run(variables, PATH=str(rustc.parent), HOME="/home/me", CARGO_HOME="/opt/cargo home") == expected


@pytest.mark.parametrize("name", ["RUSTC", "CARGO_BUILD_RUSTC"])
def test_the_users_compiler_is_run_in_place_of_the_one_on_the_path(tmp_path: Path, rustc: Path, name: str) -> None:
    own = rustc.rename(tmp_path / "my rustc")
    variables = write_rustc(tmp_path / "rust", places={}, environ={name: str(own)})
    assert _run(variables, PATH="/nowhere")[0] == str(own)
