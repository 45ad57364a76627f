"""The build machine: what xbuild would use of it. Fast, and nothing is fetched or changed."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild import __version__
from xbuild.doctor.model import Check
from xbuild.emulator import find_qemu
from xbuild.errors import BuildError, ProvisionError, XBuildError
from xbuild.machine import build_machine
from xbuild.provision.cache import Cache, format_size
from xbuild.provision.debian.catalog import debian_catalog
from xbuild.provision.debian.sources import ArchiveSettings
from xbuild.provision.download import reach
from xbuild.targets import get_target, target_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from xbuild.targets import Target

_LEAST_SPACE = 256 << 20
"""Bytes: a build's scratch folder takes more than this only for large projects."""
_SECONDS = 10
"""The longest that one look may take."""
_PYTHONS = tuple(f"3.{minor}" for minor in range(9, 16))
_PROGRAMS = ("pkg-config", "cmake", "meson", "ninja", "cc", "c++", "cython", "cargo", "rustc")
_CACHE_REMEDY = "set XBUILD_CACHE_DIR to a folder that you may write to"
_SPACE_REMEDY = "free some space, or set XBUILD_CACHE_DIR to a folder on a larger disk"


def check_machine(environ: Mapping[str, str], *, archive: str | None, offline: bool) -> Iterator[Check]:
    """Yield what is found, in the order a person asks for it. ``archive`` is the user's choice of a mirror."""
    path = environ.get("PATH", os.defpath)
    looks: list[Callable[[], list[Check]]] = [
        lambda: [_xbuild(), _machine(platform.system(), platform.machine())],
        lambda: [check_cache(Cache.default(environ).root)],
        lambda: [check_archive(archive, environ, offline=offline)],
        _uv,
        lambda: [_pythons(path, environ)],
        lambda: list(_emulators(path)),
        _zig,
        lambda: [_engine(environ)],
        lambda: [_program(name, path) for name in _PROGRAMS],
    ]
    with ThreadPoolExecutor() as pool:  # they wait for programs and the network, mostly
        for found in pool.map(lambda look: look(), looks):
            yield from found


def _xbuild() -> Check:
    running = f"{platform.python_implementation()} {platform.python_version()}, {sys.executable}"
    return Check(subject="xbuild", status="ok", finding=f"{__version__} on {running}")


def _machine(system: str, machine: str) -> Check:
    try:
        build_machine(system, machine)
    except XBuildError as error:
        return Check.failed("build machine", error)
    libc = " ".join(filter(None, platform.libc_ver()))
    found = ", ".join(filter(None, (f"{machine}, {system} {platform.release()}", libc)))
    return Check(subject="build machine", status="ok", finding=found)


# The cache and the archive


def check_cache(root: Path) -> Check:
    """Look whether the cache at ``root`` can be read and written, and what space it has. It is not made for that."""
    try:
        place = next(path for path in (root, *root.parents) if path.exists())
        free = _try_to_write(place)
    except OSError as error:
        remedy = _SPACE_REMEDY if error.errno in (errno.ENOSPC, errno.EDQUOT) else _CACHE_REMEDY
        said = (error.strerror or str(error)).lower()
        return Check.failed("cache", ProvisionError(f"{root} cannot be used: {said}", hint=remedy))
    if free < _LEAST_SPACE:
        full = ProvisionError(f"{root} has {format_size(free)} free, too little for a build", hint=_SPACE_REMEDY)
        return Check.failed("cache", full)
    size = _size(root) if place == root else "empty"
    return Check(subject="cache", status="ok", finding=f"{root}, {size}, {format_size(free)} free")


def _try_to_write(folder: Path) -> int:
    """Write a file without a name, and return how many bytes are free. Raises :class:`OSError`."""
    with os.scandir(folder) as entries:
        next(entries, None)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(4096))
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _size(root: Path) -> str:
    """Ask ``du``, which is many times as fast as Python, and may not know in time."""
    try:
        done = subprocess.run(
            ["du", "-sk", str(root)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=3, check=False
        )
        return format_size(int(done.stdout.split()[0]) << 10)
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError):
        return "size unknown"


def check_archive(chosen: str | None, environ: Mapping[str, str], *, offline: bool) -> Check:
    """Look which archive xbuild would fetch from, and, unless ``offline``, whether it answers."""
    try:
        settings = ArchiveSettings.discover(chosen, environ)
        if not offline:
            # One that every mirror has: the stable suite's.
            stable = next(suite.codename for suite in debian_catalog().suites if suite.status == "stable")
            reach(f"{settings.url}/dists/{stable}/InRelease", seconds=_SECONDS)
    except XBuildError as error:
        return Check.failed("archive", error)
    answers = "not asked (--offline)" if offline else "answers"
    return Check(subject="archive", status="ok", finding=f"{settings.url} (from {settings.origin}), {answers}")


