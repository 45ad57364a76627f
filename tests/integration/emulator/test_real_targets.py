"""The targets' own interpreters, with wheels of the package index."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from xbuild.emulator import make_runner
from xbuild.errors import TestError
from xbuild.testing import wheel as testing
from xbuild.testing.environment import TargetEnvironment

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import SpecFor

pytestmark = [pytest.mark.network, pytest.mark.emulator]

MACHINE = os.uname().machine
TARGETS = ["aarch64", "riscv64", "ppc64le"]
ABOUT = """
import json, platform, ssl, subprocess, sqlite3, sys, sysconfig, zlib

def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

print(json.dumps({
    "machine": platform.machine(), "platform": sysconfig.get_platform(), "version": sysconfig.get_python_version(),
    "prefix": sys.prefix, "child": said(sys.executable, "-c", "import sys; print(sys.prefix)"),
    "shell": said("sh", "-c", "uname -m"),
}))
"""


def make_wheel(folder: Path, module: str, *, requires: str) -> Path:
    """A wheel of one module that needs compiled ones."""
    path = folder / "demo-1.0-py3-none-any.whl"
    info = "demo-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("demo.py", module)
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: {requires}\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "demo.py,,\n")
    return path


@pytest.mark.parametrize(
    ("target", "python"),
    [*((target, "3.13") for target in TARGETS), ("aarch64", "3.11"), ("riscv64", "3.14"), (MACHINE, "3.13")],
)
def test_the_interpreter_is_the_targets(target: str, python: str, spec_for: SpecFor, tmp_path: Path) -> None:
    """Also as a child process, and without preventing the build machine's programs from running."""
    spec = spec_for(target, python)
    runner = make_runner(spec, directory=tmp_path / "runner", machine=MACHINE)
    environment = TargetEnvironment.create(tmp_path / "an environment", python=spec.python, runner=runner)
    finished = environment.run(["python3", "-c", ABOUT], cwd=tmp_path, environ=os.environ, timeout=300)
    assert finished.failure is None, finished.output
    assert json.loads(finished.output) == {
        "machine": spec.target.wheel_machine,
        "platform": spec.target.platform,
        "version": python,
        "prefix": str(environment.path),
        "child": str(environment.path),
        "shell": MACHINE,
    }


@pytest.mark.parametrize("target", TARGETS)
def test_a_wheel_that_needs_wheels_for_the_target(target: str, spec_for: SpecFor, tmp_path: Path) -> None:
    """C and C++: the latter's run-time library is the sysroot's."""
    path = make_wheel(
        tmp_path, "import greenlet._greenlet, markupsafe._speedups", requires="greenlet\nRequires-Dist: markupsafe"
    )
    result = testing.run_test(path, runtime=spec_for(target, "3.13"))
    assert result.imported == ("demo",)
    assert {name.partition("==")[0] for name in result.installed} == {"demo", "greenlet", "markupsafe"}


def test_a_requirement_without_a_wheel_is_named(spec_for: SpecFor, tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "", requires="docopt==0.6.2")  # its last version, an sdist alone
    with pytest.raises(TestError) as caught:
        testing.run_test(path, runtime=spec_for("riscv64", "3.13"))
    assert caught.value.message == (
        "demo-1.0-py3-none-any.whl cannot be tested: no wheel for riscv64 satisfies what it requires: docopt==0.6.2"
    )


@pytest.mark.parametrize("target", TARGETS)
def test_a_crash_is_told_with_the_module_that_crashed(target: str, spec_for: SpecFor, tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "import ctypes\nctypes.string_at(0)", requires="markupsafe")
    with pytest.raises(TestError) as caught:
        testing.run_test(path, runtime=spec_for(target, "3.13"))
    assert caught.value.message == ("demo-1.0-py3-none-any.whl failed its test: importing demo: killed by SIGSEGV")


def test_libraries_asked_for_are_found(spec_for: SpecFor, tmp_path: Path) -> None:
    path = make_wheel(tmp_path, "import ctypes\nctypes.CDLL('libyaml-0.so.2').yaml_get_version", requires="markupsafe")
    testing.run_test(path, runtime=spec_for("riscv64", "3.13", libraries=("libyaml-dev",)))
    with pytest.raises(TestError) as caught:
        testing.run_test(path, runtime=spec_for("riscv64", "3.13"))
    assert caught.value.hint == (
        "the target has no libyaml-0.so.2: name its package with '--lib', or put the library into the wheel"
    )


@pytest.mark.parametrize("target", TARGETS)
def test_wrapper_runs_programs_of_either_machine(target: str, spec_for: SpecFor) -> None:
    spec = spec_for(target, "3.13")
    if spec.emulator is None:
        pytest.skip(f"{target} is this machine: there is nothing to emulate")
    interpreter = spec.python.executable
    assert interpreter is not None
    for program, machine in ((str(interpreter), spec.target.wheel_machine), ("python3", MACHINE)):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not on PATH")
        command = [str(spec.emulator.wrapper), program, "-c", "import os; print(os.uname().machine)"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=120)
        assert done.stdout.strip() == machine
