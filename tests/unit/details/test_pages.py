"""The pages made from the code are those in the repository, and the hook finds the files it is for."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

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


@pytest.mark.parametrize("name", ["details_findings", "details_man"])
def test_a_page_is_what_the_code_says(name: str) -> None:
    made = extension(name)
    assert made.PAGE.read_text("utf-8") == made.page(), f"run python docs/ext/{name}.py"


def test_every_code_has_a_section_with_an_example() -> None:
    text = (ROOT / "docs/reference/findings.md").read_text("utf-8")
    for code in CODES:
        section = text.split(f"\n({code.lower()})=\n", 1)[1].split("\n(", 1)[0]
        assert f" {code}: " in section.split("```text\n", 1)[1]


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
