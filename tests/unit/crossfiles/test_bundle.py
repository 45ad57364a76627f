from __future__ import annotations

import os
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xbuild.crossfiles import render, write_all
from xbuild.crossfiles.bundle import RENDERERS
from xbuild.errors import ToolchainError

if TYPE_CHECKING:
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
    assert ask("--libs", "--embed") == (0, "-Wl,--allow-shlib-undefined -lpython3.13 -ldl -lm\n")
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


def test_a_format_that_cannot_hold_a_path_is_left_out(make_spec: MakeSpec, tmp_path: Path) -> None:
    conan = write_all(make_spec(), tmp_path).conan
    assert conan.is_file()
    spec = make_spec(root=Path('/q"'))
    files = write_all(spec, tmp_path)
    assert not conan.exists()
    assert files.meson.is_file()
    with pytest.raises(ToolchainError, match="a Conan profile has no way to write"):
        render("conan", spec, files)


def test_a_path_that_is_not_utf_8_is_one_error(make_spec: MakeSpec, tmp_path: Path) -> None:
    spec = make_spec(root=Path("/\udcff"))
    files = write_all(spec, tmp_path)
    assert not files.meson.exists()
    with pytest.raises(ToolchainError) as caught:
        render("meson", spec, files)
    assert caught.value.message == (
        "a path is not UTF-8, and files of build systems are: \"c = '/\\udcff/toolchain/cc'\""
    )


@pytest.mark.parametrize("name", sorted(RENDERERS))
def test_every_run_writes_the_same_bytes(name: str, make_spec: MakeSpec, tmp_path: Path) -> None:
    first, second = make_spec(), make_spec()
    files = write_all(first, tmp_path)
    texts = {render(name, first, files), render(name, second, write_all(second, tmp_path))}
    assert len(texts) == 1
