"""Portable files: the folder is written, moved to where it has never been, and built from there by the real tool."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from xbuild.crossfiles.presets import preset_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.integration.crossfiles.conftest import Cross, CrossFor

pytestmark = [pytest.mark.network, pytest.mark.emulator]

MODULE = ["-DNAME=Python", "-DCOMPONENTS=Interpreter;Development.Module"]


@pytest.fixture
def cross(cross_for: CrossFor) -> Cross:
    return cross_for("riscv64")


@pytest.fixture
def environ(cross: Cross, tmp_path: Path) -> Mapping[str, str]:
    """A machine with the compilers and QEMU on PATH, by the names that distributions give them."""
    folder = tmp_path / "programs"
    folder.mkdir()
    plan, emulator = cross.spec.toolchain.plan, cross.spec.emulator
    assert plan is not None
    assert emulator is not None
    programs: dict[str, tuple[Path, tuple[str, ...]]] = {f"qemu-{cross.spec.target.qemu.name}": (emulator.qemu, ())}
    for name, suffix in {"cc": "gcc", "cxx": "g++", "fc": "gfortran"}.items():
        command = plan.tools[name]  # type: ignore[index]  # of the names of tools
        own = tuple(each for each in command.arguments if not each.startswith("--sysroot"))
        programs[f"{plan.triplet}-{suffix}"] = (command.program, own)
    for name in ("ar", "ranlib", "strip", "nm", "ld", "objcopy", "readelf"):
        programs[f"{plan.triplet}-{name}"] = (plan.tools[name].program, ())  # type: ignore[index]  # as above
    for name, (program, arguments) in programs.items():
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {program} {" ".join(arguments)} "$@"\n', "utf-8")
        script.chmod(0o755)
    plain = cross.environ()
    return {**plain, "PATH": f"{folder}{os.pathsep}{plain['PATH']}"}


@pytest.fixture
def moved(cross: Cross, tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a portable file of a format, moves all that came with it, and returns the file."""

    def write(kind: str, name: str) -> Path:
        file = cross.crossfile(kind, tmp_path / "first" / "sdk" / name, "--portable")
        texts = [path for path in file.parent.rglob("*") if path.is_file() and path.stat().st_size < 100_000]
        for path in texts:
            content = path.read_bytes()
            assert bytes(tmp_path) not in content, path
            assert b"/trees/" not in content, path
        (tmp_path / "second").mkdir()
        folder = (tmp_path / "first" / "sdk").rename(tmp_path / "second" / "sdk")
        shutil.rmtree(tmp_path / "first")
        return folder / name

    return write


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where a portable file is used: not where it was written."""

    cross: Cross
    environ: Mapping[str, str]
    moved: Callable[[str, str], Path]
    project: Callable[[str], Path]

    def build(self, *command: str | Path, cwd: Path) -> str:
        """Run a step of a build and return what it prints."""
        return self.cross.build(*command, cwd=cwd, environ=self.environ)


@pytest.fixture
def site(
    cross: Cross, environ: Mapping[str, str], moved: Callable[[str, str], Path], project: Callable[[str], Path]
) -> Site:
    return Site(cross=cross, environ=environ, moved=moved, project=project)


def test_meson(site: Site) -> None:
    source = site.project("meson")
    file = os.path.relpath(site.moved("meson", "riscv64.ini"), source)
    site.build("meson", "setup", "build", "--cross-file", file, cwd=source)
    site.build("meson", "compile", "-C", "build", cwd=source)
    site.build("meson", "test", "-C", "build", cwd=source)
    assert (source / "build" / f"plain{site.cross.spec.python.extension_suffix}").is_file()
    site.cross.ask_target("import plain, withfortran; assert plain.answer() == 42", cwd=source / "build")


def test_cmake(site: Site) -> None:
    source = site.project("cmake")
    # Without a virtual environment, the file's own interpreter is the one that runs.
    site = replace(site, environ={name: value for name, value in site.environ.items() if name != "VIRTUAL_ENV"})
    toolchain = site.moved("cmake", "riscv64.cmake")
    configure = ("cmake", "-S", ".", "-B", "build", "-G", "Ninja", *MODULE)
    site.build(*configure, "--toolchain", toolchain, cwd=source)
    site.build("cmake", "--build", "build", cwd=source)
    site.build("ctest", "--test-dir", "build", "--output-on-failure", cwd=source)
    assert (source / "build" / f"plain{site.cross.spec.python.extension_suffix}").is_file()
    site.cross.ask_target("import plain; assert plain.answer() == 42", cwd=source / "build")


def test_presets(site: Site) -> None:
    source = site.project("cmake")
    file = site.moved("presets", "riscv64.json")
    include = f'{{"version": 4, "include": ["{os.path.relpath(file, source)}"]}}'
    (source / "CMakeUserPresets.json").write_text(include, "utf-8")
    name = preset_name(site.cross.spec)
    site.build("cmake", "--preset", name, *MODULE, cwd=source)
    site.build("cmake", "--build", "--preset", name, cwd=source)
    assert "100% tests passed" in site.build("ctest", "--preset", name, cwd=source)


SETUP = """
from setuptools import Extension, setup
setup(name="demo", version="1", ext_modules=[Extension("plain", ["module.c"])])
"""


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_environment(shell: str, site: Site) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    source = site.project("cmake")  # for its module
    (source / "setup.py").write_text(SETUP, "utf-8")
    file = site.moved("env", "riscv64.env")
    # Only bash and zsh know where a sourced file is.
    enter = f". '{file}'" if shell == "bash" else f"cd '{file.parent}' && . ./{file.name}"
    build = f"{enter} && cd '{source}' && python -m build --wheel --no-isolation"
    site.build(shell, "-c", build, cwd=source)
    (wheel,) = (source / "dist").iterdir()
    assert wheel.name == f"demo-1-cp313-cp313-{site.cross.spec.target.linux_tag}.whl"
    shutil.unpack_archive(wheel, source / "modules", "zip")
    site.cross.ask_target("import plain; assert plain.answer() == 42", cwd=source / "modules")


def test_an_environment_is_not_set_from_elsewhere(
    cross: Cross, moved: Callable[[str, str], Path], tmp_path: Path
) -> None:
    file = moved("env", "riscv64.env")
    printed = cross.build("sh", "-c", f". '{file}' || echo \"failed: $CC\"", cwd=tmp_path)
    assert printed == "riscv64.env: go to its folder first, or use bash or zsh\nfailed: \n"


def test_the_same_again(cross: Cross, tmp_path: Path) -> None:
    """Written twice, and in two places, every file is the same to the byte."""
    contents = []
    for folder in (tmp_path / "a", tmp_path / "a", tmp_path / "elsewhere" / "b"):
        cross.crossfile("meson", folder / "cross.ini", "--portable")
        files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
        contents.append({str(path.relative_to(folder)): path.read_bytes() for path in files})
    assert contents[0] == contents[1] == contents[2]


def test_cargo_finds_the_linker(moved: Callable[[str, str], Path], tmp_path: Path) -> None:
    """Rust's library for the target need not be there: what rustc is told is enough."""
    cargo = shutil.which("cargo")
    if cargo is None:
        pytest.skip("no cargo on this machine")
    crate = tmp_path / "crate"
    (crate / "src").mkdir(parents=True)
    (crate / "Cargo.toml").write_text('[package]\nname = "demo"\nversion = "1.0.0"\n', "utf-8")
    (crate / "src" / "main.rs").write_text("fn main() {}\n", "utf-8")
    file = moved("cargo", "riscv64.toml")
    command = [cargo, "build", "--verbose", "--offline", "--config", str(file)]
    done = subprocess.run(command, cwd=crate, env={**os.environ}, capture_output=True, text=True, check=False)
    linker = file.parent / "riscv64-cp313" / "tools" / "riscv64-linux-gnu-gcc"
    assert f"linker={linker}" in done.stderr
    assert linker.is_file()
