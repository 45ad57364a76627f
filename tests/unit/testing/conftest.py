"""A target that is this machine: its Python is the one that runs the tests, started through a runner as QEMU's is."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from tests.support.target_trees import cross_spec, target_python, write

from xbuild.crossfiles.spec import Emulator
from xbuild.emulator import Runner
from xbuild.targets import get_target

if TYPE_CHECKING:
    from xbuild.crossfiles.spec import CrossSpec, TargetPython

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


class MakeWheel(Protocol):
    def __call__(self, name: str, members: dict[str, str], *, requires: str = "", entry_point: str = "") -> Path: ...


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A ``run`` that sets ``argv[0]`` as QEMU's ``-0`` does, and a ``wrapper`` that starts what it is given."""
    start = f"#!{sys.executable}\nimport os, sys\noption, name, program, *rest = sys.argv[1:]\n"
    run = write(
        tmp_path / "runner/run", f"{start}assert option == '-0'\nos.execv(program, [name, *rest])\n", executable=True
    )
    wrapper = write(tmp_path / "runner/wrapper", '#!/bin/sh\nexec "$@"\n', executable=True)
    return Runner(run=run, name_option="-0", wrapper=wrapper)


@pytest.fixture
def python() -> TargetPython:
    executable = Path(os.path.realpath(sys.executable))
    target = get_target(os.uname().machine)
    return target_python(Path(sys.base_prefix), target, version=VERSION, executable=executable)


@pytest.fixture
def spec(python: TargetPython, runner: Runner, tmp_path: Path) -> CrossSpec:
    assert runner.run is not None
    assert runner.wrapper is not None
    emulator = Emulator(qemu=runner.run, version="9.0", cpu="max", run=runner.run, wrapper=runner.wrapper)
    return cross_spec(get_target(os.uname().machine), python, sysroot=tmp_path, emulator=emulator)


@pytest.fixture
def make_wheel(tmp_path: Path) -> MakeWheel:
    def make(name: str, members: dict[str, str], *, requires: str = "", entry_point: str = "") -> Path:
        info = f"{name}-1.0.dist-info"
        requirement = f"Requires-Dist: {requires}\n" if requires else ""
        files = {
            **members,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requirement}",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        if entry_point:
            files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{name} = {entry_point}\n"
        path = tmp_path / "wheels" / f"{name}-1.0-py3-none-any.whl"
        path.parent.mkdir(exist_ok=True)
        record = ""
        with zipfile.ZipFile(path, "w") as archive:
            for place, text in files.items():
                archive.writestr(place, text)
                digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
                record += f"{place},sha256={digest},{len(text.encode())}\n"
            archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
        return path

    return make
