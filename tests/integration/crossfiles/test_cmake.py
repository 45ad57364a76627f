"""Projects that find Python in each way CMake has, built by old and new CMake with nothing but the toolchain file."""

from __future__ import annotations

import functools
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

    CMakeOf = Callable[[str], Path]

pytestmark = [pytest.mark.network, pytest.mark.emulator]

OLD_COMPONENTS = ["Interpreter;Development.Module", "Development.Module"]
# CMake has known the stable ABI's since 3.26.
COMPONENTS = [*OLD_COMPONENTS, "Interpreter;Development.Module;Development.SABIModule", "Development.SABIModule"]


@pytest.fixture(scope="session")
def cmake_of(tmp_path_factory: pytest.TempPathFactory) -> CMakeOf:
    """CMake of a series, from the package index."""

    @functools.cache
    def install(series: str) -> Path:
        folder: Path = tmp_path_factory.mktemp("cmake")
        command = [find_uv_bin(), "pip", "install", "-q", "--target", str(folder), f"cmake=={series}.*"]
        subprocess.run(command, check=True)
        return next(folder.glob("cmake/data/bin/cmake"))

    return install


def build(cross: Cross, source: Path, *options: str, cmake: str | Path = "cmake") -> set[str]:
    """Build the project anew and return the names of its modules."""
    shutil.rmtree(source / "build", ignore_errors=True)
    toolchain = source / "toolchain.cmake"
    if not toolchain.exists():
        cross.crossfile("cmake", toolchain)
    cross.build(cmake, "-S", ".", "-B", "build", "-G", "Ninja", "--toolchain", toolchain, *options, cwd=source)
    cross.build(cmake, "--build", "build", cwd=source)
    return {path.name for path in (source / "build").glob("*.so")}


def expected(cross: Cross, components: str) -> set[str]:
    plain = {f"plain{cross.spec.python.extension_suffix}"} if "Development.Module" in components else set()
    return plain | ({"limited.abi3.so"} if "SABI" in components else set())


@pytest.mark.parametrize(("series", "variants"), [("3.25", OLD_COMPONENTS), ("4.4", COMPONENTS)], ids=["3.25", "4.4"])
def test_find_python(
    series: str, variants: list[str], cross: Cross, cmake_of: CMakeOf, project: Callable[[str], Path]
) -> None:
    source, cmake = project("cmake"), cmake_of(series)
    assert f"version {series}." in cross.build(cmake, "--version", cwd=source)
    for components in variants:
        made = build(cross, source, "-DNAME=Python", f"-DCOMPONENTS={components}", cmake=cmake)
        assert made == expected(cross, components)
        modules = sorted(name.partition(".")[0] for name in made)
        code = "".join(f"import {name}; assert {name}.answer() == 42\n" for name in modules)
        cross.ask_target(code, cwd=source / "build")
    tested = cross.build(cmake.with_name("ctest"), "--test-dir", "build", "--output-on-failure", cwd=source)
    assert "100% tests passed" in tested
    assert "Passed" in tested


@pytest.mark.parametrize("series", ["3.31", "4.0"])
def test_those_between_name_modules_for_the_target_too(
    series: str, cmake_of: CMakeOf, cross_for: CrossFor, project: Callable[[str], Path]
) -> None:
    """Each asks the interpreter in a cross build in another way."""
    cross = cross_for("riscv64")
    source = project("cmake")
    for name, components in itertools.product(("Python", "Python3"), COMPONENTS):
        options = (f"-DNAME={name}", f"-DCOMPONENTS={components}")
        assert build(cross, source, *options, cmake=cmake_of(series)) == expected(cross, components)


@pytest.mark.parametrize(("series", "target"), [("3.25", "aarch64"), ("4.4", "riscv64")])
def test_programs_that_embed_python(
    series: str, target: str, cmake_of: CMakeOf, cross_for: CrossFor, project: Callable[[str], Path]
) -> None:
    """All of Development is found, also where the C library is older than the one libpython was linked with."""
    cross, source, cmake = cross_for(target), project("embedding"), cmake_of(series)
    environ = cross.environ({"PYTHONHOME": str(cross.spec.python.prefix)})
    plain = {f"plain{cross.spec.python.extension_suffix}"}
    variants = {"Interpreter;Development": plain, "Development": plain, "Development.Embed": set()}
    for components, modules in variants.items():
        assert build(cross, source, f"-DCOMPONENTS={components}", cmake=cmake) == modules
        for name in modules:
            needed = cross.build("readelf", "-d", source / "build" / name, cwd=source)
            assert "libpython" not in needed
        command = (cmake.with_name("ctest"), "--test-dir", "build", "--verbose")
        assert "the answer is 42" in cross.build(*command, cwd=source, environ=environ)


def test_pybind11_and_nanobind(cross: Cross, project: Callable[[str], Path]) -> None:
    source = project("nanobind")
    if cross.spec.toolchain.cxx is None:
        with pytest.raises(AssertionError, match=refusal("CXX", "C\\+\\+", cross)):
            build(cross, source)
        return
    suffix = cross.spec.python.extension_suffix
    assert build(cross, source) == {f"withcpp{suffix}", f"withnano{suffix}"}
    code = "import withcpp, withnano; print(withcpp.answer(3), withnano.answer(4))"
    assert cross.ask_target(code, cwd=source / "build") == "is 3 5"


@pytest.mark.parametrize("series", ["3.25", "4.4"])
def test_a_language_the_toolchain_lacks_is_not_the_build_machines(
    series: str, cmake_of: CMakeOf, cross_for: CrossFor, project: Callable[[str], Path]
) -> None:
    cross, source, cmake = cross_for("ppc64le", toolchain="zig"), project("languages"), cmake_of(series)
    build(cross, source, cmake=cmake)  # nor does check_language() find one
    for language, variable, name in (("CXX", "CXX", "C\\+\\+"), ("Fortran", "FC", "Fortran")):
        with pytest.raises(AssertionError, match=refusal(variable, name, cross)):
            build(cross, source, f"-DWANTED={language}", cmake=cmake)


def refusal(variable: str, name: str, cross: Cross) -> str:
    """What CMake says, as a regular expression."""
    compiler = f"the-toolchain-has-no-{name}-for-{cross.spec.target.name}"
    return rf"environment variable {variable}:\s+{compiler}"
