"""Wheels that build and fail their test: they are not delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.command import one_message, succeeded
from tests.support.projects import OWN_BACKEND
from tests.support.wheels import Wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.command import Command

pytestmark = [pytest.mark.network, pytest.mark.emulator]
BACKEND = """
import shutil

def build_wheel(directory, settings=None, metadata=None):
    return shutil.copy("p-1-py3-none-any.whl", directory).rpartition("/")[2]
"""


def make_project(folder: Path, *, module: str, requires: str = "") -> Path:
    """A pure package whose backend has its wheel ready: nothing is compiled or installed to build it."""
    project = folder / "p"
    project.mkdir()
    (project / "pyproject.toml").write_text(OWN_BACKEND)
    (project / "backend.py").write_text(BACKEND)
    metadata = f"Metadata-Version: 2.1\nName: p\nVersion: 1\n{requires}"
    Wheel(
        name="p-1-py3-none-any.whl",
        purelib="true",
        overrides={"p/__init__.py": module.encode(), "p-1.dist-info/METADATA": metadata.encode()},
    ).write(project)
    return project


def test_a_command_that_succeeds(builder: Command) -> None:
    project = make_project(builder.folder, module="import platform\nprint(platform.machine())\n")
    command = ("--test-command", "python -c 'import p'")
    finished = builder("wheel", project, "--target", "riscv64", *command, "-v")
    assert [wheel.name for wheel in succeeded(finished)] == ["p-1-py3-none-any.whl"]
    assert "\nriscv64\n" in finished.stderr


def test_a_command_that_fails(builder: Command) -> None:
    project = make_project(builder.folder, module="")
    command = ("--test-command", "python -c 'import sys; print(\"so it goes\"); sys.exit(3)'")
    finished = builder("wheel", project, "--target", "riscv64", *command)
    message = one_message(finished, 15)
    assert message.startswith("p-1-py3-none-any.whl failed its test: ")
    assert message.endswith("exit status 3")
    assert "so it goes" in finished.stderr
    assert builder.left_behind() == []


def test_a_command_that_is_not_there(builder: Command) -> None:
    project = make_project(builder.folder, module="")
    finished = builder("wheel", project, "--target", "riscv64", "--test-command", "no-such-program")
    assert "no-such-program" in one_message(finished, 15)
    assert builder.left_behind() == []


def test_a_module_that_cannot_be_imported(builder: Command) -> None:
    project = make_project(builder.folder, module="raise RuntimeError('not today')")
    finished = builder("wheel", project, "--target", "riscv64", "--test")
    one_message(finished, 15)
    assert "RuntimeError: not today" in finished.stderr
    assert builder.left_behind() == []


def test_a_requirement_without_a_wheel_for_the_target(builder: Command) -> None:
    """pywin32 is for another system altogether, and has no sdist."""
    project = make_project(builder.folder, module="", requires="Requires-Dist: iniconfig\nRequires-Dist: pywin32\n")
    finished = builder("wheel", project, "--target", "riscv64", "--test")
    assert "pywin32" in one_message(finished, 15)
    assert builder.left_behind() == []


def test_a_requirement_that_does_not_exist(builder: Command) -> None:
    project = make_project(builder.folder, module="", requires="Requires-Dist: xbuild-no-such-requirement\n")
    finished = builder("wheel", project, "--target", "riscv64", "--test")
    one_message(finished, 15)
    assert "xbuild-no-such-requirement" in finished.stderr
    assert builder.left_behind() == []


def test_a_wheel_for_another_machine(builder: Command) -> None:
    wheel = builder.folder / "p-1-cp313-cp313-linux_aarch64.whl"
    wheel.touch()
    assert "aarch64" in one_message(builder("test", wheel, "--target", "riscv64"), 2)
    assert builder.left_behind() == []
