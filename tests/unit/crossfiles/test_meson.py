from __future__ import annotations

import configparser
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xbuild.crossfiles import meson

if TYPE_CHECKING:
    from tests.unit.crossfiles.conftest import MakeSpec

    from xbuild.crossfiles.layout import Layout
    from xbuild.crossfiles.spec import CrossSpec


def parsed(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(delimiters=["="], interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # how configparser is told to keep case
    parser.read_string(text)
    return parser


@pytest.mark.parametrize(
    ("target", "family", "cpu", "endian", "long_double"),
    [
        ("aarch64", "aarch64", "aarch64", "little", "IEEE_QUAD_LE"),
        ("ppc64le", "ppc64", "power8", "little", "IBM_DOUBLE_DOUBLE_LE"),
        ("riscv64", "riscv64", "riscv64", "little", "IEEE_QUAD_LE"),
        ("s390x", "s390x", "s390x", "big", "IEEE_QUAD_BE"),
    ],
)
def test_the_machine_is_the_targets(  # noqa: PLR0917, the columns of the table
    target: str, family: str, cpu: str, endian: str, long_double: str, make_spec: MakeSpec, layout: Layout
) -> None:
    file = parsed(meson.render(make_spec(target), layout))
    machine = file["host_machine"]
    assert (machine["cpu_family"], machine["cpu"], machine["endian"]) == (f"'{family}'", f"'{cpu}'", f"'{endian}'")
    assert file["properties"]["longdouble_format"] == f"'{long_double}'"
    assert file["properties"]["needs_exe_wrapper"] == "true"


def test_without_an_emulator_there_is_no_wrapper(make_spec: MakeSpec, layout: Layout) -> None:
    assert "exe_wrapper" not in parsed(meson.render(make_spec(toolchain="bare"), layout))["binaries"]
    assert parsed(meson.render(make_spec(), layout))["binaries"]["exe_wrapper"] == "'/xb/emulator/wrapper'"


def test_compilers_that_are_not_there_are_not_named(make_spec: MakeSpec, layout: Layout) -> None:
    binaries = parsed(meson.render(make_spec(toolchain="bare"), layout))["binaries"]
    assert binaries["c"] == "'/xb/toolchain/cc'"
    assert {"cpp", "fortran", "nm", "objcopy"}.isdisjoint(binaries)


def test_sys_root_is_not_set_for_a_python_outside_it(spec: CrossSpec, layout: Layout) -> None:
    file = parsed(meson.render(spec, layout))
    assert "sys_root" not in file["properties"]
    assert file["binaries"]["pkg-config"] == "['env', 'PKG_CONFIG_SYSROOT_DIR=/xb/sysroot', '/xb/tools/pkg-config']"


def test_sys_root_is_set_for_a_python_inside_it(spec: CrossSpec, layout: Layout) -> None:
    python = dataclasses.replace(spec.python, include=Path("/xb/sysroot/usr/include/python3.13"))
    file = parsed(meson.render(dataclasses.replace(spec, python=python), layout))
    assert file["properties"]["sys_root"] == "'/xb/sysroot'"
    assert file["binaries"]["pkg-config"] == "'/xb/tools/pkg-config'"


def test_a_missing_pkg_config_is_looked_for_on_path(make_spec: MakeSpec, layout: Layout) -> None:
    binaries = parsed(meson.render(make_spec(toolchain="bare"), layout))["binaries"]
    assert binaries["pkg-config"] == "['env', 'PKG_CONFIG_SYSROOT_DIR=/xb/sysroot', 'pkg-config']"


def test_the_files_of_its_own_are_named(spec: CrossSpec, layout: Layout) -> None:
    properties = parsed(meson.render(spec, layout))["properties"]
    assert properties["cmake_toolchain_file"] == "'/files/toolchain.cmake'"
    assert properties["pkg_config_libdir"].startswith("['/files/pkgconfig', '/xb/sysroot/usr/lib/")


def test_what_goes_with_conan_names_no_compiler_and_no_pkg_config(make_spec: MakeSpec, layout: Layout) -> None:
    file = parsed(meson.render_for_conan(make_spec(), layout))
    assert set(file["binaries"]) == {"python", "python3", "exe_wrapper", "cmake", "cython", "rust", "readelf"}
    assert file["properties"]["pkg_config_libdir"] == "['/files/pkgconfig']"
    assert "host_machine" not in file
