from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import jsonschema
import pytest
from click.testing import CliRunner

from xbuild.cli.config import RENAMED, load_defaults, read_table
from xbuild.cli.wheel import wheel
from xbuild.errors import UsageError
from xbuild.resources import data_path

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = json.loads(data_path("schemas", "config.schema.json").read_text("utf-8"))


def project(folder: Path, text: str) -> Path:
    path = folder / "pyproject.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_key_is_a_long_option_of_wheel() -> None:
    options = {option for parameter in wheel.params for option in parameter.opts}
    assert not {f"--{RENAMED.get(key, key)}" for key in SCHEMA["properties"]} - options


@pytest.mark.parametrize("text", ["", "[tool]", "[project]\nname='x'", "not [toml", "tool = 1", "[tool.xbuild]"])
def test_no_configuration(text: str, tmp_path: Path) -> None:
    assert read_table(project(tmp_path, text)) == {}


def test_no_file(tmp_path: Path) -> None:
    assert read_table(tmp_path / "pyproject.toml") == {}


def test_a_table(tmp_path: Path) -> None:
    path = project(tmp_path, "[tool.xbuild]\ntarget = ['riscv64']\ntest = true\n")
    assert read_table(path) == {"target": ["riscv64"], "test": True}


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    path = project(tmp_path, "[tool.xbuild]\ntarget = 'riscv64'\nplatform-tag = 'manylinux2014'\nlibs = []\n")
    with pytest.raises(UsageError) as caught:
        read_table(path)
    assert caught.value.message == (
        f"[tool.xbuild] in {path} is wrong:\n"
        "  platform-tag: 'manylinux2014' does not match '^(auto|linux|manylinux_[0-9]+_[0-9]+)$'\n"
        "  table: Additional properties are not allowed ('libs' was unexpected)\n"
        "  target: 'riscv64' is not of type 'array'"
    )
    assert caught.value.hint == "the keys are the long options of 'xbuild wheel --help'"


@pytest.mark.parametrize("network", ["host", "container:0123456789ab", "bridge"])
def test_a_folder_chooses_no_network_for_itself(tmp_path: Path, network: str) -> None:
    path = project(tmp_path, f"[tool.xbuild.container]\nnetwork = '{network}'\n")
    with pytest.raises(UsageError) as caught:
        read_table(path)
    assert caught.value.message == (
        f"[tool.xbuild] in {path} is wrong:\n  container.network: '{network}' is not of type 'boolean'"
    )
    assert caught.value.hint == "a network is chosen by name on the command line alone: --container network=NAME"


@click.command()
@click.argument("source", default=".", is_eager=True, callback=load_defaults)
@click.option("--target", multiple=True)
@click.option("--lib", "libraries", multiple=True, envvar="LIBRARIES")
@click.option("-C", "--config-setting", "settings", multiple=True)
@click.option("--test/--no-test")
def show(**values: Any) -> None:
    click.echo(json.dumps(values))


TABLE = """
[tool.xbuild]
target = ["riscv64", "aarch64"]
lib = ["libffi-dev"]
test = true
config-settings = { a = "1", b = ["2", "3"] }
"""


@pytest.mark.parametrize(
    ("arguments", "environ", "changed"),
    [
        ([], {}, {}),
        (["--target", "ppc64le"], {}, {"target": ["ppc64le"]}),
        (["--no-test"], {}, {"test": False}),
        ([], {"LIBRARIES": "zlib1g-dev"}, {"libraries": ["zlib1g-dev"]}),
    ],
)
def test_precedence(arguments: list[str], environ: dict[str, str], changed: dict[str, Any], tmp_path: Path) -> None:
    """The command line wins over the environment, that over the configuration."""
    project(tmp_path, TABLE)
    result = CliRunner().invoke(show, [str(tmp_path), *arguments], env=environ, catch_exceptions=False)
    configured = {
        "source": str(tmp_path),
        "target": ["riscv64", "aarch64"],
        "libraries": ["libffi-dev"],
        "settings": ["a=1", "b=2", "b=3"],
        "test": True,
    }
    assert json.loads(result.stdout) == {**configured, **changed}
