"""The commands that the README and the documentation show exist, with their options; the reference covers the code."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click
import jsonschema
import pytest

from xbuild.cli import COMMANDS, xbuild
from xbuild.targets import target_names

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = [ROOT / "README.md", ROOT / "examples" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WRITTEN = [page for page in PAGES if not {"generated", "findings", "_build"} & set(page.parts)]


def commands(text: str) -> list[list[str]]:
    """Each command line that starts with ``xbuild`` in a fenced or indented block, without assignments and pipes."""
    joined = text.replace("\\\n", " ")
    blocks = [
        *re.findall(r"^```(?:sh|console|yaml)\n(.*?)^```", joined, re.DOTALL | re.MULTILINE),
        *re.findall(r"^    .*", joined, re.MULTILINE),
    ]
    lines = [line for block in blocks for line in block.splitlines()]
    found = [re.search(r"(?:^|[ (])xbuild (?!-wheels).*", re.sub(r"^\s*\$ ", "", line)) for line in lines]
    return [shlex.split(match[0].strip(" ("), comments=True)[1:] for match in found if match]


def shown() -> list[tuple[str, list[str]]]:
    return [(str(page.relative_to(ROOT)), command) for page in WRITTEN for command in commands(page.read_text("utf-8"))]


def parse(arguments: list[str]) -> None:
    """Parse a command line as click does, without running anything; each level's own mistakes are errors."""
    context = click.Context(xbuild, info_name="xbuild")
    while True:
        command = context.command
        given, rest, _ = command.make_parser(context).parse_args(list(arguments))
        missing = [each.name for each in command.params if each.required and not given.get(each.name or "")]
        assert not missing, f"{context.command_path}: {missing}"
        if not isinstance(command, click.Group):
            return
        name, inner, arguments = command.resolve_command(context, rest)
        assert inner is not None
        context = click.Context(inner, info_name=name, parent=context)


@pytest.mark.parametrize(
    ("page", "arguments"), shown(), ids=lambda value: value if isinstance(value, str) else shlex.join(value)
)
def test_every_command_shown_can_be_parsed(page: str, arguments: list[str]) -> None:
    if page == "docs/how-to/ci.md" and arguments[0] == "wheel" and "--target" not in arguments:
        arguments = [*arguments, "--target", "riscv64"]  # there it stands in [tool.xbuild]
    parse([argument.rstrip(")") for argument in arguments])


def test_the_pages_show_commands() -> None:
    """The extraction above finds something: every command but none twice over."""
    assert {arguments[0] for _, arguments in shown()} >= {"wheel", "crossfile", "run", "target"}


def test_ci_runs_the_readme_s_two_commands() -> None:
    shown_first = re.findall(r"^```sh\n(python .*)\n```", README, re.MULTILINE)
    run = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert [line.removesuffix(" \\") for line in run if line.startswith("python -m pip")] == shown_first
    assert len(shown_first) == 2


def test_the_toolchain_file_that_is_shown_follows_its_schema() -> None:
    page = (ROOT / "docs" / "reference" / "toolchain-file.md").read_text("utf-8")
    (example,) = re.findall(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    schema = json.loads((ROOT / "schemas" / "toolchain.schema.json").read_text("utf-8"))
    jsonschema.validate(tomllib.loads(example), schema)


def test_the_configuration_that_is_shown_follows_its_schema() -> None:
    page = (ROOT / "docs" / "how-to" / "ci.md").read_text("utf-8")
    (example,) = re.findall(r"^```toml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    schema = json.loads((ROOT / "schemas" / "config.schema.json").read_text("utf-8"))
    jsonschema.validate(tomllib.loads(example)["tool"]["xbuild"], schema)


def test_the_nox_sessions_that_are_named_exist() -> None:
    sessions = set(re.findall(r"@nox\.session\ndef (\w+)", (ROOT / "noxfile.py").read_text("utf-8")))
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / ".ci" / "run"):
        named = {
            name
            for names in re.findall(r"nox -s ((?:[a-z0-9]+ ?)+)", page.read_text("utf-8"))
            for name in names.split()
        }
        assert named
        assert named <= sessions


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "examples" / "README.md"])
def test_links_to_files_of_the_repository(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8")):
        assert (page.parent / link).exists(), link


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "ext" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_has_every_command(reference: ModuleType) -> None:
    headings = re.findall(r"^### `xbuild (\w+)`$", reference.commands(), re.MULTILINE)
    assert headings == list(COMMANDS)


def test_the_reference_has_every_target(reference: ModuleType) -> None:
    assert tuple(re.findall(r"^\| `(\w+)`", reference.targets(), re.MULTILINE)) == target_names()


def test_the_reference_has_every_exit_status(reference: ModuleType) -> None:
    statuses = re.findall(r"^\| (\d+) ", reference.exit_statuses(), re.MULTILINE)
    assert statuses == ["2", "10", "11", "12", "13", "14", "15", "16"]


def test_the_reference_has_every_key_of_the_configuration(reference: ModuleType) -> None:
    schema = json.loads((ROOT / "schemas" / "config.schema.json").read_text("utf-8"))
    assert re.findall(r"^\| `([\w-]+)`", reference.configuration(), re.MULTILINE) == list(schema["properties"])


def test_the_generated_pages_are_written(reference: ModuleType, tmp_path: Path) -> None:
    reference.write(tmp_path / "generated")
    assert sorted(path.name for path in (tmp_path / "generated").iterdir()) == sorted(reference.PAGES)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "examples").glob("*/pyproject.toml")), ids=lambda path: path.parent.name
)
def test_the_examples_are_configured_right(path: Path) -> None:
    from xbuild.cli.config import read_table

    assert "test-command" in read_table(path)
