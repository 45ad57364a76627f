from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import pytest
from click.testing import CliRunner

from xbuild.cli import Session
from xbuild.cli.options import TargetType, json_option, output_options, selection_options
from xbuild.errors import TargetError
from xbuild.selection import DEFAULT_PYTHON

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from xbuild.selection import Selection


@click.command()
@selection_options()
def one(*, selection: Selection) -> None:
    show((selection,))


@click.command()
@selection_options(multiple=True)
def many(*, selections: tuple[Selection, ...]) -> None:
    show(selections)


@click.command()
@selection_options(positional=True)
def positional(*, selection: Selection) -> None:
    show((selection,))


def show(selections: tuple[Selection, ...]) -> None:
    names = ("python", "toolchain", "sysroot", "build_details", "libraries", "archive", "base_suite", "python_suite")
    click.echo(
        json.dumps(
            [
                {
                    "target": each.target.name,
                    "offline": each.offline,
                    **{name: getattr(each, name) for name in names},
                }
                for each in selections
            ],
            default=str,
        )
    )


def selected(command: click.Command, *arguments: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    loaded: list[dict[str, Any]] = json.loads(result.stdout)
    return loaded


def refused(command: click.Command, *arguments: str) -> str:
    result: Result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 2
    return result.stderr.splitlines()[-1]


DEFAULTS: dict[str, Any] = {
    "target": "riscv64",
    "python": None,
    "toolchain": "gcc",
    "sysroot": None,
    "build_details": None,
    "libraries": [],
    "archive": None,
    "base_suite": None,
    "python_suite": None,
    "offline": False,
}


def test_defaults() -> None:
    assert selected(one, "--target", "riscv64") == [DEFAULTS]


def test_the_target_as_an_argument() -> None:
    assert selected(positional, "riscv64") == [DEFAULTS]


def test_everything_chosen(tmp_path: Path) -> None:
    details, toolchain = tmp_path / "build-details.json", tmp_path / "own.toml"
    details.touch()
    toolchain.touch()
    arguments = f"""
        --target arm64 --python 3.14t --toolchain {toolchain} --sysroot {tmp_path} --build-details {details}
        --lib libffi-dev --lib zlib1g-dev
        --archive http://archive.example --base-suite one --python-suite two --offline
    """
    assert selected(one, *arguments.split()) == [
        {
            "target": "aarch64",
            "python": "3.14t",
            "toolchain": str(toolchain),
            "sysroot": str(tmp_path),
            "build_details": str(details),
            "libraries": ["libffi-dev", "zlib1g-dev"],
            "archive": "http://archive.example",
            "base_suite": "one",
            "python_suite": "two",
            "offline": True,
        }
    ]


def test_the_help_names_the_default_python() -> None:
    assert f"by default {DEFAULT_PYTHON}," in one.get_help(click.Context(one))


def test_the_product_of_targets_and_pythons_once_each() -> None:
    targets = ["--target", "arm64", "--target", "riscv64", "--target", "aarch64"]
    pythons = ["--python", "3.13", "--python", "3.14", "--python", "3.13"]
    assert [(each["target"], each["python"]) for each in selected(many, *targets, *pythons)] == [
        ("aarch64", "3.13"),
        ("aarch64", "3.14"),
        ("riscv64", "3.13"),
        ("riscv64", "3.14"),
    ]


def test_many_targets_with_the_default_python() -> None:
    arguments = ["--target", "ppc64el", "--target", "riscv64"]
    assert [(each["target"], each["python"]) for each in selected(many, *arguments)] == [
        ("ppc64le", None),
        ("riscv64", None),
    ]


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("3", ""),
        ("2.7", ""),
        ("313", ""),
        ("3.14x", ""),
        ("3.13.5", "; did you mean 3.13?"),
        ("3.14.0rc1", "; did you mean 3.14?"),
        ("3.14.2t", "; did you mean 3.14t?"),
    ],
)
def test_a_version_that_is_none(typed: str, near: str) -> None:
    assert refused(one, "--target", "riscv64", "--python", typed) == (
        f"Error: Invalid value for '--python': {typed!r} is not X.Y or X.Yt, such as 3.13 or 3.14t{near}"
    )


def test_an_unknown_toolchain() -> None:
    assert refused(one, "--target", "riscv64", "--toolchain", "clang") == (
        "Error: Invalid value for '--toolchain': 'clang' is neither gcc, system, zig nor a file that exists"
    )


def test_a_target_is_needed() -> None:
    assert refused(one) == "Error: Missing option '--target'."


def test_an_unknown_target_is_a_target_error() -> None:
    with pytest.raises(TargetError):
        CliRunner().invoke(one, ["--target", "rsicv64"], catch_exceptions=False)


def test_completion_of_targets() -> None:
    with click.Context(one) as ctx:
        assert [item.value for item in TargetType().shell_complete(ctx, one.params[0], "a")] == ["aarch64", "armv7l"]


@click.command()
@output_options
@json_option
@click.pass_obj
def talk(session: Session, *, as_json: bool) -> None:
    click.echo(f"{session.verbosity} {session.json} {as_json}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "0 False False"),
        (["-v"], "1 False False"),
        (["--quiet"], "-1 False False"),
        (["--json"], "0 True True"),
    ],
)
def test_output_options(arguments: list[str], said: str) -> None:
    assert CliRunner().invoke(talk, arguments, obj=Session()).output == f"{said}\n"


@pytest.mark.parametrize(
    ("option", "value"), [("--sysroot", "."), ("--build-details", __file__), ("--lib", "libffi-dev")]
)
def test_an_image_has_what_other_options_would_name(option: str, value: str) -> None:
    arguments = ("--target", "riscv64", "--sysroot-image", "some/image", option, value)
    result = CliRunner().invoke(many, arguments)
    assert result.exit_code == 2
    assert result.stderr.endswith(
        f"Error: --sysroot-image and {option} exclude each other: the image has the sysroot and the Python\n"
    )


class TestAToolchainFileNamesTheTarget:
    def file(self, folder: Path, target: str = "") -> str:
        path = folder / "own.toml"
        path.write_text(f'[toolchain]\nfamily = "gcc"\n[tools]\ncc = "x"\n{target}', "utf-8")
        return str(path)

    @pytest.mark.parametrize("command", [one, many])
    def test_which_is_taken_where_the_command_line_names_none(self, command: click.Command, tmp_path: Path) -> None:
        (found,) = selected(command, "--toolchain", self.file(tmp_path, '[target]\nname = "riscv"\n'))
        assert found["target"] == "riscv64"

    def test_and_not_taken_where_it_does(self, tmp_path: Path) -> None:
        file = self.file(tmp_path, '[target]\nname = "riscv64"\n')
        (found,) = selected(one, "--target", "aarch64", "--toolchain", file)
        assert found["target"] == "aarch64"

    @pytest.mark.parametrize("command", [one, many])
    def test_or_does_not(self, command: click.Command, tmp_path: Path) -> None:
        assert refused(command, "--toolchain", self.file(tmp_path)) == "Error: Missing option '--target'."
