from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import click
import pytest

from xbuild.cli import COMMANDS, _refuse_namesake, main, xbuild
from xbuild.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_in_the_table_is_the_command_s_own(name: str) -> None:
    command = xbuild.get_command(click.Context(xbuild), name)
    assert command is not None
    assert command.get_short_help_str(limit=200) == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_describes_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: xbuild {name} ")


def test_help_imports_no_command_and_nothing_heavy() -> None:
    code = (
        "import sys; from xbuild.cli import main; main(['--help'])\n"
        "print(*sorted(sys.modules), sep=chr(10), file=sys.stderr)"
    )
    loaded = python("-c", code).stderr.split()
    assert [name for name in loaded if name.partition(".")[0] == "xbuild"] == ["xbuild", "xbuild.cli"]
    assert not {"rich", "httpx", "jsonschema", "importlib.metadata"} & set(loaded)


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    listed = [
        line.split()[0]
        for line in capsys.readouterr().out.partition("Commands:\n")[2].splitlines()
        if line[2:3].isalpha()
    ]
    assert listed == list(COMMANDS)


def test_module_execution() -> None:
    result = python("-m", "xbuild", "--version")
    assert (result.returncode, result.stdout.split()[0]) == (0, "xbuild")


def test_an_interrupt_while_modules_are_imported_is_quiet(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt", "utf-8")
    code = "import sys; sys.path.insert(0, sys.argv[1]); from xbuild.entry import main; sys.exit(main())"
    result = python("-c", code, str(tmp_path))
    assert (result.returncode, result.stdout, result.stderr) == (130, "", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_after_the_end_changes_nothing(number: int) -> None:
    """Neither while the interpreter calls what wants to be called at its end, nor when it drops its modules."""
    code = f"""
import atexit, os, sys
class Last:
    def __del__(self, kill=os.kill, process=os.getpid()):
        kill(process, {number:d})
last = Last()
atexit.register(os.kill, os.getpid(), {number:d})
sys.argv = ["xbuild", "--version"]
from xbuild.entry import main
sys.exit(main())
"""
    result = python("-c", code)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("xbuild ")


def test_without_arguments_the_help_is_shown_and_the_status_is_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[0]) == ("", "Usage: xbuild [OPTIONS] COMMAND [ARGS]...")


def test_a_mistyped_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verfy"]) == 2
    assert capsys.readouterr().err == (
        "error: no such command 'verfy'. Did you mean 'verify'?\nhint: 'xbuild --help' describes the options\n"
    )


def test_a_mistyped_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["target", "list", "--jsn"]) == 2
    assert capsys.readouterr().err == (
        "error: no such option '--jsn'. Did you mean '--json'?\n"
        "hint: 'xbuild target list --help' describes the options\n"
    )


def test_an_unknown_target_has_its_own_status(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["target", "show", "rsicv64"]) == 11
    assert capsys.readouterr().err.splitlines()[0] == "error: unknown target 'rsicv64'"


def test_completion_of_the_shell() -> None:
    environ = {**os.environ, "_XBUILD_COMPLETE": "bash_complete", "COMP_WORDS": "xbuild targ", "COMP_CWORD": "1"}
    result = subprocess.run(
        [sys.executable, "-m", "xbuild"], env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert result.stdout == "plain,target\n"


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m xbuild target list --json | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert result.stderr == ""
    assert result.stdout in {"141\n", "0\n"}  # 0 if everything fitted into the pipe before it closed


def test_a_closed_standard_output() -> None:
    read, write = os.pipe()
    os.close(read)
    result = subprocess.run(
        [sys.executable, "-m", "xbuild", "--help"], stdout=write, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(write)
    assert (result.returncode, result.stderr) == (141, b"")


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [
        (signal.SIGTERM, 143, "terminated\n"),
        (signal.SIGHUP, 129, "terminated\n"),
        (signal.SIGINT, 130, "interrupted\n"),
    ],
)
def test_a_signal_ends_it_through_the_context_managers(
    number: signal.Signals, status: int, said: str, tmp_path: Path
) -> None:
    process = waiting(tmp_path)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (status, said)
    assert not (tmp_path / "held").exists()


def test_a_terminal_that_closes_does_not_end_what_nohup_started(tmp_path: Path) -> None:
    process = waiting(tmp_path, "nohup")
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 143


def waiting(folder: Path, *before: str) -> subprocess.Popen[str]:
    """A command that is a stand-in: it holds a context while it waits. Nothing of it is printed but one line."""
    program = folder / "program.py"
    program.write_text(
        "import contextlib, pathlib, sys, time\n"
        "from xbuild.cli import main, xbuild\n"
        "@contextlib.contextmanager\n"
        "def held():\n"
        "    try:\n"
        "        pathlib.Path('held').touch()\n"
        "        yield\n"
        "    finally: pathlib.Path('held').unlink()\n"
        "def wait(ctx):\n"
        "    with held(): time.sleep(60)\n"
        "xbuild.invoke = wait\n"
        "sys.exit(main(['target']))\n"
    )
    process = subprocess.Popen([*before, sys.executable, program], cwd=folder, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not (folder / "held").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_main_leaves_the_signal_handler_as_it_was(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    main(["--version"])
    assert signal.getsignal(number) == before


def test_the_other_xbuild_in_the_same_environment(tmp_path: Path) -> None:
    (tmp_path / "xbuild_wheels-0.1.0.dist-info").mkdir()
    _refuse_namesake(tmp_path)
    (tmp_path / "xbuild-0.4.1.dist-info").mkdir()
    with pytest.raises(UsageError) as caught:
        _refuse_namesake(tmp_path)
    assert caught.value.message == (
        "two projects named 'xbuild' are installed in this environment and have overwritten each other's files: "
        f"xbuild-wheels (this one) and xbuild (BeeWare's), in {tmp_path}"
    )
    assert caught.value.hint == (
        "run 'python -m pip uninstall xbuild xbuild-wheels', then install each in an environment of its own"
    )


def test_commands_are_looked_up_by_name_only() -> None:
    with click.Context(xbuild) as ctx:
        assert xbuild.list_commands(ctx) == list(COMMANDS)
        assert xbuild.get_command(ctx, "console") is None
