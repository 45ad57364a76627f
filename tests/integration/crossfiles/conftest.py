"""Cross builds as ``xbuild crossfile`` resolves them, and the build systems in environments of their own."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import pytest
from uv import find_uv_bin

from xbuild.crossfiles import CrossFiles, write_all
from xbuild.errors import XBuildError
from xbuild.progress import SilentProgress
from xbuild.resolve import Selection, resolve
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from xbuild.crossfiles.spec import CrossSpec

PROJECTS = Path(__file__).parent / "projects"
TOOLS = ("build", "cmake", "cython", "meson>=1.10", "nanobind", "ninja", "pybind11", "scikit-build-core", "setuptools")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cross:
    """One cross build: its description, its files, and an environment with what builds run."""

    spec: CrossSpec
    files: CrossFiles
    tools: Path

    def environ(self, more: Mapping[str, str] = MappingProxyType({})) -> Mapping[str, str]:
        """A clean environment with the tools on PATH, and ``more``."""
        path = os.pathsep.join([str(self.tools / "bin"), os.environ.get("PATH", os.defpath)])
        return {"PATH": path, "HOME": os.environ.get("HOME", "/"), "VIRTUAL_ENV": str(self.tools), **more}

    def build(self, *command: str | Path, cwd: Path, environ: Mapping[str, str] | None = None) -> str:
        """Run a program of the build machine and return what it prints."""
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env=self.environ() if environ is None else environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout

    def ask_target(self, code: str, *, cwd: Path) -> str:
        """Run Python code on the target's interpreter, with the modules in ``cwd``, and return what it prints."""
        emulator, executable = self.spec.emulator, self.spec.python.executable
        assert emulator is not None
        assert executable is not None
        command = [str(emulator.run), str(executable), "-c", f"import sys; sys.path.insert(0, '.')\n{code}"]
        home = str(self.spec.python.prefix)
        done = subprocess.run(command, cwd=cwd, env={"PYTHONHOME": home}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


class CrossFor(Protocol):
    def __call__(self, target: str, python: str = "3.13", toolchain: str = "gcc") -> Cross: ...


@pytest.fixture(scope="session")
def cross_for(tmp_path_factory: pytest.TempPathFactory) -> CrossFor:
    @functools.cache
    def tools_for(python: Path) -> Path:
        folder = Path(tmp_path_factory.mktemp("tools"), "venv")
        uv = find_uv_bin()
        subprocess.run([uv, "venv", "-q", "--python", str(python), str(folder)], check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", str(folder / "bin" / "python"), *TOOLS], check=True)
        return folder

    @functools.cache
    def make(target: str, python: str = "3.13", toolchain: str = "gcc") -> Cross:
        selection = Selection(target=get_target(target), python=python, toolchain=toolchain)
        try:
            with _zig_installed(tmp_path_factory) if toolchain == "zig" else nullcontext():
                spec = resolve(selection, progress=SilentProgress(), environ=os.environ).spec
        except XBuildError as error:
            pytest.fail(f"{error.message}\n{error.hint}")
        files = write_all(spec, tmp_path_factory.mktemp("files"))
        return Cross(spec=spec, files=files, tools=tools_for(spec.build_python))

    return make


@contextmanager
def _zig_installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have the distribution ``ziglang`` importable, as in an environment with the extra ``zig``."""
    folder = str(tmp_path_factory.mktemp("zig"))
    subprocess.run([find_uv_bin(), "pip", "install", "-q", "--target", folder, "ziglang>=0.15"], check=True)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


@pytest.fixture
def project(tmp_path: Path) -> Callable[[str], Path]:
    """Copies the project with that name."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(PROJECTS / name, tmp_path / "source"))

    return copy
