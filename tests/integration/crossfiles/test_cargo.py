"""A PyO3 module with crates and compilers of Debian's, built by Cargo with nothing but what xbuild writes."""

from __future__ import annotations

import json
import os
import platform
import shutil
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

import pytest
from tests.support.debian_rust import provide_rust

from xbuild.elf_header import read_header
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.integration.crossfiles.conftest import Cross, CrossFor

pytestmark = [pytest.mark.network, pytest.mark.emulator]

# What Rust calls them, whatever their byte order.
ARCHITECTURES = {"aarch64": "aarch64", "riscv64": "riscv64", "ppc64le": "powerpc64"}

REGISTRY = """
[source.crates-io]
replace-with = "debian"

[source.debian]
directory = "{registry}"
"""


class Cargo(Protocol):
    def __call__(
        self, cross: Cross, *words: str | Path, cwd: Path, environ: Mapping[str, str] = MappingProxyType({})
    ) -> str: ...


@pytest.fixture(scope="session")
def rust() -> Path:
    return provide_rust(tuple(ARCHITECTURES))


@pytest.fixture
def cargo(rust: Path, cross_for: CrossFor, tmp_path: Path) -> Cargo:
    """Cargo with Debian's crates. Programs that run in the build are linked by our own compiler for this machine."""
    build = get_target(platform.machine())
    registry = tmp_path / "registry.toml"
    registry.write_text(REGISTRY.format(registry=rust / "usr/share/cargo/registry"), "utf-8")
    own = {
        "PATH": os.pathsep.join([str(rust / "usr/bin"), os.defpath]),
        "CARGO_HOME": str(tmp_path / "cargo-home"),
        f"CARGO_TARGET_{build.rust_triple.upper().replace('-', '_')}_LINKER": str(
            cross_for(build.name).spec.toolchain.cc
        ),
    }

    def run(cross: Cross, *words: str | Path, cwd: Path, environ: Mapping[str, str] = MappingProxyType({})) -> str:
        command = ("cargo", "--config", registry, "--offline", *words)
        return cross.build(*command, cwd=cwd, environ={**environ, **own})

    return run


def load(cross: Cross, source: Path, suffix: str) -> str:
    """Give the module the name Python looks for, which is no business of Cargo's, and ask it on the target."""
    built = source / "target" / cross.spec.target.rust_triple / "release" / "libwithrust.so"
    header = read_header(built)
    assert header is not None
    assert header.matches(cross.spec.target.elf)
    shutil.copy(built, source / f"withrust{suffix}")
    return cross.ask_target("import withrust; print(withrust.answer(21))", cwd=source)


@pytest.mark.slow
def test_a_module_by_cargos_configuration(cross: Cross, cargo: Cargo, project: Callable[[str], Path]) -> None:
    source = project("cargo")
    config = cross.crossfile("cargo", source / "config.toml")
    # This PyO3 knows versions to 3.13; of later ones it must be told that the stable ABI is enough.
    is_known = cross.spec.python.version == "3.13"
    features, environ = ((), {}) if is_known else (("--features", "abi3"), {"PYO3_USE_ABI3_FORWARD_COMPATIBILITY": "1"})
    cargo(cross, "--config", config, "build", "--release", "--lib", *features, cwd=source, environ=environ)
    assert load(cross, source, cross.spec.python.extension_suffix if is_known else ".abi3.so") == "42"


@pytest.mark.parametrize("target", ARCHITECTURES)
def test_a_module_and_a_program_by_the_environment(
    target: str, cross_for: CrossFor, cargo: Cargo, project: Callable[[str], Path]
) -> None:
    cross, source = cross_for(target), project("cargo")
    environ = json.loads(cross.crossfile("env", source / "env.json", "--format", "json").read_text("utf-8"))
    options = ("--release", "--features", "abi3")
    cargo(cross, "build", "--lib", *options, cwd=source, environ=environ)
    assert load(cross, source, ".abi3.so") == "42"
    # Cargo's runner is the emulator.
    output = cargo(cross, "run", "--quiet", "--bin", "program", *options, cwd=source, environ=environ)
    assert output.split() == [ARCHITECTURES[target]]


def test_meson_compiles_rust_for_the_target(rust: Path, cross_for: CrossFor, project: Callable[[str], Path]) -> None:
    """As rustc is told the target, and links with the cross file's C compiler."""
    cross, source = cross_for("riscv64"), project("rust")
    cross_file = cross.crossfile("meson", source / "cross.ini")
    path = os.pathsep.join([str(rust / "usr/bin"), cross.environ()["PATH"]])
    environ = cross.environ({"PATH": path})
    cross.build("meson", "setup", "build", "--cross-file", cross_file, cwd=source, environ=environ)
    tested = cross.build("meson", "test", "-C", "build", "--verbose", cwd=source, environ=environ)
    assert "the answer is 42" in tested
