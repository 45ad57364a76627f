"""Which backend a project has, and what it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from xbuild.build.backends import Backend, config_settings, identify

CROSS = Path("/files/meson-cross.ini")


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
    settings = config_settings(Backend.MESON_PYTHON, meson_cross_file=CROSS, user={"builddir": "b", **given})

    assert settings == {"builddir": "b", "setup-args": expected}


def test_other_backends_get_the_users_settings_alone() -> None:
    assert config_settings(Backend.SETUPTOOLS, meson_cross_file=CROSS, user={"a": "b"}) == {"a": "b"}
