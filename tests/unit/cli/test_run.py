from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.target_trees import cross_spec, target_python

from xbuild import resolve
from xbuild.cli import main
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Iterator

Captured = pytest.CaptureFixture[str]
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
TARGET = get_target(platform.machine())


class ReplacedError(Exception):
    """Raised where the process would have become another program."""


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[tuple[list[str], dict[str, str]]]]:
    """The target is this machine, and what it would become is kept."""
    executable = Path(os.path.realpath(sys.executable))
    python = target_python(Path(sys.base_prefix), TARGET, version=VERSION, executable=executable)
    runtime = cross_spec(TARGET, python, sysroot=tmp_path)
    kept: list[tuple[list[str], dict[str, str]]] = []

    def execve(path: str, argv: list[str], environ: dict[str, str]) -> None:
        assert path == argv[0]
        kept.append((argv, environ))
        raise ReplacedError

    def resolve_it(*_arguments: Any, **_options: Any) -> Any:
        return runtime

    monkeypatch.setattr(resolve, "resolve_runtime", resolve_it)
    monkeypatch.setattr(os, "execve", execve)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGPIPE, signal.SIGXFSZ)}
    yield kept
    for number, handler in handlers.items():
        signal.signal(number, handler)


def run(*program: str) -> None:
    """``xbuild run``; what :class:`ReplacedError` becomes on its way out is of no interest."""
    main(["run", "--target", TARGET.name, *program])


def test_python_is_the_targets(commands: list[tuple[list[str], dict[str, str]]], tmp_path: Path) -> None:
    run("--", "python", "-c", "import sys; print(sys.prefix, *sys.argv)", "--target", "a b")
    [(argv, environ)] = commands
    done = subprocess.run(argv, env=environ, stdout=subprocess.PIPE, text=True, check=True)
    prefix, *arguments = done.stdout.split(" ", 2)
    assert Path(prefix).parent == tmp_path / "xbuild-cache/trees"
    assert arguments == ["-c", "--target a b\n"]


def test_the_two_dashes_can_be_left_out(commands: list[tuple[list[str], dict[str, str]]]) -> None:
    run("sh", "-c", "exit 3", "-v")
    [(argv, _)] = commands
    assert argv[1:] == ["-c", "exit 3", "-v"]


def test_no_such_program(commands: list[tuple[list[str], dict[str, str]]], capsys: Captured) -> None:
    assert main(["run", "--target", TARGET.name, "nonesuch"]) == 2
    assert (
        capsys.readouterr().err == "error: there is no program 'nonesuch'\nhint: 'python' is the target's interpreter\n"
    )
    assert not commands


def test_no_program(commands: list[tuple[list[str], dict[str, str]]]) -> None:
    assert main(["run", "--target", TARGET.name]) == 2
    assert not commands
