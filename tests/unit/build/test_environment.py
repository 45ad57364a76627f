"""The environment of the backend's hooks, and installing what they require."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xbuild.build.crossenv import CrossVenv
from xbuild.build.environment import CrossIsolatedEnv
from xbuild.build.process import CommandRunner
from xbuild.errors import BuildError, ProvisionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def make(
    tmp_path: Path,
    *,
    base: dict[str, str],
    cross: dict[str, str] | None = None,
    uv: str = "uv",
    supply: Callable[[Sequence[str]], None] = lambda _wanted: None,
) -> CrossIsolatedEnv:
    python = Path("env/cross/bin/python")
    return CrossIsolatedEnv(
        venv=CrossVenv(cross_python=tmp_path / python, build_python=tmp_path / "env/build/bin/python"),
        cross_environ=cross or {},
        base_environ=base,
        tool_dir=Path("/tools"),
        config_dir=Path("/config"),
        uv=uv,
        runner=CommandRunner(log=tmp_path / "log", environ=base, echo=lambda _line: None),
        offline=True,
        supply=supply,
    )


def test_the_targets_python_comes_before_the_build_programs_and_the_machines(tmp_path: Path) -> None:
    env = make(tmp_path, base={"PATH": "/usr/bin"})

    assert env.python_executable == str(tmp_path / "env/cross/bin/python")
    assert env.make_extra_environ()["PATH"].split(":") == [
        str(tmp_path / "env/cross/bin"),
        str(tmp_path / "env/build/bin"),
        "/tools",
        "/config",
        "/usr/bin",
    ]


def test_the_users_flags_come_after_ours_and_nothing_else_of_theirs(tmp_path: Path) -> None:
    base = {"CFLAGS": "-O3", "CC": "gcc", "CXXFLAGS": "-g"}
    env = make(tmp_path, base=base, cross={"CFLAGS": "-O2", "CC": "/tools/cc", "LDFLAGS": "-s"})

    extra = env.make_extra_environ()

    assert (extra["CFLAGS"], extra["CC"], extra["LDFLAGS"]) == ("-O2 -O3", "/tools/cc", "-s")
    assert "CXXFLAGS" not in extra


def _fake_uv(tmp_path: Path, program: str) -> str:
    uv = tmp_path / "uv"
    uv.write_text(f"#!{sys.executable}\n{program}\n")
    uv.chmod(uv.stat().st_mode | stat.S_IXUSR)
    return str(uv)


def test_requirements_are_installed_for_the_build_machine(tmp_path: Path) -> None:
    uv = _fake_uv(tmp_path, "import sys; print(*sys.argv[1:])")
    env = make(tmp_path, base={}, uv=uv)

    env.install({"wheel", "setuptools>=77"})

    said = (tmp_path / "log").read_text().splitlines()[-1]
    python = tmp_path / "env/build/bin/python"
    assert said == f"pip install --python {python} --no-progress --offline -- setuptools>=77 wheel"


def test_nothing_required_is_nothing_run(tmp_path: Path) -> None:
    make(tmp_path, base={}, uv="/nonexistent").install([])


def test_a_requirement_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    uv = _fake_uv(tmp_path, "import sys; sys.exit('error: demo was not found in the registry')")

    with pytest.raises(BuildError) as caught:
        make(tmp_path, base={}, uv=uv).install(["demo"])

    assert caught.value.message == "cannot install the build requirements: demo"
    assert caught.value.details == "error: demo was not found in the registry"


def test_the_installers_error_is_shown_with_its_causes_and_without_its_progress(tmp_path: Path) -> None:
    said = "Resolved 1 package in 1ms\\nwarning: slow\\nerror: No solution found\\n  cause: there is no demo\\n"
    uv = _fake_uv(tmp_path, f'import sys; sys.exit("{said}")')

    with pytest.raises(BuildError) as caught:
        make(tmp_path, base={}, uv=uv).install(["demo"])

    assert caught.value.details == "error: No solution found\n  cause: there is no demo"


def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    said = "error: Failed to install: demo\\n  cause: failed to copy: No space left on device (os error 28)"
    uv = _fake_uv(tmp_path, f'import sys; sys.exit("{said}")')

    with pytest.raises(ProvisionError) as caught:
        make(tmp_path, base={}, uv=uv).install(["demo"])

    assert caught.value.message == "the disk is full: cannot install the build requirements: demo"
    assert caught.value.hint == "free some space, or set XBUILD_CACHE_DIR to a folder on a larger disk"


def test_the_supply_is_asked_before_the_installer(tmp_path: Path) -> None:
    def refuse(requirements: Sequence[str]) -> None:
        raise BuildError(f"asked for {', '.join(requirements)}")

    env = make(tmp_path, base={}, uv=_fake_uv(tmp_path, "raise SystemExit('ran')"), supply=refuse)

    with pytest.raises(BuildError, match="asked for cython, ninja"):
        env.install(["ninja", "cython"])
