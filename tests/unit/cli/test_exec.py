"""``xbuild exec`` and ``xbuild shell``, up to where this process becomes another."""

from __future__ import annotations

import errno
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from xbuild.by_hand import environment as core
from xbuild.cli import main
from xbuild.cli.shell import _users_shell

if TYPE_CHECKING:
    from collections.abc import Iterator

Captured = pytest.CaptureFixture[str]


class ReplacedError(Exception):
    """Raised where the process would have become another program."""


@dataclass
class Environment:
    environ: dict[str, str]
    startup: Path = Path("/env/shell")


@dataclass
class Core:
    """Stands in for what makes environments and starts programs, and keeps what it was asked."""

    asked: dict[str, Any] = field(default_factory=dict)
    become: tuple[str, list[str], dict[str, str]] | None = None
    refused: OSError | None = None

    def open_environment(self, selection: Any, **options: Any) -> Environment:
        self.asked = {"selection": selection, **options}
        return Environment(environ={"PATH": "/usr/bin:/bin", "CC": "cross"})

    def execve(self, path: str, argv: list[str], environ: dict[str, str]) -> None:
        self.become = path, argv, environ
        raise self.refused or ReplacedError


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Core]:
    fake = Core()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(core, "open_environment", fake.open_environment)
    monkeypatch.setattr(os, "execve", fake.execve)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGPIPE, signal.SIGXFSZ)}
    yield fake
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_a_command_and_its_options(fake: Core) -> None:
    main(["exec", "--target", "riscv", "--toolchain", "zig", "--", "sh", "-c", "x", "--target", "y"])
    assert fake.become == (
        "/usr/bin/sh",
        ["sh", "-c", "x", "--target", "y"],
        {"PATH": "/usr/bin:/bin", "CC": "cross"},
    )
    selection = fake.asked["selection"]
    assert (selection.target.name, selection.toolchain) == ("riscv64", "zig")


@pytest.mark.parametrize(
    ("options", "requirements", "fresh"),
    [
        ([], ("build", "setuptools", "wheel", "meson-python", "Cython>=3"), False),
        (
            ["--with", "numpy", "--with", "build"],
            ("build", "setuptools", "wheel", "meson-python", "Cython>=3", "numpy"),
            False,
        ),
        (["--bare", "--with", "numpy", "--fresh"], ("numpy",), True),
    ],
)
def test_what_is_installed(
    options: list[str], requirements: tuple[str, ...], fresh: bool, fake: Core, tmp_path: Path
) -> None:
    text = '[build-system]\nrequires = ["meson-python", "Cython>=3"]\nbuild-backend = "mesonpy"\n'
    (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    main(["exec", "--target", "riscv64", *options, "true"])
    assert fake.asked["requirements"] == requirements
    assert fake.asked["fresh"] is fresh


@pytest.mark.parametrize("arguments", [["exec", "--target", "riscv64"], ["exec", "--", "true"], ["shell"]])
def test_what_must_be_given(arguments: list[str], fake: Core) -> None:
    assert main(arguments) == 2
    assert fake.become is None


def test_a_command_that_cannot_be_started(fake: Core, capsys: Captured) -> None:
    fake.refused = OSError(errno.ENOEXEC, "Exec format error")
    assert main(["exec", "--target", "riscv64", "--", "true"]) == 2
    assert capsys.readouterr().err == (
        "error: cannot start /usr/bin/true: Exec format error\n"
        "hint: a program of riscv64 is started by 'xbuild run --target riscv64', or \"$XBUILD_EMULATOR\" inside\n"
    )


def test_the_users_shell_is_started_with_their_files(fake: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/sh")
    monkeypatch.setenv("ENV", "/home/me/.shrc")
    main(["shell", "--target", "riscv64"])
    variables = {"ENV": "/env/shell/sh", "_XBUILD_USERS_ENV": "/home/me/.shrc"}
    assert fake.become == ("/bin/sh", ["/bin/sh"], {"PATH": "/usr/bin:/bin", "CC": "cross", **variables})


def test_which_shell_is_the_users() -> None:
    assert _users_shell({"SHELL": "/bin/sh"}) == "/bin/sh"
    for nothing in ({}, {"SHELL": ""}, {"SHELL": "/nonexistent/zsh"}):
        assert os.access(_users_shell(nothing), os.X_OK)
