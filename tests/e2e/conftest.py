"""The command, a cache that is provisioned once for all tests, and a small archive for provisioning that goes wrong."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.command import Command, Disk, succeeded, why_no_disk
from tests.support.mini_components import small_archive

from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.mini_archive import MiniArchive

PPC, BUILD = get_target("ppc64le"), get_target(platform.machine())


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """A shell starts what runs in the background with interrupts ignored, and children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: builds make scripts that name their interpreter in it."""
    made = Path(tempfile.mkdtemp(prefix="xb-e2e-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def xbuild(folder: Path) -> Command:
    """The command with an empty cache, and of this machine nothing but its basic programs."""
    home = folder / "home"
    home.mkdir()
    environ = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PYENV_ROOT": str(home)}
    environ |= {"XDG_CONFIG_HOME": str(home), "UV_PYTHON_INSTALL_DIR": str(home), "UV_CACHE_DIR": str(_uv_cache())}
    return Command(folder=folder, cache=folder / "cache", environ=environ)


def _uv_cache() -> Path:
    """The user's own, which is warm: what is tested is not uv."""
    given = os.environ.get("UV_CACHE_DIR")
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(given) if given else Path(base or Path.home() / ".cache") / "uv"


@pytest.fixture(scope="session")
def warm_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that has all that builds for aarch64 and riscv64 need.

    It is the one that XBUILD_CACHE_DIR names, if that is set: nothing else may use it meanwhile.
    """
    given = os.environ.get("XBUILD_CACHE_DIR")
    cache = Path(given) if given else tmp_path_factory.mktemp("warm")
    for target in ("aarch64", "riscv64"):
        command = Command(folder=tmp_path_factory.mktemp("provision"), cache=cache)
        archive = {name: os.environ[name] for name in ("XBUILD_ARCHIVE",) if name in os.environ}
        succeeded(command("crossfile", "meson", "--target", target, env=archive, timeout=900))
    return cache


@pytest.fixture
def builder(folder: Path, warm_cache: Path) -> Command:
    """The command with all it needs to build in its cache: it need not fetch anything but build requirements."""
    environ = {name: os.environ[name] for name in ("XBUILD_ARCHIVE",) if name in os.environ}
    return Command(folder=folder, cache=warm_cache, environ=environ)


@pytest.fixture
def mini(folder: Path) -> MiniArchive:
    """Bookworm with compilers for ppc64le; trixie with CPython 3.14 for it and for this machine, and QEMU."""
    return small_archive(folder / "mirror", PPC, BUILD)


@pytest.fixture
def disk(folder: Path) -> Callable[[Path, str], Disk]:
    """Make a small disk of a folder: ``disk(folder, "size=1m")``."""
    reason = why_no_disk(folder)
    if reason is not None:
        pytest.skip(f"no disk can be mounted here without root: {reason}")
    return lambda place, options: Disk(folder=place, options=options, listing=folder / "on-disk")
