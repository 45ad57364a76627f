from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from xbuild import resolve
from xbuild.cli import main
from xbuild.errors import TestError
from xbuild.testing import wheel as testing

if TYPE_CHECKING:
    from pathlib import Path

Captured = pytest.CaptureFixture[str]
NAME = "demo-1.0-cp314-cp314t-linux_riscv64.whl"


@dataclass
class Core:
    """Stands in for what is fetched and for the test, and keeps what they were asked."""

    selection: Any = None
    wheel: Path | None = None
    options: dict[str, Any] = field(default_factory=dict)
    error: TestError | None = None

    def resolve_runtime(self, selection: Any, **_options: Any) -> Any:
        self.selection = selection
        return "the runtime"

    def run_test(self, wheel: Path, **options: Any) -> testing.TestResult:
        self.wheel, self.options = wheel, options
        if self.error is not None:
            raise self.error
        imported = () if options["command"] else ("demo", "demo._fast")
        return testing.TestResult(
            wheel=wheel, installed=("demo==1.0",), seconds=1.5, command=options["command"], imported=imported
        )


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Core:
    """The command in a folder with a wheel, and nothing behind it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / NAME).touch()
    fake = Core()
    monkeypatch.setattr(resolve, "resolve_runtime", fake.resolve_runtime)
    monkeypatch.setattr(testing, "run_test", fake.run_test)
    return fake


def test_the_python_is_the_wheels(core: Core, capsys: Captured) -> None:
    assert main(["test", NAME, "--target", "riscv64"]) == 0
    assert (core.selection.target.name, core.selection.python) == ("riscv64", "3.14t")
    assert core.options.pop("progress")
    assert core.options == {
        "runtime": "the runtime",
        "find_links": (),
        "command": None,
        "offline": False,
        "timeout": testing.DEFAULT_TIMEOUT,
    }
    assert capsys.readouterr().out == f"{NAME}: 2 modules imported\n"


def test_another_python_if_that_was_asked_for(core: Core) -> None:
    assert main(["test", NAME, "--target", "riscv64", "--python", "3.14"]) == 0
    assert core.selection.python == "3.14"


def test_the_python_of_given_build_details_is_not_second_guessed(core: Core, tmp_path: Path) -> None:
    (tmp_path / "build-details.json").touch()
    assert main(["test", NAME, "--target", "riscv64", "--build-details", "build-details.json"]) == 0
    assert core.selection.python is None


def test_options(core: Core, capsys: Captured) -> None:
    options = ["--command", "python -V", "--find-links", "a", "--find-links", "b", "--timeout", "5", "--offline"]
    assert main(["test", NAME, "--target", "riscv64", *options]) == 0
    chosen = {name: core.options[name] for name in ("command", "find_links", "timeout", "offline")}
    assert chosen == {"command": "python -V", "find_links": ("a", "b"), "timeout": 5.0, "offline": True}
    assert capsys.readouterr().out == f"{NAME}: the command succeeded\n"


def test_json(core: Core, capsys: Captured) -> None:
    assert main(["test", NAME, "--target", "riscv64", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "wheel": str(core.wheel),
        "installed": ["demo==1.0"],
        "seconds": 1.5,
        "command": None,
        "imported": ["demo", "demo._fast"],
        "skipped": {},
    }


def test_a_failure(core: Core, capsys: Captured) -> None:
    core.error = TestError("it failed", details="Traceback")
    assert main(["test", NAME, "--target", "riscv64"]) == 15
    assert capsys.readouterr().err == "error: it failed\n\n  Traceback\n\n"


def test_a_wheel_for_another_machine_fetches_nothing(core: Core, capsys: Captured) -> None:
    assert main(["test", NAME, "--target", "aarch64"]) == 2
    assert capsys.readouterr().err == f"error: {NAME} is for linux_riscv64, and the target is aarch64\n"
    assert core.selection is None


def test_no_such_wheel(core: Core) -> None:
    assert main(["test", "nonesuch.whl", "--target", "riscv64"]) == 2
    assert core.selection is None
