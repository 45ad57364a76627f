from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Literal

import pytest

from xbuild.crossfiles import conan
from xbuild.errors import ToolchainError

if TYPE_CHECKING:
    from tests.unit.crossfiles.conftest import MakeSpec

    from xbuild.crossfiles.layout import Layout
    from xbuild.crossfiles.spec import CrossSpec


def with_version(spec: CrossSpec, version: str) -> CrossSpec:
    return dataclasses.replace(spec, toolchain=dataclasses.replace(spec.toolchain, version=version))


@pytest.mark.parametrize(
    ("target", "arch"), [("aarch64", "armv8"), ("armv7l", "armv7hf"), ("ppc64le", "ppc64le"), ("riscv64", "riscv64")]
)
def test_the_architecture_has_conans_name(target: str, arch: str, make_spec: MakeSpec, layout: Layout) -> None:
    assert f"\narch={arch}\n" in conan.render(make_spec(target), layout)


@pytest.mark.parametrize(
    ("toolchain", "version", "settings"),
    [
        ("gcc", "14.2.0", "compiler=gcc\ncompiler.version=14\ncompiler.cppstd=gnu17\ncompiler.libcxx=libstdc++11\n"),
        ("zig", "zig 0.17.1", "compiler=clang\ncompiler.version=22\ncompiler.cppstd=gnu17\ncompiler.libcxx=libc++\n"),
    ],
)
def test_the_compiler(toolchain: str, version: str, settings: str, make_spec: MakeSpec, layout: Layout) -> None:
    assert settings in conan.render(with_version(make_spec(toolchain=toolchain), version), layout)


def test_a_clang_that_is_not_zigs_has_gccs_library(spec: CrossSpec, layout: Layout) -> None:
    clang = dataclasses.replace(spec, toolchain=dataclasses.replace(spec.toolchain, kind="system", family="clang"))
    assert "compiler.libcxx=libstdc++11\n" in conan.render(clang, layout)


@pytest.mark.parametrize(
    ("family", "version", "standard"),
    [
        ("gcc", "10.2.1", "gnu14"),
        ("gcc", "11.1.0", "gnu17"),
        ("clang", "15.0.7", "gnu14"),
        ("clang", "16.0.0", "gnu17"),
    ],
)
def test_the_language_is_the_compilers_default(
    family: Literal["gcc", "clang"], version: str, standard: str, spec: CrossSpec, layout: Layout
) -> None:
    toolchain = dataclasses.replace(spec.toolchain, kind="system", family=family, version=version)
    text = conan.render(dataclasses.replace(spec, toolchain=toolchain), layout)
    assert f"compiler.cppstd={standard}\n" in text


def test_without_a_version_there_is_no_profile(spec: CrossSpec, layout: Layout) -> None:
    with pytest.raises(ToolchainError) as caught:
        conan.render(with_version(spec, "unknown"), layout)
    assert caught.value.message == (
        "a Conan profile states the compiler's version, and /xb/toolchain/cc has said none that is understood"
    )


def test_no_sysroot_is_put_before_the_paths_of_conans_packages(spec: CrossSpec, layout: Layout) -> None:
    text = conan.render(spec, layout)
    assert "PKG_CONFIG_SYSROOT_DIR" not in text
    assert "PKG_CONFIG_LIBDIR=/files/pkgconfig\n" in text


def test_what_is_optional_can_be_missing(make_spec: MakeSpec, layout: Layout) -> None:
    text = conan.render(make_spec(toolchain="bare"), layout)
    assert 'compiler_executables={"c": "/xb/toolchain/cc"}\n' in text
    assert "pkg_config=" not in text
