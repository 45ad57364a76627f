from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xbuild.crossfiles import cmake
from xbuild.crossfiles.layout import Layout
from xbuild.errors import ToolchainError

if TYPE_CHECKING:
    from tests.unit.crossfiles.conftest import MakeSpec

    from xbuild.crossfiles.spec import CrossSpec


def with_abi(spec: CrossSpec, **changes: str | None) -> CrossSpec:
    assert spec.python.details.abi is not None
    abi = dataclasses.replace(spec.python.details.abi, **changes)  # type: ignore[arg-type]  # two fields of one type
    details = dataclasses.replace(spec.python.details, abi=abi)
    return dataclasses.replace(spec, python=dataclasses.replace(spec.python, details=details))


def test_no_second_sysroot_is_passed_to_the_compilers(spec: CrossSpec, layout: Layout) -> None:
    assert "set(CMAKE_SYSROOT" not in cmake.render(spec, layout)


def test_one_root_is_not_named_twice(spec: CrossSpec, layout: Layout) -> None:
    python = dataclasses.replace(spec.python, prefix=spec.sysroot.path)
    text = cmake.render(dataclasses.replace(spec, python=python), layout)
    assert 'set(CMAKE_FIND_ROOT_PATH "/xb/sysroot")' in text


def test_what_is_optional_can_be_missing(make_spec: MakeSpec, layout: Layout) -> None:
    text = cmake.render(make_spec(toolchain="bare"), layout)
    for name in ("CMAKE_CXX_COMPILER", "CMAKE_Fortran_COMPILER", "CMAKE_CROSSCOMPILING_EMULATOR", "PKG_CONFIG_EXE"):
        assert name not in text


@pytest.mark.parametrize("suffix", [".abi3.so", ".abi3-riscv64-linux-gnu.so", None])
def test_stable_abi_modules_have_the_name_every_interpreter_imports(
    suffix: str | None, spec: CrossSpec, layout: Layout
) -> None:
    assert 'set(Python_SOSABI "abi3" CACHE STRING "")' in cmake.render(with_abi(spec, stable_abi_suffix=suffix), layout)


def test_a_free_threaded_python_is_asked_for(make_spec: MakeSpec, layout: Layout) -> None:
    text = cmake.render(make_spec(version="3.14", flags="t"), layout)
    assert 'set(Python_FIND_ABI "ANY" "ANY" "ANY" "ON")' in text
    assert "FIND_ABI" not in cmake.render(make_spec(version="3.14"), layout)


def test_a_debug_build_is_told_to_pybind11(make_spec: MakeSpec, layout: Layout) -> None:
    assert 'set(PYTHON_IS_DEBUG "ON" CACHE INTERNAL "")' in cmake.render(make_spec(flags="d"), layout)


def test_without_a_library_none_is_named(spec: CrossSpec, layout: Layout) -> None:
    details = dataclasses.replace(spec.python.details, libpython=None)
    text = cmake.render(dataclasses.replace(spec, python=dataclasses.replace(spec.python, details=details)), layout)
    assert "Python_LIBRARY" not in text


@pytest.mark.parametrize("name", ['q"', "b\\", "s;"])
def test_a_compiler_that_cmake_cannot_take_is_an_error(name: str, make_spec: MakeSpec, layout: Layout) -> None:
    with pytest.raises(ToolchainError) as caught:
        cmake.render(make_spec(root=Path("/", name)), layout)
    assert caught.value.message == (
        "CMake cannot take a compiler whose path has a double quote, a semicolon or a backslash: "
        + repr(f"/{name}/toolchain/cc")
    )


def test_any_path_survives(make_spec: MakeSpec) -> None:
    spec = make_spec(root=Path("/a b/$x#ü"))
    text = cmake.render(spec, Layout.of(spec, Path("/y/$z")))
    assert 'set(CMAKE_C_COMPILER "/a b/\\$x#ü/toolchain/cc")' in text
    assert 'set(_xbuild_pythonpath "/y/\\$z/sysconfig")' in text
