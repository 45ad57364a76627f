"""Config programs: the target's answer, and never the build machine's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from xbuild.build.config_programs import config_programs, write_config_programs

PYTHON_CONFIG = Path("/cross files/python3.13-config")
PYTHONS = {"python3.13-config", "python3-config", "python-config"}
ANSWERS = """#!/bin/sh
prefix=/usr
case $1 in
--prefix=*) prefix=${1#*=}; shift ;;
esac
case $1 in
--prefix) echo $prefix ;;
--cflags) echo "-I$prefix/include -I$prefix/include/demo -I/usr -isystem /usr/x -isystem/usr/x -DDIR=/usr/share $2" ;;
--libs) echo "-L$prefix/lib/riscv64-linux-gnu -Wl,-rpath,/usr/lib -ldemo"; echo "/usr/lib/libx.a" ;;
--own) echo "-I$(cd "$(dirname "$0")/.." && pwd)/include/demo" ;;
*) exit 3 ;;
esac
"""


def make(program: Path, text: str | bytes) -> Path:
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_bytes(text if isinstance(text, bytes) else text.encode())
    program.chmod(0o755)
    return program


@pytest.fixture(params=["sysroot", "a (b) [c] d.e+f&g#h'i"])
def sysroot(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    root = tmp_path / str(request.param)
    make(root / "usr" / "bin" / "demo-config", ANSWERS)
    return root


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    return make(tmp_path / "machine" / "demo-config", "#!/bin/sh\necho the machine's\n").parent


def run(folder: Path, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([folder / name, *arguments], capture_output=True, text=True, check=False)


def programs(sysroot: Path, *path: Path) -> dict[str, str]:
    found = config_programs(sysroot, os.pathsep.join(map(str, path)), python_config=PYTHON_CONFIG)
    return {name: text for name, text in found.items() if name not in PYTHONS}


def write(tmp_path: Path, sysroot: Path, *path: Path) -> Path:
    folder = tmp_path / "config"
    write_config_programs(programs(sysroot, *path), folder)
    return folder


@pytest.mark.parametrize("root", ["/", "/nonexistent"])
def test_those_of_python_are_xbuilds_own(tmp_path: Path, machine: Path, root: str) -> None:
    make(machine / "python3-config", "#!/bin/sh\necho the machine's\n")
    own = make(tmp_path / "cross files" / "python3.13-config", '#!/bin/sh\necho "$0" "$@"\n')
    folder = tmp_path / "config"
    write_config_programs(config_programs(Path(root), str(machine), python_config=own), folder)
    for name in PYTHONS:
        assert run(folder, name, "--cflags").stdout == f"{own} --cflags\n"


def test_the_targets_program_answers_with_the_sysroots_paths(tmp_path: Path, sysroot: Path, machine: Path) -> None:
    config = write(tmp_path, sysroot, machine)
    answers = {
        "--prefix": f"{sysroot}/usr\n",
        "--cflags": f" -I{sysroot}/usr/include/demo -I{sysroot}/usr -isystem {sysroot}/usr/x -isystem{sysroot}/usr/x "
        "-DDIR=/usr/share two  words\n",
        "--libs": f"-L{sysroot}/usr/lib/riscv64-linux-gnu -Wl,-rpath,/usr/lib -ldemo\n{sysroot}/usr/lib/libx.a\n",
        "--own": f"-I{sysroot}/usr/include/demo\n",
    }
    assert {option: run(config, "demo-config", option, "two  words").stdout for option in answers} == answers
    assert run(config, "demo-config", "--wrong").returncode == 3


def test_a_prefix_that_is_asked_for_is_the_one_that_counts(tmp_path: Path, sysroot: Path) -> None:
    config = write(tmp_path, sysroot)
    assert run(config, "demo-config", "--prefix=/opt/x", "--prefix").stdout == "/opt/x\n"


@pytest.mark.parametrize("name", ["xml2-config", "pg_config", "mysql_config", "libpng16-config"])
def test_the_machines_fails_where_the_sysroot_has_none(tmp_path: Path, machine: Path, name: str) -> None:
    make(machine / name, b"\x7fELF")
    config = write(tmp_path, tmp_path / "sysroot", Path("/nonexistent"), machine)
    done = run(config, name, "--cflags")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"{name}: the build machine's would tell of its own libraries, and the sysroot has none: "
        "add the target's library with --lib, or to your sysroot\n"
    )


def test_a_program_of_the_target_that_is_no_script_cannot_answer(tmp_path: Path, machine: Path) -> None:
    sysroot = tmp_path / "sysroot"
    program = make(sysroot / "usr" / "bin" / "demo-config", b"\x7fELF")
    (sysroot / "usr" / "bin" / "lost-config").symlink_to("nowhere")
    config = write(tmp_path, sysroot, machine)
    assert [path.name for path in config.iterdir()] == ["demo-config"]
    done = run(config, "demo-config")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"demo-config: the target's, {program}, is no script, so it does not run here\n"


def test_a_script_may_be_perls(tmp_path: Path) -> None:
    make(tmp_path / "usr" / "bin" / "pg_config", "#!/usr/bin/perl\nprint 1;\n")
    assert f'answer=$(perl {tmp_path}/usr/bin/pg_config "$@")' in programs(tmp_path)["pg_config"]


def test_a_link_in_the_sysroot_stays_in_it(tmp_path: Path) -> None:
    sysroot = tmp_path / "sysroot"
    make(sysroot / "usr" / "bin" / "demo-config.mit", ANSWERS)
    (sysroot / "usr" / "bin" / "demo-config").symlink_to("/usr/bin/demo-config.mit")
    config = write(tmp_path, sysroot)
    assert run(config, "demo-config", "--prefix").stdout == f"{sysroot}/usr\n"


@pytest.mark.parametrize(
    "name",
    [
        *("pkg-config", "x86_64-linux-gnu-pkg-config", "llvm-config", "apt-config", "config", "gcc"),
        *("python-config", "python3-config", "python3.14t-config", "x86_64-linux-gnu-python3.11-config"),
    ],
)
def test_programs_that_are_no_librarys_are_left_alone(tmp_path: Path, machine: Path, name: str) -> None:
    make(machine / name, "#!/bin/sh\n")
    assert programs(tmp_path, machine).keys() == {"demo-config"}


@pytest.mark.parametrize(
    "text",
    [
        "#!/opt/env/bin/python3\n",
        '#!/usr/bin/env bash\nset -e\n[ -n "$PYENV_DEBUG" ]\n',
        "#!/bin/sh\n'''exec' \"/a long/bin/python\" \"$0\" \"$@\"\n' '''\n",
    ],
)
def test_those_of_python_packages_are_left_alone(tmp_path: Path, machine: Path, text: str) -> None:
    make(machine / "numpy-config", text)
    assert programs(tmp_path, machine).keys() == {"demo-config"}


def test_where_the_machine_is_the_sysroot_there_is_nothing_to_do(machine: Path) -> None:
    assert programs(Path("/"), machine) == {}


def test_what_is_no_longer_so_goes(tmp_path: Path, machine: Path) -> None:
    config = write(tmp_path, tmp_path / "sysroot", machine)
    kept = (config / "demo-config").stat().st_ino
    make(machine / "other-config", "#!/bin/sh\n")
    assert {path.name for path in write(tmp_path, tmp_path / "sysroot", machine).iterdir()} == {
        "demo-config",
        "other-config",
    }
    assert (config / "demo-config").stat().st_ino == kept
    assert list(write(tmp_path, tmp_path / "sysroot").iterdir()) == []
