from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.target_trees import cross_spec, target_python

from xbuild import resolve as core
from xbuild.cli import main
from xbuild.errors import TargetError
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.crossfiles.spec import CrossSpec
    from xbuild.progress import Progress

Captured = pytest.CaptureFixture[str]
SIGNS = {
    "meson": "[host_machine]\n",
    "cmake": 'set(CMAKE_SYSTEM_NAME "Linux")\n',
    "presets": '"configurePresets": [',
    "conan": "[settings]\nos=Linux\narch=riscv64\n",
    "cargo": "[target.riscv64gc-unknown-linux-gnu]\n",
    "sysconfig": "build_time_vars = {\n",
    "env": "export CMAKE_TOOLCHAIN_FILE=",
}


@dataclass
class FakeResolved:
    spec: CrossSpec


@dataclass
class Core:
    """Stands in for provisioning and keeps what it was asked."""

    selection: Any = None
    error: Exception | None = None

    def resolve(self, selection: Any, *, progress: Progress, environ: Mapping[str, str]) -> FakeResolved:
        assert "PATH" in environ
        self.selection = selection
        with progress.step("Fetch"):
            if self.error:
                raise self.error
        target = get_target(selection.target.name)
        prefix = Path("/trees/python/usr")
        return FakeResolved(cross_spec(target, target_python(prefix, target), sysroot=Path("/trees/sysroot")))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Core:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XBUILD_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    fake = Core()
    monkeypatch.setattr(core, "resolve", fake.resolve)
    return fake


@pytest.mark.parametrize("command", SIGNS)
def test_the_file_goes_to_standard_output_alone(command: str, fake: Core, capsys: Captured) -> None:
    assert main(["crossfile", command, "--target", "riscv", "--python", "3.13"]) == 0
    out = capsys.readouterr().out
    assert SIGNS[command] in out
    assert out.endswith("\n")
    assert not out.endswith("\n\n")
    assert (fake.selection.target.name, fake.selection.python) == ("riscv64", "3.13")


@pytest.mark.parametrize("command", SIGNS)
def test_or_to_a_file_with_the_same_content(command: str, fake: Core, capsys: Captured, tmp_path: Path) -> None:
    assert main(["crossfile", command, "--target", "riscv64"]) == 0
    printed = capsys.readouterr().out
    assert main(["crossfile", command, "--target", "riscv64", "-o", "out/file"]) == 0
    assert capsys.readouterr().out == ""
    assert (tmp_path / "out" / "file").read_text("utf-8") == printed
    assert fake.error is None


def test_the_files_it_refers_to_stay_in_the_cache(fake: Core, capsys: Captured, tmp_path: Path) -> None:
    assert main(["crossfile", "env", "--target", "riscv64", "--format", "json"]) == 0
    variables = json.loads(capsys.readouterr().out)
    assert list(variables) == sorted(variables)
    for name in ("CMAKE_TOOLCHAIN_FILE", "CONFIG_SITE", "PYO3_CONFIG_FILE"):
        path = Path(variables[name])
        assert path.is_file()
        assert path.is_relative_to(tmp_path / "cache" / "crossfiles")
    assert fake.selection.python is None


def test_targets_do_not_share_files(fake: Core, capsys: Captured) -> None:
    texts = []
    for target in ("riscv64", "aarch64", "riscv64"):
        assert main(["crossfile", "env", "--target", target]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[2] != texts[1]
    assert fake.error is None


@pytest.mark.usefixtures("fake")
def test_the_users_python_path_comes_after_ours(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def python_path() -> list[str]:
        assert main(["crossfile", "env", "--target", "riscv64"]) == 0
        (line,) = [each for each in capsys.readouterr().out.splitlines() if each.startswith("export PYTHONPATH=")]
        return shlex.split(line)[1].removeprefix("PYTHONPATH=").split(":")

    (ours,) = python_path()
    monkeypatch.setenv("PYTHONPATH", f"/users:{ours}:")
    assert python_path() == [ours, "/users"]


@pytest.mark.usefixtures("fake")
@pytest.mark.parametrize(("version", "is_named"), [("3.13", True), ("3.12", False)])
def test_an_active_virtual_environment_of_the_version_is_what_builds_run(
    version: str, is_named: bool, monkeypatch: pytest.MonkeyPatch, capsys: Captured, tmp_path: Path
) -> None:
    executable = tmp_path / "venv" / "bin" / f"python{version}"
    executable.parent.mkdir(parents=True)
    executable.touch()
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "venv"))
    assert main(["crossfile", "meson", "--target", "riscv64"]) == 0
    assert (f"python = '{executable}'\n" in capsys.readouterr().out) == is_named


def test_a_failure_leaves_no_file(fake: Core, capsys: Captured, tmp_path: Path) -> None:
    fake.error = TargetError("no such thing", hint="choose another")
    assert main(["crossfile", "meson", "--target", "riscv64", "-o", "out.ini"]) == 11
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no such thing" in captured.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["meson", "--portable"], "--portable needs -o FILE: paths are said from where the file is"),
        (
            ["env", "--portable", "-o", "x", "--format", "json"],
            "--format json has no way to say where the file is: --portable needs sh",
        ),
    ],
)
@pytest.mark.usefixtures("fake")
def test_what_portable_needs(arguments: list[str], message: str, capsys: Captured) -> None:
    assert main(["crossfile", *arguments, "--target", "riscv64"]) == 2
    assert message in capsys.readouterr().err


def test_a_portable_file_that_cannot_be_written_leaves_nothing(fake: Core, capsys: Captured, tmp_path: Path) -> None:
    assert main(["crossfile", "meson", "--target", "riscv64", "--portable", "-o", "sdk/x.ini"]) == 11
    assert "cannot be moved" in capsys.readouterr().err
    assert not (tmp_path / "sdk").exists()
    assert fake.error is None
