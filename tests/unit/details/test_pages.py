"""The pages made from the code cover it, and the hook finds the files it is for."""

from __future__ import annotations

import doctest
import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.details_cases import TREES

import xbuild.details
from xbuild.details import CODES

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[3]


def extension(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / "ext" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_manual_page_is_what_the_command_says() -> None:
    made = extension("details_man")
    assert made.PAGE.read_text("utf-8") == made.page(), "run python docs/ext/details_man.py"


def test_every_code_has_a_row_and_a_page_with_an_example(tmp_path: Path) -> None:
    extension("details_findings").write(tmp_path)
    table = (tmp_path / "generated/findings.md").read_text("utf-8")
    assert re.findall(r"^\| \[(\w+)\]\(findings/\1\.md\)", table, re.MULTILINE) == list(CODES)
    assert sorted(file.stem for file in (tmp_path / "findings").iterdir()) == sorted(CODES)
    for code, entry in CODES.items():
        page = (tmp_path / "findings" / f"{code}.md").read_text("utf-8")
        assert entry.explanation in page
        assert f" {code}: " in page.split("```text\n", 1)[1].split("```", 1)[0]


def test_the_example_of_the_python_api_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs/reference/python-api.md").read_text("utf-8")
    monkeypatch.chdir(TREES / "debian-3.14-riscv64")
    example = doctest.DocTestParser().get_doctest(text, {}, "python-api", None, None)
    assert len(example.examples) > 10
    assert doctest.DocTestRunner().run(example).failed == 0


def test_the_python_api_has_a_place_for_every_public_name() -> None:
    text = (ROOT / "docs/reference/python-api.md").read_text("utf-8")
    named = re.findall(r"^\.\. auto\w+:: xbuild\.details\.(\w+)", text, re.MULTILINE)
    assert sorted(named) == sorted(xbuild.details.__all__)


@pytest.mark.parametrize(
    ("path", "matches"),
    [
        ("build-details.json", True),
        ("usr/lib/python3.14/build-details..riscv64-linux-gnu.json", True),
        ("build-details.t.aarch64-linux-gnu.json", True),
        ("xbuild-details.json", False),
        ("build-details.json.in", False),
    ],
)
def test_the_pre_commit_hook_finds_the_files(path: str, matches: bool) -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text("utf-8")
    pattern = re.search(r"files: (.+)", hooks)
    assert pattern is not None
    assert bool(re.search(pattern[1], path)) is matches
