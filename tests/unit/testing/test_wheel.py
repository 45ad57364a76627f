"""A whole test of a wheel, with this machine as the target: uv is real, and offline."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from xbuild.errors import TestError, UsageError
from xbuild.testing import wheel as testing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from xbuild.crossfiles.spec import CrossSpec

    from .conftest import MakeWheel


class Recorder:
    """A progress that remembers what it was told."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.notes: list[str] = []
        self.lines: list[str] = []

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self.steps.append(title)
        yield

    @contextmanager
    def transfer(self, title: str, *, total: int) -> Iterator[Callable[[int], None]]:
        self.steps.append(f"{title}: {total}")
        yield lambda _count: None

    def note(self, text: str) -> None:
        self.notes.append(text)

    def output(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever happens, nothing is left behind."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield
    assert not list(folder.iterdir())


def test_the_modules_are_imported(spec: CrossSpec, make_wheel: MakeWheel) -> None:
    progress = Recorder()
    path = make_wheel("demo", {"demo/__init__.py": "print('hello')", "extra.py": ""})
    result = testing.run_test(path, runtime=spec, offline=True, progress=progress)
    assert result.imported == ("demo", "extra")
    assert result.installed == ("demo==1.0",)
    assert progress.steps == [f"Testing demo-1.0-py3-none-any.whl for {spec.target.name}"]
    assert progress.lines == ["hello"]
    assert result.to_dict() == {
        "wheel": str(path),
        "installed": ["demo==1.0"],
        "seconds": round(result.seconds, 3),
        "command": None,
        "imported": ["demo", "extra"],
        "skipped": {},
    }


def test_the_source_tree_is_not_what_is_tested(
    spec: CrossSpec, make_wheel: MakeWheel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demo.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    path = make_wheel("demo", {"demo.py": ""})
    for command in (None, "python -c 'import demo'"):
        testing.run_test(path, runtime=spec, offline=True, command=command)


def test_requirements_come_from_find_links(spec: CrossSpec, make_wheel: MakeWheel) -> None:
    make_wheel("needed", {"needed.py": ""})
    path = make_wheel("demo", {"demo.py": "import needed"}, requires="needed>=1")
    result = testing.run_test(path, runtime=spec, offline=True, find_links=[str(path.parent)])
    assert sorted(result.installed) == ["demo==1.0", "needed==1.0"]


def test_a_command(spec: CrossSpec, make_wheel: MakeWheel) -> None:
    """A console script of the wheel is one; its first line names the environment's Python."""
    progress = Recorder()
    path = make_wheel(
        "demo", {"demo.py": "import sys\ndef main(): print('called', *sys.argv[1:])"}, entry_point="demo:main"
    )
    result = testing.run_test(path, runtime=spec, offline=True, command="demo 'a b'", progress=progress)
    assert progress.lines == ["called a b"]
    assert (result.command, result.imported) == ("demo 'a b'", ())


def test_a_wheel_without_modules(spec: CrossSpec, make_wheel: MakeWheel) -> None:
    progress = Recorder()
    result = testing.run_test(make_wheel("demo", {}), runtime=spec, offline=True, progress=progress)
    assert result.imported == ()
    assert progress.notes == ["demo-1.0-py3-none-any.whl brings no module to import: only its installation was tested"]


@pytest.mark.parametrize(
    ("module", "command", "message", "details"),
    [
        (
            "raise ImportError('undefined symbol: f')",
            None,
            "importing demo: ImportError: undefined symbol: f",
            "ImportError: undefined symbol: f\n",
        ),
        (
            "import os\nprint('last words', flush=True)\nos.abort()",
            None,
            "importing demo: killed by SIGABRT",
            "last words\n",
        ),
        (
            "import atexit, os\natexit.register(os._exit, 4)",
            None,
            "the interpreter, after the imports: exit status 4",
            "",
        ),
        (
            "",
            "python -c 'print(1); raise SystemExit(3)'",
            "python -c 'print(1); raise SystemExit(3)': exit status 3",
            "1\n",
        ),
    ],
)
def test_failures(  # noqa: PLR0917, pytest passes them by name
    module: str, command: str | None, message: str, details: str, spec: CrossSpec, make_wheel: MakeWheel
) -> None:
    with pytest.raises(TestError) as caught:
        testing.run_test(make_wheel("demo", {"demo.py": module}), runtime=spec, offline=True, command=command)
    assert caught.value.message == f"demo-1.0-py3-none-any.whl failed its test: {message}"
    assert (caught.value.details or "").endswith(details)


def test_out_of_time(spec: CrossSpec, make_wheel: MakeWheel) -> None:
    path = make_wheel("demo", {"demo.py": "import time\ntime.sleep(60)"})
    with pytest.raises(TestError) as caught:
        testing.run_test(path, runtime=spec, offline=True, timeout=2)
    assert caught.value.message == f"{path.name} failed its test: importing demo: not finished after 2 s"
    assert caught.value.hint == "'--timeout SECONDS' allows more"


def test_a_requirement_that_is_nowhere(spec: CrossSpec, make_wheel: MakeWheel) -> None:
    path = make_wheel("demo", {"demo.py": ""}, requires="xbuild-no-such-project")
    with pytest.raises(TestError) as caught:
        testing.run_test(path, runtime=spec, offline=True)
    assert caught.value.message == f"{path.name} cannot be installed for {spec.target.name}"
    assert "xbuild-no-such-project" in (caught.value.details or "")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("python -c 'x", 'the test command "python -c \'x" cannot be split into words: No closing quotation'),
        ("  ", "the test command is empty"),
    ],
)
def test_a_command_that_is_none(command: str, message: str, spec: CrossSpec, make_wheel: MakeWheel) -> None:
    with pytest.raises(UsageError) as caught:
        testing.run_test(make_wheel("demo", {}), runtime=spec, command=command)
    assert caught.value.message == message


def test_the_callers_environment_is_passed_on(spec: CrossSpec, make_wheel: MakeWheel) -> None:
    progress = Recorder()
    testing.run_test(
        make_wheel("demo", {}),
        runtime=spec,
        offline=True,
        command="""python -c 'import os; print(os.environ["COLOUR"])'""",
        environ={**os.environ, "COLOUR": "blue"},
        progress=progress,
    )
    assert progress.lines == ["blue"]
