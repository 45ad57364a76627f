"""Conan 2 itself builds with the profile: a package, and programs that need it, by CMake, Meson and make."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.integration.crossfiles.conftest import Cross, CrossFor

pytestmark = [pytest.mark.network, pytest.mark.emulator]


@dataclass(frozen=True, kw_only=True)
class Conan:
    """Conan with a home of its own, in an environment with the build systems it starts."""

    tools: Path
    home: Path

    def environ(self, cross: Cross) -> Mapping[str, str]:
        path = os.pathsep.join([str(self.tools / "bin"), os.environ.get("PATH", os.defpath)])
        return {**cross.environ(), "PATH": path, "CONAN_HOME": str(self.home)}

    def __call__(self, cross: Cross, *arguments: str | Path, cwd: Path) -> str:
        return cross.build(self.tools / "bin" / "conan", *arguments, cwd=cwd, environ=self.environ(cross))


@pytest.fixture(scope="session")
def conan(tmp_path_factory: pytest.TempPathFactory) -> Conan:
    tools = tmp_path_factory.mktemp("conan") / "venv"
    uv = find_uv_bin()
    subprocess.run([uv, "venv", "-q", str(tools)], check=True)
    names = ["conan>=2.20", "cmake", "meson>=1.10", "ninja"]
    subprocess.run([uv, "pip", "install", "-q", "--python", str(tools / "bin" / "python"), *names], check=True)
    found = Conan(tools=tools, home=tmp_path_factory.mktemp("conan-home"))
    environ = {**os.environ, "CONAN_HOME": str(found.home)}
    subprocess.run([tools / "bin" / "conan", "profile", "detect"], env=environ, check=True, capture_output=True)
    return found


def test_a_package_and_what_needs_it(cross: Cross, conan: Conan, project: Callable[[str], Path]) -> None:
    source = project("conan")
    profile = cross.crossfile("conan", source / "target.profile")
    if cross.spec.toolchain.cxx is None:  # and so there is nothing to build
        assert "'cpp'" not in profile.read_text("utf-8").replace('"', "'")
        return
    profiles = ["--profile:host", str(profile), "--profile:build", "default"]
    settings = json.loads(conan(cross, "profile", "show", *profiles, "--format", "json", cwd=source))["host"][
        "settings"
    ]
    assert settings["arch"] == cross.spec.target.conan_arch
    conan(cross, "create", "greeting", *profiles, cwd=source)
    for name in ("cmake", "meson", "make"):
        folder = source / name
        conan(cross, "build", f"program/conanfile_{name}.py", "-of", folder, *profiles, cwd=source)
        (made,) = [path for path in source.rglob("program") if path.is_file()]
        assert cross.spec.emulator is not None
        printed = cross.build(cross.spec.emulator.run, made, cwd=source)
        assert printed == f"hello from {cross.spec.target.name}\n"
        made.unlink()


def test_conan_is_told_which_compiler_it_is(cross: Cross, tmp_path: Path) -> None:
    """Zig's version is another than that of the Clang in it."""
    if cross.spec.toolchain.kind == "zig":
        version = cross.build(cross.spec.toolchain.cc, "--version", cwd=tmp_path).partition("clang version ")[2]
    else:
        version = cross.build(cross.spec.toolchain.cc, "-dumpversion", cwd=tmp_path).strip()
    major = version.partition(".")[0]
    assert f"compiler.version={major}\n" in cross.crossfile("conan", tmp_path / "profile").read_text("utf-8")


def test_a_portable_profile_says_where_it_is(cross_for: CrossFor, conan: Conan, tmp_path: Path) -> None:
    cross = cross_for("riscv64")
    cross.crossfile("conan", tmp_path / "first" / "riscv64.profile", "--portable")
    folder = (tmp_path / "first").rename(tmp_path / "se cond")
    profiles = ["--profile:host", str(folder / "riscv64.profile"), "--profile:build", "default"]
    shown = json.loads(conan(cross, "profile", "show", *profiles, "--format", "json", cwd=tmp_path))["host"]
    files = folder / "riscv64-cp313"
    assert shown["conf"]["tools.cmake.cmaketoolchain:user_toolchain"] == [str(files / "toolchain.cmake")]
    compilers = shown["conf"]["tools.build:compiler_executables"]
    assert compilers["cpp"] == str(files / "tools" / "riscv64-linux-gnu-g++")
    assert all(Path(compiler).is_file() for compiler in compilers.values())
