"""Real shells with a terminal: the user's start-up files are read, and do not undo the environment."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.terminal import INTERRUPT, Terminal

from xbuild.by_hand.shells import Startup, shell_command, startup_files

if TYPE_CHECKING:
    from collections.abc import Mapping

AWKWARD = """it's "$HOME" `x` \\ !é"""
# What users have, at its worst: another PATH, another compiler, a prompt that is made anew each time.
USERS = {
    "bash": (
        ".bashrc",
        "export PATH=/users:$PATH CC=cc PYTHONPATH=/users; alias greet='echo hello'\nPROMPT_COMMAND='PS1=\"users> \";'",
    ),
    "zsh": (".zshrc", "export PATH=/users:$PATH CC=cc PYTHONPATH=/users; alias greet='echo hello'\nPROMPT='users> '"),
    "fish": (
        ".config/fish/config.fish",
        """set -gx PATH /users $PATH; set -gx CC cc; set -gx PYTHONPATH /users
        function greet; echo hello; end; function fish_prompt; printf 'users> '; end""",
    ),
    "dash": (".shrc", "export PATH=/users:$PATH CC=cc PYTHONPATH=/users; alias greet='echo hello'; PS1='users> '"),
}
PROMPT = "(xbuild riscv64) users> "


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def startup(tmp_path: Path) -> Path:
    folder = tmp_path / "startup"
    variables = {"CC": "/tools/riscv64-linux-gnu-gcc", "AWKWARD": AWKWARD}
    made = Startup(name="riscv64", variables=variables, unset={"PYTHONPATH"}, path=[Path("/ours/first"), Path("/ours")])
    for path, text in startup_files(made, folder).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def environ(home: Path, **more: str) -> Mapping[str, str]:
    path = f"/ours/first:/ours:{os.environ['PATH']}"
    return {"HOME": str(home), "PATH": path, "LC_ALL": "C.UTF-8", "PYTHONPATH": "/leaks", **more}


def shell(name: str, startup: Path, variables: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed")
    arguments, more = shell_command(program, startup, variables)
    return [program, *arguments], {**variables, **more}


def start(name: str, startup: Path, home: Path) -> Terminal:
    file, text = USERS[name]
    (home / file).parent.mkdir(parents=True, exist_ok=True)
    (home / file).write_text(f"{text}\n", "utf-8")
    more = {"ENV": str(home / file)} if name == "dash" else {}
    command, variables = shell(name, startup, environ(home, **more))
    return Terminal(command, environ=variables, cwd=home)


@pytest.mark.parametrize("name", USERS)
def test_the_users_start_up_files_are_read_and_the_environment_holds(name: str, startup: Path, home: Path) -> None:
    with start(name, startup, home) as terminal:
        terminal.expect(PROMPT)
        terminal.type("greet")
        terminal.expect("hello")
        terminal.type("env >variables; echo wri''tten; sh -c 'exit 5'")
        terminal.expect("written")
        terminal.expect(PROMPT)
        # The prompt's own commands have not changed what the last one ended with.
        terminal.type("exit $status" if name == "fish" else "exit $?")
        assert terminal.wait() == 5
        assert "(xbuild riscv64) (xbuild" not in terminal.all
    found = dict(line.partition("=")[::2] for line in (home / "variables").read_text("utf-8").splitlines())
    assert found["PATH"].startswith("/ours/first:/ours:/users:")
    assert found["CC"] == "/tools/riscv64-linux-gnu-gcc"
    assert found["AWKWARD"] == AWKWARD
    assert "PYTHONPATH" not in found
    assert not [key for key in found if key.startswith("_XBUILD")]


@pytest.mark.parametrize("name", USERS)
def test_ctrl_c_ends_what_runs_and_not_the_shell(name: str, startup: Path, home: Path) -> None:
    with start(name, startup, home) as terminal:
        terminal.expect(PROMPT)
        terminal.type("sh -c 'echo star''ted; exec sleep 60'")
        terminal.expect("started")
        terminal.type(INTERRUPT, enter=False)
        terminal.expect(PROMPT)
        terminal.type("echo her''e; exit")
        terminal.expect("here")
        terminal.wait()


@pytest.mark.parametrize("name", ["bash", "zsh", "fish", "dash"])
def test_a_script_on_standard_input(name: str, startup: Path, home: Path) -> None:
    command, variables = shell(name, startup, environ(home))
    done = subprocess.run(
        command, input="echo $CC; exit 3\n", env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stderr == ""
    # bash and dash ask for start-up files only where they talk to a person: they have what they inherit.
    assert done.stdout.strip() == ("" if name in ("bash", "dash") else "/tools/riscv64-linux-gnu-gcc")


def test_zsh_finds_the_users_files_in_their_own_folder(startup: Path, home: Path) -> None:
    own = home / "zsh files"
    own.mkdir()
    (home / ".zshenv").write_text(f"ZDOTDIR='{own}'\n", "utf-8")
    (own / ".zshrc").write_text("PROMPT='users> '\n", "utf-8")
    command, variables = shell("zsh", startup, environ(home))
    with Terminal(command, environ=variables, cwd=home) as terminal:
        terminal.expect(PROMPT)
        terminal.type("echo $ZDOTDIR; exit")
        terminal.expect(f"{own}\r\n")
        assert terminal.wait() == 0


def test_a_shell_that_is_not_known_is_started_as_it_is(startup: Path) -> None:
    assert shell_command("/usr/bin/tcsh", startup, {"ENV": "x", "ZDOTDIR": "y"}) == ([], {})


def test_what_the_user_says_of_start_up_files_is_kept_for_them(startup: Path) -> None:
    assert shell_command("/bin/sh", startup, {"ENV": "/home/me/.shrc"})[1] == {
        "ENV": str(startup / "sh"),
        "_XBUILD_USERS_ENV": "/home/me/.shrc",
    }
    assert shell_command("/bin/zsh", startup, {}) == ([], {"ZDOTDIR": str(startup / "zsh")})
