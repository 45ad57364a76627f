"""Running a compiler."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from xbuild.toolchains.process import NOT_EXECUTABLE, NOT_FOUND, Result, run_command

if TYPE_CHECKING:
    from pathlib import Path


def test_output_and_errors_come_together_in_english(tmp_path: Path) -> None:
    code = "import os, sys; print(os.environ['LC_ALL'], os.getcwd(), flush=True); sys.exit('bad \\udcff')"
    result = run_command([sys.executable, "-c", code], cwd=tmp_path)
    assert (result.status, result.output) == (1, f"C {tmp_path}\nbad \\udcff\n")


def test_a_program_that_is_not_there_has_a_shells_status() -> None:
    assert run_command(["/nonexistent/cc"]) == Result(
        status=NOT_FOUND, output="/nonexistent/cc: No such file or directory\n"
    )


def test_a_program_that_may_not_run_has_a_shells_status(tmp_path: Path) -> None:
    (tmp_path / "cc").write_text("")
    result = run_command([str(tmp_path / "cc")])
    assert result == Result(status=NOT_EXECUTABLE, output=f"{tmp_path}/cc: Permission denied\n")
