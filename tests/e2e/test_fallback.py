"""A build that drops its compiled parts and succeeds all the same is caught."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.command import one_message, succeeded

if TYPE_CHECKING:
    from tests.support.command import Command

pytestmark = pytest.mark.network
EXAMPLES = Path(__file__).parents[2] / "examples"
BROKEN = {"CFLAGS": "-fno-such-flag"}


def test_the_compilers_message_is_shown(builder: Command) -> None:
    finished = builder("wheel", "markupsafe==3.0.4", "--target", "riscv64", env=BROKEN)
    message = one_message(finished, 13)
    assert message.startswith("markupsafe-3.0.4-py3-none-any.whl: the build left out compiled parts and went on")
    assert "error: unrecognized command-line option" in finished.stderr
    assert "-fno-such-flag" in finished.stderr
    assert "--allow-pure" in finished.hint
    assert builder.left_behind() == []


def test_it_can_be_accepted(builder: Command) -> None:
    finished = builder("wheel", "markupsafe==3.0.4", "--target", "riscv64", "--allow-pure", env=BROKEN)
    (wheel,) = succeeded(finished)
    assert wheel.name == "markupsafe-3.0.4-py3-none-any.whl"
    assert (builder.folder / wheel).is_file()


UNLESS_CMAKE = """
[tool.scikit-build]
wheel.cmake = false
[[tool.scikit-build.overrides]]
if.any.system-cmake = ">=3.15"
if.any.cmake-wheel = true
wheel.cmake = true
"""


def test_cmake_is_there_for_projects_that_compile_nothing_without_it(builder: Command) -> None:
    """scikit-build-core sees no wheel of CMake for riscv64, as if it were to run there."""
    project = shutil.copytree(EXAMPLES / "hello-cmake", builder.folder / "project")
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text("utf-8").replace("[tool.scikit-build]", UNLESS_CMAKE), "utf-8")
    programs = builder.folder / "programs"
    programs.mkdir()
    for folder in os.environ["PATH"].split(os.pathsep):
        for program in Path(folder).glob("*"):
            if not program.name.startswith("cmake") and not (programs / program.name).is_symlink():
                (programs / program.name).symlink_to(program)

    (wheel,) = succeeded(builder("wheel", project, "--target", "riscv64", env={"PATH": str(programs)}))

    assert wheel.name.startswith("hello_cmake-1.0-cp313-cp313-")
