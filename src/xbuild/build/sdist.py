"""Finding a requirement's sdist on the package index: uv resolves it, with the index settings the user gave uv."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xbuild.errors import BuildError, ProvisionError
from xbuild.provision.download import Download, Downloader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.requirements import Requirement

    from xbuild.progress import Progress
    from xbuild.provision.cache import Cache


@dataclass(frozen=True, kw_only=True, slots=True)
class SdistLink:
    """Where one release's sdist is, and what it must hash to; ``size`` is 0 where the index does not say."""

    name: str
    version: str
    url: str
    filename: str
    sha256: str
    size: int


def resolve_sdist(
    requirement: Requirement, *, uv: str, python_version: str, environ: Mapping[str, str], offline: bool
) -> SdistLink:
    """Return the sdist of the newest release that ``requirement`` admits for ``python_version`` (``"3.14"``).

    Raises :class:`BuildError` if there is no such release, or it has no sdist.
    """
    return parse_lock(_run_uv(requirement, uv, python_version, environ, offline), requirement)


def parse_lock(text: str, requirement: Requirement) -> SdistLink:
    """Read the sdist from uv's ``pylock.toml`` (PEP 751) for one requirement."""
    lock: dict[str, Any] = tomllib.loads(text)
    (package,) = lock["packages"]
    sdist = package.get("sdist")
    if sdist is None or "sha256" not in sdist.get("hashes", {}):
        raise BuildError(
            f"{package['name']} {package.get('version', '')} has no sdist on the package index: only wheels",
            hint="build from a checkout: xbuild wheel DIRECTORY --target …",
        )
    url: str = sdist["url"]
    return SdistLink(
        name=package["name"],
        version=package.get("version", str(requirement.specifier)),
        url=url,
        filename=sdist.get("name") or url.rpartition("/")[2].partition("#")[0],
        sha256=sdist["hashes"]["sha256"],
        size=sdist.get("size", 0),
    )


def _run_uv(requirement: Requirement, uv: str, python_version: str, environ: Mapping[str, str], offline: bool) -> str:
    command = [uv, "pip", "compile", "-", "--quiet", "--no-header", "--no-deps", "--format", "pylock.toml"]
    # Our own interpreter: uv otherwise searches the machine, and running every pyenv shim takes seconds.
    command += ["--python", sys.executable, "--python-version", python_version]
    if offline:
        command.append("--offline")
    done = subprocess.run(
        command, input=f"{requirement}\n", env=dict(environ), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError(
            f"cannot find {requirement} on the package index",
            hint="check the name and the version; without --offline if it was never fetched"
            if offline
            else "check the name, the version, and the network",
            details=done.stderr.strip(),
        )
    return done.stdout


def fetch_sdist(link: SdistLink, *, directory: Path, cache: Cache, progress: Progress, offline: bool) -> Path:
    """Return the verified sdist as a file of its own name in ``directory``, from the cache where it is there.

    Raises :class:`ProvisionError` if it cannot be had, or is not what the index says.
    """
    path = directory / link.filename
    blob = _find_blob(link, cache)
    if blob is None:
        if offline:
            raise ProvisionError(
                f"offline: the sdist of {link.name} {link.version} is not in the cache",
                hint="run the same command without --offline, once with a network",
            )
        _download(link, to=path, progress=progress)
        blob = cache.insert_blob(path, link.sha256, origin=link.url)
    path.symlink_to(blob)
    return path


def _find_blob(link: SdistLink, cache: Cache) -> Path | None:
    """Return the sdist in the cache, if it is there and whole."""
    size = link.size
    if not size:
        try:
            size = cache.blob_path(link.sha256).stat().st_size
        except FileNotFoundError:
            return None
    return cache.find_blob(link.sha256, size)


def _download(link: SdistLink, *, to: Path, progress: Progress) -> None:
    largest = 1 << 32
    download = Download(url=link.url, path=to, size=link.size or largest, exact=bool(link.size))
    with progress.transfer(f"Downloading {link.filename}", total=link.size) as advance:
        Downloader().fetch([download], accept=lambda _download: None, advance=advance)
