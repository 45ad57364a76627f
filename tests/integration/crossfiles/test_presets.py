"""CMake itself, of the oldest and the newest series that reads the presets, configures, builds and tests by them."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

from xbuild.crossfiles.presets import preset_name

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.crossfiles.conftest import Cross, CrossFor

pytestmark = [pytest.mark.network, pytest.mark.emulator]

VARIABLES = ("-DNAME=Python", "-DCOMPONENTS=Development.Module")


@pytest.fixture(scope="module")
def cmake_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of ``cmake`` and ``ctest``, of a series from the package index or the newest."""

    def install(requirement: str) -> Path:
        folder: Path = tmp_path_factory.mktemp("cmake")
        command = [find_uv_bin(), "pip", "install", "-q", "--target", str(folder), requirement]
        subprocess.run(command, check=True)
        return next(folder.glob("cmake/data/bin"))

    return install


def build_and_test(cross: Cross, source: Path, programs: Path, *, listed: str) -> None:
    name = preset_name(cross.spec)
    for kind in ("configure", "build", "test"):
        assert f'"{listed}"' in cross.build(programs / "cmake", f"--list-presets={kind}", cwd=source)
    cross.build(programs / "cmake", "--preset", listed, *VARIABLES, cwd=source)
    cross.build(programs / "cmake", "--build", "--preset", listed, cwd=source)
    tested = cross.build(programs / "ctest", "--preset", listed, cwd=source)
    assert "100% tests passed" in tested
    assert (source / "build" / name / f"plain{cross.spec.python.extension_suffix}").is_file()


@pytest.mark.parametrize("requirement", ["cmake==3.21.*", "cmake"])
def test_as_the_users_presets(
    requirement: str, cmake_of: Callable[[str], Path], cross_for: CrossFor, project: Callable[[str], Path]
) -> None:
    cross = cross_for("riscv64")
    source = project("cmake")
    cross.crossfile("presets", source / "CMakeUserPresets.json")
    build_and_test(cross, source, cmake_of(requirement), listed=preset_name(cross.spec))


@pytest.mark.parametrize("requirement", ["cmake==3.23.*", "cmake"])
def test_included_by_the_users_presets(
    requirement: str, cmake_of: Callable[[str], Path], cross_for: CrossFor, project: Callable[[str], Path]
) -> None:
    cross = cross_for("aarch64")
    source = project("cmake")
    cross.crossfile("presets", source / "cross" / "aarch64.json")
    document = {"version": 4, "include": ["cross/aarch64.json"]}
    (source / "CMakeUserPresets.json").write_text(json.dumps(document), "utf-8")
    build_and_test(cross, source, cmake_of(requirement), listed=preset_name(cross.spec))


def test_every_combination_configures(cross: Cross, project: Callable[[str], Path]) -> None:
    source = project("cmake")
    cross.crossfile("presets", source / "CMakeUserPresets.json")
    cmake = shutil.which("cmake", path=str(cross.tools / "bin"))
    assert cmake is not None
    cross.build(cmake, "--preset", preset_name(cross.spec), *VARIABLES, cwd=source)
