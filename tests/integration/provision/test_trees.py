"""Components of the real archive: what is compiled with them runs under their own emulator."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from xbuild.provision.cache import Cache
from xbuild.provision.debian.sources import ArchiveSettings
from xbuild.provision.directory import own_sysroot
from xbuild.provision.provisioner import Provisioner
from xbuild.targets import get_target, parse_version

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from xbuild.targets import Target

pytestmark = [pytest.mark.network, pytest.mark.emulator, pytest.mark.slow]

TARGETS = ("aarch64", "riscv64", "ppc64le")

C = """
#include <math.h>
#include <omp.h>
#include <stdio.h>
int main(int argc, char **argv) {
    int n = 0;
#pragma omp parallel reduction(+ : n) num_threads(2)
    n += 1;
    printf("%g %d\\n", sqrt(argc + 3.0), n);
    return 0;
}
"""
CXX = """
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <vector>
int main() {
    std::thread([] {}).join();
    try {
        std::vector<int>(3).at(7) = 1;
    } catch (const std::out_of_range &) {
        std::cout << "caught " << std::filesystem::path("a") / "b" << std::endl;
    }
}
"""
FORTRAN = """
program hello
    use omp_lib
    implicit none
    integer :: n
    n = 0
    !$omp parallel reduction(+:n) num_threads(2)
    n = n + 1
    !$omp end parallel
    print '(F4.1, I2)', sum([1d0, 2d0, 3d0]), n
end program
"""


@pytest.fixture(scope="module")
def provisioner(tmp_path_factory: pytest.TempPathFactory) -> Provisioner:
    """With the cache of the environment, if one is named, so that a developer's second run is fast."""
    named = os.environ.get("XBUILD_TEST_CACHE_DIR")
    cache = Cache.default({"XBUILD_CACHE_DIR": named or str(tmp_path_factory.mktemp("cache"))})
    settings = ArchiveSettings.discover(None, os.environ)
    return Provisioner(settings=settings, cache=cache, build=get_target(platform.machine()))


