"""Meson and maturin fail on Debian's files as they are shipped, and read them once repaired."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from xbuild.details import check, compare, discover, load, repair, synthesise
from xbuild.elf_header import read_header
from xbuild.progress import SilentProgress
from xbuild.resolve import resolve
from xbuild.selection import Selection
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.integration.details.conftest import DebianTree

pytestmark = [pytest.mark.network, pytest.mark.slow]

TARGETS = ("aarch64", "riscv64", "ppc64le")
VERSIONS = ("3.14", "3.15")
ALL = ("aarch64", "armv7l", "loongarch64", "ppc64le", "riscv64", "s390x", "x86_64")

PROJECT = """
project('probe', 'c', meson_version: '>=1.10')
python = import('python').find_installation(pure: false)
python.extension_module('plain', 'plain.c')
python.extension_module('limited', 'limited.c', limited_api: '3.9')
"""
MODULE = """
#include <Python.h>
static struct PyModuleDef definition = {{PyModuleDef_HEAD_INIT, .m_name = "{0}"}};
PyMODINIT_FUNC PyInit_{0}(void) {{ return PyModule_Create(&definition); }}
"""
CROSS = """
[binaries]
c = '{cc}'
strip = '{strip}'
python = '{python}'
[host_machine]
system = 'linux'
cpu_family = '{machine.cpu_family}'
cpu = '{machine.cpu}'
endian = '{machine.endian}'
[properties]
needs_exe_wrapper = true
sys_root = '{root}'
[built-in options]
c_args = ['-idirafter', '{root}/usr/include']
"""
"""Debian's pyconfig.h includes another by its path from /usr/include; the tree has no C library to be mixed up with."""

CARGO = """
[package]
name = "{name}"
version = "0.27.0"
edition = "2021"
[lib]
crate-type = ["{kind}"]
"""
PYPROJECT = """
[build-system]
requires = ["maturin>=1.16,<2"]
build-backend = "maturin"
[project]
name = "probe"
version = "1"
[tool.maturin]
bindings = "pyo3"
"""


def shipped(tree: Path) -> Path:
    file = discover(tree)
    assert file is not None
    return file


def lacks_suffix(file: Path) -> bool:
    """Whether the file has the defect: a later package may have mended it."""
    return "XBD121" in {finding.code for finding in check(file)}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    (source / "meson.build").write_text(PROJECT)
    for name in ("plain", "limited"):
        (source / f"{name}.c").write_text(MODULE.format(name))
    return source


def run(*command: str, cwd: Path, environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=cwd, env=dict(environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", TARGETS)
def test_meson_builds_after_a_repair_and_not_before(
    name: str, version: str, debian_tree: DebianTree, tools: Mapping[str, str], project: Path
) -> None:
    target, root = get_target(name), debian_tree(name, version)
    selection = Selection(target=target, python="3.13", toolchain="gcc")
    toolchain = resolve(selection, progress=SilentProgress(), environ=os.environ).spec.toolchain
    cross = CROSS.format(
        cc=toolchain.cc, strip=toolchain.strip, python=tools["PYTHON"], machine=target.meson, root=root
    )
    (project / "cross.ini").write_text(cross)
    file = shipped(root)
    setup = ("meson", "setup", "--cross-file", "cross.ini")
    before = run(*setup, "before", f"-Dpython.build_config={file}", cwd=project, environ=tools)
    assert (before.returncode != 0) == lacks_suffix(file), before.stdout

    repaired = file.with_name("repaired.json")
    repaired.write_text(repair(file).after, "utf-8")
    after = run(*setup, "after", f"-Dpython.build_config={repaired}", cwd=project, environ=tools)
    assert after.returncode == 0, after.stdout
    compiled = run("meson", "compile", "-C", "after", cwd=project, environ=tools)
    assert compiled.returncode == 0, compiled.stdout
    abi = load(repaired).abi
    assert abi is not None
    modules = [
        project / "after" / f"{module}{suffix}"
        for module, suffix in (("plain", abi.extension_suffix), ("limited", abi.stable_abi_suffix))
    ]
    for module in modules:
        header = read_header(module)
        assert header is not None
        assert header.matches(target.elf)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", TARGETS)
def test_maturin_reads_it_after_a_repair_and_not_before(
    name: str, version: str, debian_tree: DebianTree, tools: Mapping[str, str], tmp_path: Path
) -> None:
    """Only its reader runs: there need be no Rust library for the target, and no PyO3."""
    if shutil.which("cargo") is None:
        pytest.skip("no cargo on PATH")
    for folder, crate, kind in ((tmp_path, "probe", "cdylib"), (tmp_path / "pyo3", "pyo3", "lib")):
        (folder / "src").mkdir(parents=True)
        (folder / "src" / "lib.rs").touch()
        (folder / "Cargo.toml").write_text(CARGO.format(name=crate, kind=kind))
    with (tmp_path / "Cargo.toml").open("a") as manifest:
        manifest.write('[dependencies]\npyo3 = { path = "pyo3" }\n')
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    library = tmp_path / "library"
    library.mkdir()
    file = shipped(debian_tree(name, version))
    command = ("maturin", "build", "--target", get_target(name).rust_triple, "-i", f"python{version}")
    cargo = {key: value for key, value in os.environ.items() if key.startswith(("CARGO", "RUSTUP"))}
    environ = {**tools, **cargo, "PYO3_CROSS_LIB_DIR": str(library), "RUST_LOG": "maturin=debug", "NO_COLOR": "1"}
    said = f"Parsed build-details.json: CPython {version}, ext_suffix=.cpython-{version.replace('.', '')}-"

    (library / "build-details.json").write_text(file.read_text("utf-8"))
    before = run(*command, cwd=tmp_path, environ=environ)
    assert (said not in before.stdout) == lacks_suffix(file), before.stdout
    (library / "build-details.json").write_text(repair(file).after, "utf-8")
    after = run(*command, cwd=tmp_path, environ=environ)
    assert said + get_target(name).triplet in after.stdout, after.stdout


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ALL)
def test_what_is_synthesised_means_what_is_repaired(
    name: str, version: str, debian_tree: DebianTree, tmp_path: Path
) -> None:
    tree = shutil.copytree(debian_tree(name, version), tmp_path / "tree", symlinks=True)
    file = shipped(tree)
    repaired = tmp_path / "repaired.json"
    repaired.write_text(repair(file).after, "utf-8")
    file.unlink()
    assert compare(synthesise(file.parent).details, load(repaired)) == ()
