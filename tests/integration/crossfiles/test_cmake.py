from __future__ import annotations

import itertools
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.crossfiles.conftest import Cross, CrossFor

pytestmark = [pytest.mark.network, pytest.mark.emulator, pytest.mark.slow]

TARGETS = [("aarch64", "3.13"), ("ppc64le", "3.13"), ("riscv64", "3.13"), ("riscv64", "3.14")]
COMPONENTS = [
    "Interpreter;Development.Module",
    "Development.Module",
    "Interpreter;Development.Module;Development.SABIModule",
    "Development.SABIModule",
]
# Each asks the interpreter in a cross build in another way.
VERSIONS = ["3.25", "3.31", "4.0", "4.4"]


@pytest.fixture(scope="module")
def cmake_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """CMake of a series, from the package index."""

    def install(series: str) -> Path:
        folder: Path = tmp_path_factory.mktemp("cmake")
        command = [find_uv_bin(), "pip", "install", "-q", "--target", str(folder), f"cmake=={series}.*"]
        subprocess.run(command, check=True)
        return next(folder.glob("cmake/data/bin/cmake"))

    return install


def configure_and_build(cross: Cross, source: Path, *options: str, cmake: str | Path = "cmake") -> None:
    toolchain = ["--toolchain", str(cross.files.cmake)]
    cross.build(cmake, "-S", ".", "-B", "build", "-G", "Ninja", *toolchain, *options, cwd=source)
    cross.build(cmake, "--build", "build", cwd=source)


def expected(cross: Cross, components: str) -> set[str]:
    plain = {f"plain{cross.spec.python.extension_suffix}"} if "Development.Module" in components else set()
    return plain | ({"limited.abi3.so"} if "SABI" in components else set())


@pytest.mark.parametrize(("target", "python"), TARGETS)
@pytest.mark.parametrize("components", COMPONENTS)
def test_find_python(
    target: str, python: str, components: str, cross_for: CrossFor, project: Callable[[str], Path]
) -> None:
    cross = cross_for(target, python)
    source = project("cmake")
    configure_and_build(cross, source, "-DNAME=Python", f"-DCOMPONENTS={components}")
    cross.build("ctest", "--test-dir", "build", "--output-on-failure", cwd=source)
    made = {path.name for path in (source / "build").glob("*.so")}
    assert made == expected(cross, components)
    modules = sorted(name.partition(".")[0] for name in made)
    code = "".join(f"import {name}\nassert {name}.answer() == 42\n" for name in modules)
    cross.ask_target(code, cwd=source / "build")


@pytest.mark.parametrize("series", VERSIONS)
def test_every_cmake_names_modules_for_the_target(
    series: str, cmake_of: Callable[[str], Path], cross_for: CrossFor, project: Callable[[str], Path]
) -> None:
    cross = cross_for("riscv64")
    source = project("cmake")
    cmake = cmake_of(series)
    assert f"version {series}." in cross.build(cmake, "--version", cwd=source)
    for name, components in itertools.product(("Python", "Python3"), COMPONENTS[:2]):
        configure_and_build(cross, source, f"-DNAME={name}", f"-DCOMPONENTS={components}", cmake=cmake)
        assert {path.name for path in (source / "build").glob("*.so")} == expected(cross, components)
        shutil.rmtree(source / "build")


@pytest.mark.parametrize(("target", "python"), TARGETS)
def test_pybind11_and_nanobind(target: str, python: str, cross_for: CrossFor, project: Callable[[str], Path]) -> None:
    cross = cross_for(target, python)
    source = project("nanobind")
    configure_and_build(cross, source)
    suffix = cross.spec.python.extension_suffix
    assert {path.name for path in (source / "build").glob("*.so")} == {f"withcpp{suffix}", f"withnano{suffix}"}
    code = "import withcpp, withnano; print(withcpp.answer(3), withnano.answer(4))"
    assert cross.ask_target(code, cwd=source / "build") == "is 3 5"
