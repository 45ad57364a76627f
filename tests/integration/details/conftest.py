"""Debian's own trees as they are shipped, and the tools that read build-details.json."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from uv import find_uv_bin

from xbuild.provision.cache import Cache
from xbuild.provision.debian.archive import Archive
from xbuild.provision.debian.sources import ArchiveSettings
from xbuild.provision.debian.unpack import Deb, unpack
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.provision.debian.archive import Suite

SUITES = ("trixie", "forky", "sid")
PACKAGES = (
    "libpython{}-minimal",
    "libpython{}-stdlib",
    "libpython{}-dev",
    "libpython{}",
    "libpython{}t64",
    "python{}-minimal",
)
TOOLS = ("maturin>=1.16", "meson>=1.10", "ninja")


class DebianTree(Protocol):
    def __call__(self, target: str, version: str) -> Path: ...


@pytest.fixture(scope="session")
def debian_tree(tmp_path_factory: pytest.TempPathFactory) -> DebianTree:
    """Unpacks the packages of one CPython for one machine, changed in nothing, from the first suite that has it."""
    archive = Archive(settings=ArchiveSettings.discover(None, os.environ), cache=Cache.default(os.environ))

    def suite_of(architecture: str, version: str) -> Suite:
        for name in SUITES:
            suite = archive.suite(name)
            if architecture in suite.architectures and suite.index(architecture).get(f"libpython{version}-dev"):
                return suite
        return pytest.fail(f"no suite has CPython {version} for {architecture}")

    @functools.cache
    def make(target: str, version: str) -> Path:
        architecture = get_target(target).debian_arch
        index = suite_of(architecture, version).index(architecture)
        found = [package for name in PACKAGES if (package := index.get(name.format(version))) is not None]
        debs = [Deb(label=package.name, path=path) for package, path in archive.fetch(found).items()]
        root = tmp_path_factory.mktemp(f"{target}-{version}")
        unpack(debs, root)
        return root

    return make


@pytest.fixture(scope="session")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """An environment whose PATH has the tools."""
    folder = tmp_path_factory.mktemp("tools") / "venv"
    uv = find_uv_bin()
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", str(folder / "bin" / "python"), *TOOLS], check=True)
    path = os.pathsep.join([str(folder / "bin"), os.environ.get("PATH", os.defpath)])
    return {"PATH": path, "HOME": os.environ.get("HOME", "/"), "PYTHON": str(Path(folder, "bin", "python"))}
