"""Cross builds as ``xbuild crossfile`` describes them, and the build systems in environments of their own.

A test that takes ``cross`` runs for every target, toolchain and CPython of the matrix.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import pytest
from packaging.requirements import Requirement
from uv import find_uv_bin

from xbuild.build.process import clean_environ
from xbuild.build.sdist import fetch_sdist, resolve_sdist
from xbuild.crossfiles import CrossFiles, write_all
from xbuild.errors import XBuildError
from xbuild.progress import SilentProgress
from xbuild.provision.cache import Cache
from xbuild.resolve import resolve
from xbuild.selection import Selection
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from xbuild.crossfiles.spec import CrossSpec

PROJECTS = Path(__file__).parent / "projects"
TOOLS = (
    "build",
    "cmake",
    "cython",
    "meson>=1.10",
    "meson-python",
    "nanobind",
    "ninja",
    "pybind11",
    "scikit-build-core",
    "setuptools",
)


# What CI has the time for: every target, CPython and toolchain once. zig's first C++ program builds its library, which
# takes minutes for each target; for ppc64le there is none.
_QUICK = {
    ("aarch64", "gcc", "3.13"),
    ("riscv64", "gcc", "3.14"),
    ("ppc64le", "gcc", "3.13"),
    ("ppc64le", "zig", "3.14"),
}


def _combination(target: str, toolchain: str, python: str) -> object:
    """One of the matrix; the slow tests have the rest of it."""
    marks = [] if (target, toolchain, python) in _QUICK else [pytest.mark.slow]
    return pytest.param((target, python, toolchain), id=f"{target}-{toolchain}-{python}", marks=marks)


MATRIX = [_combination(*each) for each in product(("aarch64", "riscv64", "ppc64le"), ("gcc", "zig"), ("3.13", "3.14"))]


@dataclass(frozen=True, kw_only=True, slots=True)
class Cross:
    """One cross build: its description, its files, and an environment with what builds run.

    ``selection`` are the options of the command that choose it, and ``modules`` a folder of what xbuild imports more.
    """

    spec: CrossSpec
    files: CrossFiles
    tools: Path
    selection: tuple[str, ...]
    modules: Path | None

    def crossfile(self, kind: str, output: Path, *options: str) -> Path:
        """Write a file as a user does, in the environment with the tools, and return ``output``."""
        command = [
            sys.executable,
            "-m",
            "xbuild",
            "crossfile",
            kind,
            *self.selection,
            *options,
            "-q",
            "-o",
            str(output),
        ]
        environ = {**os.environ, "PYTHONPATH": str(self.modules or ""), "VIRTUAL_ENV": str(self.tools)}
        subprocess.run(command, env=environ, check=True)
        return output

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
def cross_for(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> CrossFor:
    @functools.cache
    def tools_for(python: Path) -> Path:
        folder = Path(tmp_path_factory.mktemp("tools"), "venv")
        uv = find_uv_bin()
        subprocess.run([uv, "venv", "-q", "--python", str(python), str(folder)], check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", str(folder / "bin" / "python"), *TOOLS], check=True)
        return folder

    @functools.cache
    def make(target: str, python: str = "3.13", toolchain: str = "gcc") -> Cross:
        modules: Path | None = request.getfixturevalue("zig_site") if toolchain == "zig" else None
        selection = Selection(target=get_target(target), python=python, toolchain=toolchain)
        with pytest.MonkeyPatch.context() as patch:
            if modules is not None:
                patch.syspath_prepend(modules)
            try:
                spec = resolve(selection, progress=SilentProgress(), environ=os.environ).spec
            except XBuildError as error:
                pytest.fail(f"{error.message}\n{error.hint}")
        return Cross(
            spec=spec,
            files=write_all(spec, tmp_path_factory.mktemp("files")),
            tools=tools_for(spec.build_python),
            selection=("--target", target, "--python", python, "--toolchain", toolchain),
            modules=modules,
        )

    return make


@pytest.fixture(params=MATRIX)
def cross(request: pytest.FixtureRequest, cross_for: CrossFor) -> Cross:
    """A cross build of the matrix."""
    return cross_for(*request.param)


class Sdist(Protocol):
    def __call__(self, requirement: str) -> Path: ...


@pytest.fixture
def sdist(tmp_path: Path) -> Sdist:
    """Unpacks the source distribution of ``NAME==VERSION`` from the package index."""

    def unpack(requirement: str) -> Path:
        link = resolve_sdist(
            Requirement(requirement),
            uv=find_uv_bin(),
            python_version="3.13",
            environ=clean_environ(os.environ),
            offline=False,
        )
        cache, progress = Cache.default(os.environ), SilentProgress()
        file = fetch_sdist(link, directory=tmp_path, cache=cache, progress=progress, offline=False)
        with tarfile.open(file) as archive:
            archive.extractall(tmp_path / "unpacked", filter="data")
        return next((tmp_path / "unpacked").iterdir())

    return unpack


@pytest.fixture
def project(tmp_path: Path) -> Callable[[str], Path]:
    """Copies the project with that name."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(PROJECTS / name, tmp_path / "source"))

    return copy
