"""What each build backend must be told, beyond the environment, to build for the target."""

from __future__ import annotations

import shutil
from enum import Enum
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

ConfigSettings = dict[str, str | list[str]]


class Backend(Enum):
    """The backends with an adapter. ``OTHER`` builds from the environment alone."""

    SETUPTOOLS = "setuptools"
    MESON_PYTHON = "meson-python"
    SCIKIT_BUILD_CORE = "scikit-build-core"
    OTHER = "other"


_BY_MODULE = {
    "setuptools": Backend.SETUPTOOLS,
    "mesonpy": Backend.MESON_PYTHON,
    "scikit_build_core": Backend.SCIKIT_BUILD_CORE,
}
# The order matters: a wrapper of meson-python may require setuptools too, for its own script.
_BY_REQUIREMENT = {
    "meson-python": Backend.MESON_PYTHON,
    "scikit-build-core": Backend.SCIKIT_BUILD_CORE,
    "setuptools": Backend.SETUPTOOLS,
}


def identify(pyproject: Mapping[str, Any]) -> Backend:
    """Tell the backend from the content of ``pyproject.toml``.

    An in-tree backend (``backend-path``) nearly always wraps one of the known ones, which it must require.
    """
    system = pyproject.get("build-system", {})
    name = system.get("build-backend")
    if name is None:
        return Backend.SETUPTOOLS  # PEP 517's default
    module = name.partition(":")[0].partition(".")[0]
    if module in _BY_MODULE:
        return _BY_MODULE[module]
    required = _names(system.get("requires", ()))
    return next((backend for known, backend in _BY_REQUIREMENT.items() if known in required), Backend.OTHER)


def _names(requirements: Iterable[str]) -> set[str]:
    names: set[str] = set()
    for text in requirements:
        try:
            names.add(canonicalize_name(Requirement(text).name))
        except InvalidRequirement:  # the front end reports it, with its place, when it installs the requirements
            continue
    return names


def config_settings(
    pyproject: Mapping[str, Any], *, meson_cross_file: Path, directory: Path, user: Mapping[str, str | list[str]]
) -> ConfigSettings:
    """Return the settings for the hooks of the project's backend: ours first, so that the user's can override them.

    ``directory`` is where what a backend makes can be. Left to themselves, some choose a folder with a random name,
    which debug information and error messages then hold.
    """
    settings: ConfigSettings = dict(user)
    backend = identify(pyproject)
    if backend is Backend.MESON_PYTHON:
        given = user.get("setup-args", [])
        settings["setup-args"] = [f"--cross-file={meson_cross_file}", *([given] if isinstance(given, str) else given)]
        if "build-dir" not in user and "builddir" not in user:
            # Where it would be: some projects refer from one to the other. This name all versions know.
            settings["builddir"] = ".mesonpy-build"
    elif backend is Backend.SCIKIT_BUILD_CORE and not _has_build_dir(pyproject, user):
        settings["build-dir"] = str(directory / "cmake")
    return settings


def missing_programs(pyproject: Mapping[str, Any], *, search_path: str | None) -> tuple[str, ...]:
    """Return requirements for programs that the backend runs, does not ask for by itself, and are not on the path.

    scikit-build-core tells projects whether CMake is there, or a wheel of it for the machine, which it takes for the
    target. Where neither is, some compile nothing.
    """
    if identify(pyproject) is not Backend.SCIKIT_BUILD_CORE:
        return ()
    found = any(shutil.which(name, path=search_path) for name in ("cmake", "cmake3"))
    return () if found else ("cmake",)


def _has_build_dir(pyproject: Mapping[str, Any], user: Mapping[str, str | list[str]]) -> bool:
    configured = pyproject.get("tool", {}).get("scikit-build", {})
    return "build-dir" in configured or not user.keys().isdisjoint({"build-dir", "skbuild.build-dir"})
