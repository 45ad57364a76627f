from __future__ import annotations

import os
import subprocess
import tomllib
from typing import TYPE_CHECKING

from xbuild.crossfiles import write_all

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.crossfiles.conftest import MakeSpec

    from xbuild.crossfiles.spec import CrossSpec


def test_files_refer_to_each_other(spec: CrossSpec, tmp_path: Path) -> None:
    files = write_all(spec, tmp_path / "new" / "folder")
    assert str(files.cmake) in files.meson.read_text("utf-8")
    assert str(files.python_config) in files.cmake.read_text("utf-8")
    assert str(files.sysconfigdata.parent) in files.cmake.read_text("utf-8")
    assert files.environment["CONFIG_SITE"] == str(files.config_site)
    assert files.interpreter_environment["PYTHONPATH"] == str(files.sysconfigdata.parent)
    assert str(files.pkgconfig) in files.meson.read_text("utf-8")
    assert [path.name for path in files.sysconfigdata.parent.iterdir()] == [files.sysconfigdata.name]


def test_an_unchanged_file_keeps_its_time(make_spec: MakeSpec, tmp_path: Path) -> None:
    files = write_all(make_spec(), tmp_path)
    for path in (files.meson, files.cmake):
        os.utime(path, (1, 1))
    write_all(make_spec(), tmp_path)
    assert files.cmake.stat().st_mtime == 1
    write_all(make_spec(toolchain="zig"), tmp_path)
    assert files.cmake.stat().st_mtime > 1


def test_python_config_answers(make_spec: MakeSpec, tmp_path: Path) -> None:
    script = write_all(make_spec(), tmp_path).python_config

    def ask(*options: str) -> tuple[int, str]:
        done = subprocess.run([script, *options], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    assert script.name == "python3.13-config"
    assert ask("--prefix") == (0, "/xb/python\n")
    assert ask("--includes") == (0, "-I/xb/python/include/python3.13\n")
    assert ask("--libs") == (0, "-ldl -lm\n")
    assert ask("--libs", "--embed") == (0, "-lpython3.13 -ldl -lm\n")
    assert ask("--ldflags") == (0, "-L/xb/python/lib/riscv64-linux-gnu -ldl -lm\n")
    assert ask("--extension-suffix", "--abiflags") == (0, ".cpython-313-riscv64-linux-gnu.so\n\n")
    assert ask("--configdir") == (0, "/xb/python/lib/python3.13/config-3.13-riscv64-linux-gnu\n")
    assert ask("--help")[0] == 0
    assert ask("--unknown") == (1, "")
    assert ask() == (1, "")


def test_cargo_reads_its_configuration(make_spec: MakeSpec, tmp_path: Path) -> None:
    files = write_all(make_spec(toolchain="zig"), tmp_path)
    configuration = tomllib.loads(files.cargo_config.read_text("utf-8"))
    triple = "riscv64gc-unknown-linux-gnu"
    assert configuration["build"] == {"target": triple}
    assert configuration["target"] == {triple: {"linker": "/xb/toolchain/cc", "runner": ["/xb/emulator/wrapper"]}}
    assert configuration["env"]["PYO3_CONFIG_FILE"] == str(files.pyo3_config)


def test_pyo3_learns_of_a_free_threaded_debug_build(make_spec: MakeSpec, tmp_path: Path) -> None:
    text = write_all(make_spec("armv7l", version="3.14", flags="td"), tmp_path).pyo3_config.read_text("utf-8")
    assert "build_flags=Py_GIL_DISABLED,Py_DEBUG\n" in text
    assert "pointer_width=32\n" in text
    assert "lib_name=python3.14td\n" in text
