from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from xbuild.cli import main
from xbuild.doctor import machine, target
from xbuild.doctor.model import Check, exit_status
from xbuild.errors import ProvisionError, ToolchainError

if TYPE_CHECKING:
    from collections.abc import Iterator

Captured = pytest.CaptureFixture[str]
SCHEMA = json.loads(Path(__file__).parents[3].joinpath("schemas", "doctor.schema.json").read_text("utf-8"))
OK = Check(subject="xbuild", status="ok", finding="1.0")
ABSENT = Check(subject="zig", status="absent", finding="not installed", remedy="install it")
BAD = Check.failed("C", ToolchainError("cannot compile it: cc\n  error: no", hint="use another", details="cc said no"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    kept: list[Any] = []

    def check_machine(_environ: Any, *, archive: str | None, offline: bool) -> Iterator[Check]:
        kept.append((archive, offline))
        yield from (OK, ABSENT)

    def check_target(selection: Any, **_options: Any) -> Iterator[Check]:
        kept.append(selection)
        yield BAD

    monkeypatch.setattr(machine, "check_machine", check_machine)
    monkeypatch.setattr(target, "check_target", check_target)
    return kept


def test_without_a_target(asked: list[Any], capsys: Captured) -> None:
    assert main(["doctor", "--offline", "--archive", "/mirror"]) == 0
    assert asked == [("/mirror", True)]
    assert capsys.readouterr().out.splitlines() == [
        "✓ xbuild          1.0",
        "- zig             not installed",
        "                  → install it",
    ]


def test_a_problem_is_told_with_its_remedy_and_decides_the_exit_status(asked: list[Any], capsys: Captured) -> None:
    assert main(["doctor", "--target", "riscv64", "--toolchain", "zig", "--python", "3.14"]) == 11
    selection = asked[1]
    assert (selection.target.name, selection.toolchain, selection.python) == ("riscv64", "zig", "3.14")
    out, err = capsys.readouterr()
    assert out.splitlines()[3:] == [
        "✗ C               cannot compile it: cc",
        "                  error: no",
        "                  → use another",
        "                    cc said no",
        "",
        "There are problems: see ✗ above.",
    ]
    assert err == ""


@pytest.mark.parametrize(("arguments", "name", "status"), [([], None, 0), (["--target", "arm64"], "aarch64", 11)])
@pytest.mark.usefixtures("asked")
def test_json(arguments: list[str], name: str | None, status: int, capsys: Captured) -> None:
    assert main(["doctor", "--json", *arguments]) == status
    told = json.loads(capsys.readouterr().out)
    jsonschema.validate(told, SCHEMA)
    assert (told["target"], told["exit_status"]) == (name, status)
    assert told["checks"][1] == {
        "subject": "zig",
        "status": "absent",
        "finding": "not installed",
        "remedy": "install it",
        "details": None,
    }


def test_the_first_problem_counts() -> None:
    assert exit_status([OK, ABSENT]) == 0
    assert exit_status([OK, Check.failed("cache", ProvisionError("full")), BAD]) == 12