# Programs


def _uv() -> list[Check]:
    """Every build installs requirements with it."""
    from uv import find_uv_bin

    try:
        uv = find_uv_bin()
    except FileNotFoundError as error:
        uv, said = "uv", str(error)
    else:
        said = _said_by([uv, "--version"])
        if said.startswith("uv "):
            return [Check(subject="uv", status="ok", finding=f"{said.split()[1]}, {uv}")]
    hint = "install xbuild again: uv is one of its requirements"
    return [Check.failed("uv", BuildError(f"{uv} does not start: {said}", hint=hint))]


def _pythons(path: str, environ: Mapping[str, str]) -> Check:
    """Look for interpreters by their names; which one a build takes is decided, and asked, for its target alone."""
    places: dict[str, Path] = {}
    pyenv = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "/nonexistent"), ".pyenv"))
    for version in _PYTHONS:
        # pyenv's shims start whichever version is switched on, if any.
        folders = [folder for folder in path.split(os.pathsep) if Path(folder) != pyenv / "shims"]
        found = shutil.which(f"python{version}", path=os.pathsep.join(folders))
        candidates = [Path(found)] if found else []
        with contextlib.suppress(OSError):  # another user's
            candidates += [folder / "bin" / f"python{version}" for folder in (pyenv / "versions").glob(f"{version}.*")]
        places.update((version, candidate) for candidate in candidates if candidate.is_file())
    with ThreadPoolExecutor() as pool:
        whole = dict(zip(places, pool.map(_has_venv, places.values()), strict=True))
    good = [f"{version} ({places[version]})" for version, works in whole.items() if works]
    bad = [f"{places[version]} is not used: it has no venv module" for version, works in whole.items() if not works]
    return Check(
        subject="build Pythons",
        status="ok" if good else "absent",
        finding="; ".join([", ".join(good) or "none on this machine", *bad, "others are fetched"]),
    )


def _has_venv(python: Path) -> bool:
    return not _said_by([str(python), "-I", "-c", "import venv"])


def _emulators(path: str) -> Iterator[Check]:
    yours = get_target(platform.machine()).name if platform.machine() in target_names() else None
    good, bad = [], []
    for target in (get_target(name) for name in target_names() if name != yours):
        qemu = find_qemu(target, path=path)
        if qemu is not None:
            good.append(f"{target.name}: {qemu[1]} ({qemu[0]})")
        else:
            bad += [str(found) for found in _named_like_qemu(target, path)]
    if bad:
        yield Check(
            subject="QEMU",
            status="absent",
            finding=f"not used, as it does not start or is older than 6.2: {', '.join(bad)}",
            remedy="mend or remove it; until then one is fetched",
        )
    if good or not bad:
        found = ", ".join(good) or "not on PATH; one is fetched"
        yield Check(subject="QEMU", status="ok" if good else "absent", finding=found)


def _named_like_qemu(target: Target, path: str) -> Iterator[str]:
    for name in (f"qemu-{target.qemu.name}-static", f"qemu-{target.qemu.name}"):
        found = shutil.which(name, path=path)
        if found is not None:
            yield found


def _zig() -> list[Check]:
    from xbuild.toolchains.zig import find_zig, zig_version

    try:
        zig = find_zig()
    except XBuildError as error:
        remedy = f"for --toolchain zig, {error.hint}"
        return [Check(subject="zig", status="absent", finding="not installed", remedy=remedy)]
    try:
        return [Check(subject="zig", status="ok", finding=f"{zig_version(zig)}, {zig}")]
    except XBuildError as error:
        return [Check.failed("zig", error)]


def _engine(environ: Mapping[str, str]) -> Check:
    """Only builds in containers need one."""
    from xbuild.engines.container.client import is_podman, open_client

    try:
        with contextlib.closing(open_client(environ)) as client:
            kind = "Podman" if is_podman(client) else "Docker Engine"
            return Check(subject="container engine", status="ok", finding=f"{kind} {client.version()['Version']}")
    except XBuildError as error:
        remedy = f"for --engine container, {error.hint}" if error.hint else None
        return Check(subject="container engine", status="absent", finding=error.message, remedy=remedy)


def _program(name: str, path: str) -> Check:
    found = shutil.which(name, path=path)
    return Check(subject=name, status="ok" if found else "absent", finding=found or "not on PATH")


def _said_by(command: list[str]) -> str:
    """Return what a short program prints, standard error too; why it does not start, if it does not."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return (done.stdout + done.stderr).strip()
