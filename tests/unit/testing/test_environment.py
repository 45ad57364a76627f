from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.target_trees import target_python, write

from xbuild.emulator import Runner
from xbuild.errors import TestError
from xbuild.provision.cache import Cache
from xbuild.targets import get_target
from xbuild.testing.environment import TargetEnvironment, shared_environment

if TYPE_CHECKING:
    from pathlib import Path

    from xbuild.crossfiles.spec import TargetPython

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
ABOUT = "import json, sys; print(json.dumps([sys.prefix, sys.base_prefix, sys.executable, sys.path[1:]]))"


class TestCreate:
    def test_the_interpreter_knows_where_it_is(self, python: TargetPython, runner: Runner, tmp_path: Path) -> None:
        folder = tmp_path / "an environment"
        environment = TargetEnvironment.create(folder, python=python, runner=runner)
        finished = environment.run(["python", "-c", ABOUT], cwd=tmp_path, environ=os.environ)
        assert finished.failure is None, finished.output
        prefix, base_prefix, executable, path = json.loads(finished.output)
        assert (prefix, base_prefix, executable) == (str(folder), sys.base_prefix, str(folder / "bin/python"))
        assert path[-1] == str(folder / f"lib/python{VERSION}/site-packages")

    @pytest.mark.parametrize("name", ["python", "python3", f"python{VERSION}"])
    def test_a_child_process_is_the_same_interpreter(
        self, name: str, python: TargetPython, runner: Runner, tmp_path: Path
    ) -> None:
        environment = TargetEnvironment.create(tmp_path / "env", python=python, runner=runner)
        code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ABOUT!r}], check=True)"
        finished = environment.run([name, "-c", code], cwd=tmp_path, environ=os.environ)
        assert json.loads(finished.output)[0] == str(tmp_path / "env")

    def test_without_an_emulator(self, python: TargetPython, tmp_path: Path) -> None:
        runner = Runner(run=None, name_option="", wrapper=None)
        environment = TargetEnvironment.create(tmp_path / "env", python=python, runner=runner)
        finished = environment.run(["python", "-c", ABOUT], cwd=tmp_path, environ=os.environ)
        assert json.loads(finished.output)[0] == str(tmp_path / "env")

    def test_a_free_threaded_python_has_a_folder_of_its_own(self, runner: Runner, tmp_path: Path) -> None:
        interpreter = write(tmp_path / "bin/python3.14t", "")
        python = target_python(tmp_path, get_target("riscv64"), version="3.14t", executable=interpreter)
        TargetEnvironment.create(tmp_path / "env", python=python, runner=runner)
        assert (tmp_path / "env/lib/python3.14t/site-packages").is_dir()

    @pytest.mark.parametrize("name", [None, "python3.13"])
    def test_no_interpreter(self, name: str | None, runner: Runner, tmp_path: Path) -> None:
        executable = tmp_path / name if name else None
        python = target_python(tmp_path, get_target("riscv64"), executable=executable)
        with pytest.raises(TestError) as caught:
            TargetEnvironment.create(tmp_path / "env", python=python, runner=runner)
        assert caught.value.message == (
            f"the target's Python in {tmp_path} has no interpreter to run: it is described by "
            f"{tmp_path}/lib/python3.13/build-details.json alone"
        )
        assert caught.value.hint == (
            "name build details that lie in a whole installation, or leave them out to have one fetched"
        )
        assert not (tmp_path / "env").exists()


class TestCommand:
    @pytest.fixture
    def environment(self, python: TargetPython, runner: Runner, tmp_path: Path) -> TargetEnvironment:
        return TargetEnvironment.create(tmp_path / "env", python=python, runner=runner)

    def test_the_environments_programs_come_first(self, environment: TargetEnvironment, tmp_path: Path) -> None:
        other = write(tmp_path / "other/python", "", executable=True)
        command = environment.command(["python", "-V"], search_path=str(other.parent))
        assert command == [str(environment.runner.wrapper), str(environment.path / "bin/python"), "-V"]

    def test_then_those_on_path(self, environment: TargetEnvironment, tmp_path: Path) -> None:
        tool = write(tmp_path / "other/tool", "", executable=True)
        assert environment.command(["tool"], search_path=str(tool.parent))[1:] == [str(tool)]

    def test_a_path_is_taken_as_it_is(self, environment: TargetEnvironment, tmp_path: Path) -> None:
        tool = write(tmp_path / "other/tool", "", executable=True)
        assert environment.command([str(tool), "x"], search_path="")[1:] == [str(tool), "x"]

    def test_no_such_program(self, environment: TargetEnvironment) -> None:
        with pytest.raises(TestError) as caught:
            environment.command(["nonesuch"], search_path="")
        assert caught.value.message == "there is no program 'nonesuch' in the target's environment or on PATH"
        assert caught.value.hint == (
            "'python' is the target's interpreter, and the programs of installed wheels have their names"
        )

    def test_environ(self, environment: TargetEnvironment) -> None:
        base = {
            "HOME": "/home/me",
            "PATH": "/usr/bin",
            "PYTHONPATH": "/x",
            "_PYTHON_HOST_PLATFORM": "x",
            "LD_PRELOAD": "x",
            "VIRTUAL_ENV": "/other",
        }
        assert environment.environ(base) == {
            "HOME": "/home/me",
            "PATH": f"{environment.path}/bin:/usr/bin",
            "VIRTUAL_ENV": str(environment.path),
        }
        assert environment.environ({})["PATH"] == f"{environment.path}/bin"


def test_a_shared_environment_is_made_once(python: TargetPython, runner: Runner, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    first = shared_environment(cache, python=python, runner=runner)
    finished = first.run(["python3", "-c", ABOUT], cwd=tmp_path, environ=os.environ)
    assert json.loads(finished.output)[0] == str(first.path)
    assert shared_environment(cache, python=python, runner=runner) == first
    other = Runner(run=tmp_path / "other", name_option="-0", wrapper=None)
    assert shared_environment(cache, python=python, runner=other).path != first.path
