"""Which backend a project has, and what it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xbuild.build.backends import Backend, config_settings, identify, missing_programs

CROSS = Path("/files/meson-cross.ini")
FOLDER = Path("/folder")
MESON = {"build-system": {"requires": ["meson-python"], "build-backend": "mesonpy"}}
SCIKIT = {"build-system": {"requires": ["scikit-build-core"], "build-backend": "scikit_build_core.build"}}


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ({}, Backend.SETUPTOOLS),
        ({"requires": ["setuptools"]}, Backend.SETUPTOOLS),
        ({"requires": ["setuptools"], "build-backend": "setuptools.build_meta:__legacy__"}, Backend.SETUPTOOLS),
        ({"requires": ["meson-python>=0.18", "Cython"], "build-backend": "mesonpy"}, Backend.MESON_PYTHON),
        (
            {"requires": ["scikit_build_core[pyproject]"], "build-backend": "scikit_build_core.build"},
            Backend.SCIKIT_BUILD_CORE,
        ),
        (
            {"requires": ["setuptools>=77", "pybind11"], "build-backend": "backend", "backend-path": ["_custom"]},
            Backend.SETUPTOOLS,
        ),
        (
            {"requires": ["setuptools", "meson-python"], "build-backend": "wrapper", "backend-path": ["."]},
            Backend.MESON_PYTHON,
        ),
        ({"requires": ["hatchling"], "build-backend": "hatchling.build"}, Backend.OTHER),
        ({"requires": ["!!"], "build-backend": "unknown"}, Backend.OTHER),
    ],
)
def test_backends_are_told_apart(system: dict[str, Any], expected: Backend) -> None:
    assert identify({"build-system": system}) is expected


def test_a_project_without_pyproject_is_setuptools() -> None:
    assert identify({}) is Backend.SETUPTOOLS


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ["--cross-file=/files/meson-cross.ini"]),
        ({"setup-args": "-Da=b"}, ["--cross-file=/files/meson-cross.ini", "-Da=b"]),
        ({"setup-args": ["-Da=b", "-Dc=d"]}, ["--cross-file=/files/meson-cross.ini", "-Da=b", "-Dc=d"]),
    ],
)
def test_meson_python_gets_the_cross_file_before_the_users_arguments(
    given: dict[str, str | list[str]], expected: list[str]
) -> None:
    settings = config_settings(MESON, meson_cross_file=CROSS, directory=FOLDER, user={"build-dir": "b", **given})

    assert settings == {"build-dir": "b", "setup-args": expected}


def test_other_backends_get_the_users_settings_alone() -> None:
    assert config_settings({}, meson_cross_file=CROSS, directory=FOLDER, user={"a": "b"}) == {"a": "b"}


def _only(pyproject: dict[str, Any], user: dict[str, str | list[str]]) -> Any:
    settings = config_settings(pyproject, meson_cross_file=CROSS, directory=FOLDER, user=user)
    settings.pop("setup-args", None)
    return settings


@pytest.mark.parametrize("user", [{"build-dir": "b"}, {"builddir": "b"}])
def test_a_build_happens_in_a_folder_of_a_fixed_name_unless_the_user_names_one(
    user: dict[str, str | list[str]],
) -> None:
    assert _only(MESON, {}) == {"builddir": ".mesonpy-build"}
    assert _only(MESON, user) == user


def test_cmake_builds_in_a_folder_of_a_fixed_name_unless_the_user_or_the_project_names_one() -> None:
    assert _only(SCIKIT, {}) == {"build-dir": "/folder/cmake"}
    assert _only(SCIKIT, {"build-dir": "b"}) == {"build-dir": "b"}
    assert _only(SCIKIT, {"skbuild.build-dir": "b"}) == {"skbuild.build-dir": "b"}
    assert _only({**SCIKIT, "tool": {"scikit-build": {"build-dir": "b"}}}, {}) == {}


@pytest.mark.parametrize(
    ("pyproject", "program", "expected"),
    [(SCIKIT, "cmake", ()), (SCIKIT, "cmake3", ()), (SCIKIT, "make", ("cmake",)), (MESON, "make", ())],
)
def test_programs_that_scikit_build_core_would_miss(
    tmp_path: Path, pyproject: dict[str, Any], program: str, expected: tuple[str, ...]
) -> None:
    (tmp_path / program).touch(0o755)
    assert missing_programs(pyproject, search_path=str(tmp_path)) == expected