def run(command: Sequence[str | Path], *, cwd: Path | None = None) -> str:
    """Run with an empty environment: nothing of this machine's may be needed."""
    done = subprocess.run(command, env={}, cwd=cwd, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def emulate(provisioner: Provisioner, target: Target, root: Path, *command: str | Path) -> str:
    qemu = provisioner.qemu(target)
    major, minor, *_ = qemu.version.split(".")
    cpu = target.qemu.cpu_for(parse_version(f"{major}.{minor}"))
    return run([qemu.path, "-cpu", cpu, "-L", root, *command])


@dataclass(frozen=True, kw_only=True)
class Program:
    compiler: str
    file: str
    source: str
    flags: tuple[str, ...]
    prints: str


PROGRAMS = {
    "c-openmp": Program(compiler="gcc", file="p.c", source=C, flags=("-O2", "-fopenmp", "-lm"), prints="2 2"),
    "cxx": Program(compiler="g++", file="p.cc", source=CXX, flags=("-O2",), prints='caught "a/b"'),
    "cxx-lto": Program(compiler="g++", file="p.cc", source=CXX, flags=("-O2", "-flto"), prints='caught "a/b"'),
    "fortran-openmp": Program(
        compiler="gfortran", file="p.f90", source=FORTRAN, flags=("-O2", "-fopenmp"), prints="6.0 2"
    ),
}


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_what_gcc_makes_runs(provisioner: Provisioner, tmp_path: Path, name: str, program: Program) -> None:
    target = get_target(name)
    gcc, sysroot = provisioner.gcc(target), provisioner.sysroot(target).sysroot
    (tmp_path / program.file).write_text(program.source)
    options = (f"--sysroot={sysroot.path}", program.file, *program.flags, "-o", "program")
    run([gcc.compiler(program.compiler), *options], cwd=tmp_path)
    python = provisioner.target_python(target, "3.13").python
    assert python.root is not None
    for root in (sysroot.path, python.root):
        assert emulate(provisioner, target, root, tmp_path / "program") == program.prints


@pytest.mark.parametrize("name", TARGETS)
def test_the_sysroot_is_older_than_the_interpreter(provisioner: Provisioner, name: str) -> None:
    target = get_target(name)
    sysroot, python = provisioner.sysroot(target), provisioner.target_python(target, "3.14")
    versions = {package.name: package.version for package in python.tree.provenance.packages}
    assert sysroot.sysroot.glibc is not None
    assert sysroot.sysroot.glibc < parse_version(versions["libc6"].partition("-")[0])
    assert sysroot.tree.provenance.suite == provisioner.gcc(target).tree.provenance.suite


@pytest.mark.parametrize("version", ["3.13", "3.14"])
@pytest.mark.parametrize("name", TARGETS)
def test_the_target_python_runs(provisioner: Provisioner, name: str, version: str) -> None:
    target = get_target(name)
    python = provisioner.target_python(target, version).python
    assert python.root is not None
    assert python.executable is not None
    code = "import bz2, ctypes, lzma, sqlite3, ssl, sysconfig; print(sysconfig.get_config_var('EXT_SUFFIX'))"
    assert emulate(provisioner, target, python.root, python.executable, "-c", code) == python.extension_suffix


@pytest.mark.parametrize("name", TARGETS)
def test_headers_compile(provisioner: Provisioner, tmp_path: Path, name: str) -> None:
    target = get_target(name)
    gcc, sysroot = provisioner.gcc(target), provisioner.sysroot(target).sysroot
    (tmp_path / "module.c").write_text("#include <Python.h>\nint size = SIZEOF_VOID_P;\n")
    for version in ("3.13", "3.14"):
        include = provisioner.target_python(target, version).python.include
        options = ["-Werror", f"-I{include}", "-shared", "-fPIC"]
        run([gcc.compiler("gcc"), f"--sysroot={sysroot.path}", *options, "module.c", "-o", "module.so"], cwd=tmp_path)


@pytest.mark.parametrize("name", TARGETS)
def test_our_sysroot_would_do_as_a_users_own(provisioner: Provisioner, name: str) -> None:
    target = get_target(name)
    sysroot = provisioner.sysroot(target).sysroot
    assert own_sysroot(sysroot.path, target) == sysroot


def test_libraries_can_be_linked(provisioner: Provisioner, tmp_path: Path) -> None:
    target = get_target("riscv64")
    gcc, sysroot = provisioner.gcc(target), provisioner.sysroot(target, ["zlib1g-dev"]).sysroot
    (tmp_path / "z.c").write_text("#include <stdio.h>\n#include <zlib.h>\nint main(void) { puts(zlibVersion()); }\n")
    run([gcc.compiler("gcc"), f"--sysroot={sysroot.path}", "z.c", "-lz", "-o", "z"], cwd=tmp_path)
    assert emulate(provisioner, target, sysroot.path, tmp_path / "z").startswith("1.")


def test_gcc_for_the_machine_itself(provisioner: Provisioner, tmp_path: Path) -> None:
    target = provisioner.build
    gcc, sysroot = provisioner.gcc(target), provisioner.sysroot(target).sysroot
    (tmp_path / "hello.cc").write_text(CXX)
    run([gcc.compiler("g++"), f"--sysroot={sysroot.path}", "hello.cc", "-o", "hello"], cwd=tmp_path)
    loader = sysroot.path / target.loader.lstrip("/")
    assert run([loader, "--library-path", sysroot.library_dirs[0], tmp_path / "hello"]) == 'caught "a/b"'


@pytest.mark.parametrize("version", ["3.13", "3.14"])
def test_the_build_python_makes_virtual_environments(provisioner: Provisioner, tmp_path: Path, version: str) -> None:
    python = provisioner.build_python(version)
    run([python.executable, "-m", "venv", "--without-pip", tmp_path / "venv"])
    code = "import ctypes, lzma, sqlite3, ssl, sys, sysconfig; print(sys.base_prefix, sysconfig.get_path('purelib'))"
    assert run([tmp_path / "venv/bin/python", "-c", code]).split() == [
        str(python.tree.path / "usr"),
        f"{tmp_path}/venv/lib/python{version}/site-packages",
    ]


def test_a_wheel_with_compiled_code_works_in_the_build_python(provisioner: Provisioner, tmp_path: Path) -> None:
    from uv import find_uv_bin

    python = provisioner.build_python("3.14")
    environ = {"HOME": str(tmp_path), "UV_CACHE_DIR": str(tmp_path / "uv"), **_index()}
    for command in (["venv", "--python", str(python.executable), "venv"], ["pip", "install", "-p", "venv", "numpy"]):
        subprocess.run([find_uv_bin(), *command], cwd=tmp_path, env=environ, check=True, capture_output=True)
    assert run([tmp_path / "venv/bin/python", "-c", "import numpy; print(numpy.linalg.inv([[0.5]]))"]) == "[[2.]]"


def _index() -> dict[str, str]:
    """Where this machine's package index is, and how it is trusted."""
    names = (
        "UV_INDEX_URL",
        "UV_DEFAULT_INDEX",
        "SSL_CERT_FILE",
        "PIP_INDEX_URL",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
    )
    found = {name: os.environ[name] for name in names if name in os.environ}
    if "PIP_INDEX_URL" in found:
        found.setdefault("UV_DEFAULT_INDEX", found["PIP_INDEX_URL"])
    return found


def test_a_warm_run_is_instant(provisioner: Provisioner) -> None:
    target = get_target("riscv64")
    requests = [provisioner.target_python_request(target, "3.14"), provisioner.sysroot_request(target)]
    provisioner.prepare(requests)
    later = Provisioner(settings=provisioner.settings, cache=provisioner.cache, build=provisioner.build, offline=True)
    start = time.perf_counter()
    later.prepare([later.target_python_request(target, "3.14"), later.sysroot_request(target)])
    assert time.perf_counter() - start < 1
