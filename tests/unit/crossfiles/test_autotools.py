"""The site file under a shell, as configure sources it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from xbuild.crossfiles.autotools import render
from xbuild.crossfiles.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.crossfiles.conftest import MakeSpec

    from xbuild.crossfiles.spec import CrossSpec


def sourced(spec: CrossSpec, tmp_path: Path, **before: str) -> dict[str, str]:
    site = tmp_path / "config.site"
    site.write_text(render(spec, Layout.of(spec, tmp_path)), "utf-8")
    done = subprocess.run(
        ["/bin/sh", "-euc", '. "$0"; set', str(site)],
        capture_output=True,
        text=True,
        check=True,
        env={"host_alias": "", "cross_compiling": "no", **before},
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


@pytest.mark.parametrize("given", ["", "riscv64-linux-gnu"])
def test_configure_is_told_that_it_cross_compiles(given: str, spec: CrossSpec, tmp_path: Path) -> None:
    after = sourced(spec, tmp_path, host_alias=given)
    assert after["host_alias"].strip("'") == "riscv64-linux-gnu"
    assert after["cross_compiling"].strip("'") == "yes"
    assert after["ac_tool_prefix"].strip("'") == "riscv64-linux-gnu-"
    assert after["ac_cv_func_malloc_0_nonnull"].strip("'") == "yes"


def test_a_build_for_another_machine_is_left_alone(spec: CrossSpec, tmp_path: Path) -> None:
    after = sourced(spec, tmp_path, host_alias="x86_64-linux-gnu")
    assert after["cross_compiling"].strip("'") == "no"
    assert "ac_cv_func_malloc_0_nonnull" not in after


def test_an_answer_of_the_user_wins(spec: CrossSpec, tmp_path: Path) -> None:
    assert sourced(spec, tmp_path, ac_cv_func_malloc_0_nonnull="no")["ac_cv_func_malloc_0_nonnull"].strip("'") == "no"


def test_a_language_without_a_compiler_is_not_the_build_machines(make_spec: MakeSpec, tmp_path: Path) -> None:
    after = sourced(make_spec(toolchain="bare"), tmp_path)
    assert [after[name].strip("'") for name in ("CXX", "FC", "F77")] == ["no", "no", "no"]
    assert "CXX" not in sourced(make_spec(), tmp_path)
