"""Asking one interpreter what it is."""

from __future__ import annotations

import platform
import sys
import sysconfig
from pathlib import Path

import pytest
from tests.support.target_trees import write

from xbuild.build.pythons import FoundPython, ask_build_python


def test_an_interpreter_says_what_it_is() -> None:
    executable = Path(sys.executable)
    free_threaded = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    found = FoundPython(executable=executable, version=platform.python_version(), free_threaded=free_threaded)
    assert ask_build_python(executable) == found


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho hello\n", "#!/nowhere/sh\n"])
def test_one_that_does_not_start_or_is_none(script: str, tmp_path: Path) -> None:
    assert ask_build_python(write(tmp_path / "python", script, executable=True)) is None


@pytest.mark.parametrize(
    ("version", "free_threaded", "asked", "is_of"),
    [
        ("3.13.1", False, "3.13", True),
        ("3.13.1", False, "3.1", False),
        ("3.13.1", False, "3.13t", False),
        ("3.14.0", True, "3.14t", True),
        ("3.14.0", True, "3.14", False),
    ],
)
def test_versions(version: str, free_threaded: bool, asked: str, is_of: bool) -> None:
    python = FoundPython(executable=Path("/p"), version=version, free_threaded=free_threaded)
    assert python.is_of(asked) is is_of
