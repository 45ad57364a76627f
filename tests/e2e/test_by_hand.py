"""``xbuild exec`` and ``xbuild shell`` as users run them: what they leave alone, and what they leave behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from tests.support.command import PROGRAM, Command, one_message
from tests.support.terminal import INTERRUPT, Terminal

pytestmark = [pytest.mark.network]

EXEC = ("exec", "--target", "riscv64", "--bare", "--")


def environ(builder: Command, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "PYENV_ROOT") if name in os.environ}
    return {**kept, **builder.environ, "XBUILD_CACHE_DIR": str(builder.cache), **more}


def processes() -> list[str]:
    """The environments of all processes that can be asked."""
    found = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            found.append(file.read_text("utf-8", errors="replace"))
    return found


def test_a_command_has_its_inputs_outputs_and_status_to_itself(builder: Command) -> None:
    builder(*EXEC, "true")  # what is made the first time is told on standard error
    script = "cat; echo out; echo error >&2; exit 7"
    done = subprocess.run(
        [PROGRAM, *EXEC, "sh", "-c", script],
        input=b"\0in\xff",
        env=environ(builder),
        capture_output=True,
        check=False,
        cwd=builder.folder,
    )
    assert (done.returncode, done.stdout, done.stderr) == (7, b"\0in\xffout\n", b"error\n")


def test_options_of_the_command_are_its_own(builder: Command) -> None:
    done = builder("exec", "--target", "riscv64", "--bare", "--", "echo", "--target", "-v", "--", "a b", "")
    assert (done.returncode, done.stdout) == (0, "--target -v -- a b \n")
    done = builder("exec", "--target", "riscv64", "--bare", "sh", "-c", "echo $0 $@", "--help", "-q")
    assert (done.returncode, done.stdout) == (0, "--help -q\n")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_command_that_is_killed_is_seen_to_be(number: signal.Signals, builder: Command) -> None:
    """To a shell that is status 128 + n."""
    assert builder(*EXEC, "sh", "-c", f"kill -{int(number)} $$").returncode == -number


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_reaches_the_command_once(number: signal.Signals, builder: Command, folder: Path) -> None:
    script = f"trap 'echo caught >>{folder}/caught' {int(number)}; touch {folder}/ready; while :; do sleep 0.1; done"
    with builder.start(*EXEC, "bash", "-c", script) as running:
        running.wait_for((folder / "ready").exists)
        os.kill(running.process.pid, number)
        running.wait_for((folder / "caught").exists)
    assert (folder / "caught").read_text() == "caught\n"


def test_there_is_no_such_command(builder: Command) -> None:
    finished = builder(*EXEC, "nonesuch")
    assert one_message(finished, 2) == "there is no program 'nonesuch'"
    assert finished.hint == "it is looked for in the environment, then on PATH"


def test_a_program_of_the_target_is_not_started_by_mistake(builder: Command, folder: Path) -> None:
    (folder / "hello.c").write_text('#include <stdio.h>\nint main(void) { puts("hello"); }\n')
    compiled = builder(*EXEC, "sh", "-c", "$CC hello.c -o hello && $XBUILD_EMULATOR ./hello")
    assert (compiled.returncode, compiled.stdout) == (0, "hello\n"), compiled
    finished = builder(*EXEC, "./hello")
    assert one_message(finished, 2) == "cannot start ./hello: Exec format error"
    assert finished.hint == (
        "a program of riscv64 is started by 'xbuild run --target riscv64', or \"$XBUILD_EMULATOR\" inside"
    )


def test_an_environment_has_no_other_inside(builder: Command) -> None:
    for command in ("shell", "exec"):
        finished = builder(*EXEC, PROGRAM, command, "--target", "aarch64", *(["true"] if command == "exec" else []))
        assert one_message(finished, 2) == "this is already the environment of a cross build, for riscv64"


def test_a_requirement_that_cannot_be_had(builder: Command) -> None:
    finished = builder("exec", "--target", "riscv64", "--bare", "--with", "no-such-project-at-all", "--", "true")
    assert one_message(finished, 13) == "cannot install the build requirements: no-such-project-at-all"
    # Nothing half-made is taken for an environment the next time.
    again = builder("exec", "--target", "riscv64", "--bare", "--with", "no-such-project-at-all", "--", "true")
    assert one_message(again, 13) == "cannot install the build requirements: no-such-project-at-all"


def test_two_at_once_make_one_environment(builder: Command) -> None:
    arguments = ("exec", "--target", "riscv64", "--bare", "--with", "flit_core", "--", "python", "-c")
    code = "import flit_core, os; print(os.environ['XBUILD_MESON_CROSS_FILE'])"
    made = Path(builder(*arguments, code).stdout).parents[1]
    shutil.rmtree(made)
    with builder.start(*arguments, code) as first, builder.start(*arguments, code) as second:
        ends = first.finish(), second.finish()
    assert [end.returncode for end in ends] == [0, 0], ends
    assert [Path(end.stdout).parents[1] for end in ends] == [made, made]
    assert sum("Installing flit_core" in end.stderr for end in ends) == 1
    assert builder(*arguments, code).stderr == ""


def test_made_anew_it_is_in_the_same_place(builder: Command) -> None:
    def run(*options: str) -> str:
        finished = builder("exec", "--target", "riscv64", "--bare", *options, "--", "printenv", "CMAKE_TOOLCHAIN_FILE")
        assert finished.returncode == 0, finished
        return finished.stdout

    path = run()
    left = Path(path.strip()).with_name("left")
    left.touch()
    assert run("--fresh") == path
    assert not left.exists()


@pytest.mark.parametrize("name", ["bash", "dash", "zsh", "fish"])
def test_a_shell_is_left_without_a_trace(name: str, builder: Command, folder: Path) -> None:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed")
    builder(*EXEC, "true")
    home = folder / "person"
    # Else fish makes it in the background, for a minute.
    (home / ".local/share/fish/generated_completions").mkdir(parents=True)
    variables = environ(builder, HOME=str(home), SHELL=program)
    outer = [
        "sh",
        "-c",
        f"{PROGRAM} shell --target riscv64 --bare; echo status $?; echo CC=$CC in=$XBUILD_INSIDE; echo over",
    ]
    with Terminal(outer, environ=variables, cwd=folder) as terminal:
        terminal.expect("(xbuild riscv64) ")
        terminal.type("echo $XBUILD_INSIDE; python -c 'import platform; print(platform.machine() * 2)'")
        terminal.expect("riscv64riscv64")
        terminal.type("sh -c 'echo sta''rted; exec sleep 60'")
        terminal.expect("started")
        terminal.type(INTERRUPT, enter=False)
        terminal.expect("(xbuild riscv64) ")
        terminal.type("exit 9")
        terminal.expect("status 9")
        terminal.expect("CC= in=\r\n")  # the terminal is the outer shell's again
        terminal.expect("over")
        assert terminal.wait() == 0
    assert [line for line in processes() if str(home) in line] == []


def test_a_shell_reads_commands_from_a_pipe(builder: Command) -> None:
    done = subprocess.run(
        [PROGRAM, "shell", "--target", "riscv64", "--bare", "-q"],
        input="basename $CC\nexit 4\n",
        env=environ(builder, SHELL="/bin/sh"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (4, "riscv64-linux-gnu-gcc\n")
