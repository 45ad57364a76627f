"""Importing: what xbuild writes means the same when it is read again, and SDKs of others build programs and wheels."""

from __future__ import annotations

import dataclasses
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.sdks import buildroot_sdk, yocto_sdk

from xbuild.crossfiles.environment import render
from xbuild.importing import Imported, import_files
from xbuild.progress import SilentProgress
from xbuild.resolve import resolve
from xbuild.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.integration.crossfiles.conftest import Cross, CrossFor

    from xbuild.crossfiles.spec import CrossSpec

pytestmark = [pytest.mark.network, pytest.mark.emulator, pytest.mark.slow]

SOURCE = (
    '#include <stdio.h>\n#include <math.h>\nint main(int c, char **v) { printf("%g\\n", sqrt(c + 15)); return 0; }\n'
)
TUNES = {"aarch64": "-march=armv8-a+crc", "riscv64": "-mabi=lp64d -march=rv64gc", "ppc64le": "-mcpu=power8"}
ARCHS = {"ppc64le": "powerpc64le"}
KERNELS = {"aarch64": "arm64", "riscv64": "riscv", "ppc64le": "powerpc"}


def imported(*files: Path) -> Imported:
    return import_files(files, target=None, environ=os.environ)


def resolved(result: Imported, folder: Path, python: str | None = None) -> CrossSpec:
    """The cross build that the imported file alone gives."""
    file = folder / "imported.toml"
    file.write_text(result.text, "utf-8")
    selection = Selection(target=result.target, toolchain=str(file), python=python)
    return resolve(selection, progress=SilentProgress(), environ=os.environ).spec


@pytest.mark.parametrize("toolchain", ["gcc", "zig"])
@pytest.mark.parametrize("python", ["3.13", "3.14"])
@pytest.mark.parametrize("target", ["aarch64", "ppc64le", "riscv64"])
@pytest.mark.parametrize("form", ["meson", "cmake", "env"])
def test_what_we_write_means_the_same_when_it_is_read(  # noqa: PLR0917, one per axis
    form: str, target: str, python: str, toolchain: str, cross_for: CrossFor, tmp_path: Path
) -> None:
    cross = cross_for(target, python, toolchain)
    file = {"meson": cross.files.meson, "cmake": cross.files.cmake}.get(form, tmp_path / "env")
    if form == "env":
        variables = {**cross.files.environment, **cross.files.interpreter_environment}
        file.write_text(render(variables, "sh"), "utf-8")
    result = imported(file)
    assert result.notes == ()
    again = resolved(result, tmp_path)
    for field in dataclasses.fields(cross.spec):
        assert getattr(again, field.name) == getattr(cross.spec, field.name), field.name


def commands(cross: Cross, *, told: bool) -> Mapping[str, str]:
    """The provisioned compilers, without what our own wrappers tell them; ``told`` of their sysroot, as Buildroot's."""
    toolchain = cross.spec.toolchain
    wrappers = {"gcc": toolchain.cc, "g++": toolchain.cxx, "ar": toolchain.ar, "ranlib": toolchain.ranlib}
    wrappers |= {"strip": toolchain.strip, "nm": toolchain.nm, "ld": toolchain.ld, "objcopy": toolchain.objcopy}
    found = {}
    for name, wrapper in {**wrappers, "readelf": toolchain.readelf}.items():
        assert wrapper is not None
        words = shlex.split(wrapper.read_text("utf-8").splitlines()[-1])[1:-1]
        kept = [word for word in words[1:] if told and word.startswith("--sysroot=")]
        found[name] = shlex.join([words[0], *kept])
    return found


def check_program(spec: CrossSpec, folder: Path) -> None:
    """A C and a C++ program compile, link and run."""
    for compiler, name in ((spec.toolchain.cc, "try.c"), (spec.toolchain.cxx, "try.cpp")):
        (folder / name).write_text(SOURCE, "utf-8")
        assert compiler is not None
        subprocess.run([compiler, name, "-o", "try", "-lm"], cwd=folder, check=True)
        assert spec.emulator is not None
        done = subprocess.run([spec.emulator.run, "./try"], cwd=folder, check=True, capture_output=True, text=True)
        assert done.stdout == "4\n"


@pytest.mark.parametrize("target", ["aarch64", "ppc64le", "riscv64"])
class TestYocto:
    def sdk(self, cross: Cross, folder: Path) -> Path:
        target = cross.spec.target.name
        return yocto_sdk(
            folder / "sdk",
            arch=ARCHS.get(target, target),
            kernel=KERNELS[target],
            tune=TUNES[target],
            tools=commands(cross, told=False),
            sysroot=cross.spec.sysroot.path,
        )

    def test_an_sdk_builds_programs(self, target: str, cross_for: CrossFor, tmp_path: Path) -> None:
        cross = cross_for(target)
        result = imported(self.sdk(cross, tmp_path))
        spec = resolved(result, tmp_path)
        arch = ARCHS.get(target, target)
        assert spec.target.name == target
        assert spec.sysroot.path == tmp_path / f"sdk/sysroots/{arch}-poky-linux"
        assert spec.toolchain.kind == "file"
        check_program(spec, tmp_path)

    def test_an_sdk_builds_a_wheel(self, target: str, cross_for: CrossFor, tmp_path: Path) -> None:
        cross = cross_for(target)
        result = imported(self.sdk(cross, tmp_path))
        check_wheel(result, tmp_path)


@pytest.mark.parametrize("target", ["aarch64", "ppc64le", "riscv64"])
@pytest.mark.parametrize("form", ["cmake", "environment"])
def test_a_buildroot_sdk_builds_programs_and_a_wheel(
    form: str, target: str, cross_for: CrossFor, tmp_path: Path
) -> None:
    cross = cross_for(target)
    arch = ARCHS.get(target, target)
    cmake, environment = buildroot_sdk(
        tmp_path / "höst dir" / "host",
        arch=arch,
        kernel=KERNELS[target],
        # Buildroot's compilers are wrappers that know their sysroot.
        tools=commands(cross, told=True),
        sysroot=cross.spec.sysroot.path,
    )
    result = imported(cmake if form == "cmake" else environment)
    spec = resolved(result, tmp_path)
    assert spec.target.name == target
    assert spec.sysroot.path == tmp_path / f"höst dir/host/{arch}-buildroot-linux-gnu/sysroot"
    check_program(spec, tmp_path)
    check_wheel(result, tmp_path)


def check_wheel(result: Imported, folder: Path) -> None:
    """``xbuild wheel`` with the imported file alone builds a wheel that is tested under the emulator."""
    file = folder / "sdk.toml"
    file.write_text(result.text, "utf-8")
    project = folder / "project"
    (project / "src").mkdir(parents=True)
    (project / "pyproject.toml").write_text(PYPROJECT, "utf-8")
    (project / "src/imported_try.c").write_text(MODULE, "utf-8")
    command = ["wheel", str(project), "--target", result.target.name, "--toolchain", str(file), "--outdir", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "xbuild", *command, "--test"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    assert result.target.wheel_machine in wheel.name


PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"
[project]
name = "imported-try"
version = "1"
[tool.setuptools]
ext-modules = [{ name = "imported_try", sources = ["src/imported_try.c"] }]
"""
MODULE = """\
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "imported_try", .m_size = 0};
PyMODINIT_FUNC PyInit_imported_try(void) { return PyModuleDef_Init(&module); }
"""
