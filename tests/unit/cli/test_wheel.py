from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from xbuild import pipeline
from xbuild.cli import main
from xbuild.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.progress import Progress

Captured = pytest.CaptureFixture[str]
REPORT = {"schema_version": "1.0"}


@dataclass
class FakeResult:
    wheels: tuple[Path, ...] = (Path("dist/a-1-py3-none-linux_riscv64.whl"), Path("dist/b.whl"))
    report: Mapping[str, Any] = field(default_factory=lambda: REPORT)


@dataclass
class FakeStep:
    title: str


@dataclass
class Core:
    """Stands in for the pipeline and keeps what it was asked."""

    request: Any = None
    error: Exception | None = None

    def run(self, request: Any, *, progress: Progress, environ: Mapping[str, str]) -> FakeResult:
        assert "PATH" in environ
        self.request = request
        with progress.step("Build"):
            if self.error:
                raise self.error
        return FakeResult()

    def plan(self, request: Any, *, environ: Mapping[str, str]) -> tuple[FakeStep, ...]:
        assert "PATH" in environ
        self.request = request
        return FakeStep("Fetch"), FakeStep("Build")


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Core:
    """The command in an empty folder, with the pipeline replaced."""
    monkeypatch.chdir(tmp_path)
    fake = Core()
    monkeypatch.setattr(pipeline, "run", fake.run)
    monkeypatch.setattr(pipeline, "plan", fake.plan)
    return fake


def test_the_paths_are_on_standard_output_and_the_rest_is_not(core: Core, capsys: Captured) -> None:
    assert main(["wheel", "--target", "riscv64"]) == 0
    assert capsys.readouterr() == ("dist/a-1-py3-none-linux_riscv64.whl\ndist/b.whl\n", "✓ Build (0.0 s)\n")
    assert core.request.source == "."


def test_the_request_has_every_parameter(core: Core) -> None:
    arguments = [
        *("wheel", "markupsafe==3.0.4", "--target", "riscv64", "--target", "arm64", "--python", "3.13", "--test"),
        *("-C", "a=1", "-C", "b=x=y", "-C", "b=", "-C", "b=z", "--platform-tag", "manylinux_2_31", "-o", "out"),
        *("--test-command", "pytest", "--find-links", "one", "--find-links", "two", "--allow-pure", "-q"),
    ]
    assert main(arguments) == 0
    request = core.request
    assert request.source == "markupsafe==3.0.4"
    assert [(each.target.name, each.python) for each in request.selections] == [
        ("riscv64", "3.13"),
        ("aarch64", "3.13"),
    ]
    assert request.config_settings == {"a": "1", "b": ["x=y", "", "z"]}
    assert request.platform_tag == "manylinux_2_31"
    assert (request.test, request.test_command, request.allow_pure) == (True, "pytest", True)
    assert (tuple(request.find_links), request.outdir) == (("one", "two"), Path("out"))


def test_defaults(core: Core) -> None:
    assert main(["wheel", "--target", "riscv64", "-q"]) == 0
    request = core.request
    assert (request.test, request.test_command, request.allow_pure) == (None, None, False)
    assert (request.platform_tag, request.outdir, dict(request.config_settings)) == ("auto", Path("dist"), {})


def test_the_configuration_of_the_folder(core: Core, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.xbuild]\ntarget = ["riscv64"]\npython = ["3.14"]\n')
    assert main(["wheel", "-q"]) == 0
    assert [(each.target.name, each.python) for each in core.request.selections] == [("riscv64", "3.14")]


def test_a_wrong_configuration(core: Core, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.xbuild]\ntarget = 1\n")
    assert main(["wheel"]) == 2
    assert core.request is None
    assert capsys.readouterr().err.splitlines()[1] == "  target: 1 is not of type 'array'"


@pytest.mark.usefixtures("core")
def test_json_is_the_report(capsys: Captured) -> None:
    assert main(["wheel", "--target", "riscv64", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == REPORT


@pytest.mark.usefixtures("core")
def test_the_report_in_a_file(tmp_path: Path, capsys: Captured) -> None:
    assert main(["wheel", "--target", "riscv64", "--report", "out/report.json"]) == 0
    assert json.loads((tmp_path / "out" / "report.json").read_text()) == REPORT
    assert capsys.readouterr().out.splitlines()[-1] == "dist/b.whl"


@pytest.mark.usefixtures("core")
def test_the_plan(capsys: Captured) -> None:
    assert main(["wheel", "--target", "riscv64", "--dry-run"]) == 0
    assert capsys.readouterr() == ("1. Fetch\n2. Build\n", "")


@pytest.mark.usefixtures("core")
def test_the_plan_as_json(capsys: Captured) -> None:
    assert main(["wheel", "--target", "riscv64", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"title": "Fetch"}, {"title": "Build"}]


def test_a_build_that_fails(core: Core, capsys: Captured) -> None:
    core.error = BuildError("the backend failed")
    assert main(["wheel", "--target", "riscv64"]) == 13
    assert capsys.readouterr() == ("", "✗ Build (0.0 s)\nerror: the backend failed\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-C", "x"], "invalid value for '-C' / '--config-setting': 'x' is not KEY=VALUE"),
        (["-C", "=x"], "invalid value for '-C' / '--config-setting': '=x' is not KEY=VALUE"),
        (
            ["--platform-tag", "x"],
            "invalid value for '--platform-tag': 'x' is not auto, linux or manylinux_X_Y, such as manylinux_2_28",
        ),
    ],
)
def test_wrong_values(arguments: list[str], message: str, core: Core, capsys: Captured) -> None:
    assert main(["wheel", "--target", "riscv64", *arguments]) == 2
    assert core.request is None
    assert capsys.readouterr().err.splitlines()[0] == f"error: {message}"
