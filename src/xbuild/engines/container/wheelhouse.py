"""Wheels of requirements, for interpreters that are elsewhere: resolved by uv, chosen by their tags, from the cache."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from packaging.pylock import PackageWheel, Pylock, PylockSelectError, PylockValidationError
from packaging.requirements import Requirement
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import canonicalize_name
from uv import find_uv_bin

from xbuild.build.process import clean_environ
from xbuild.engines.container.settings import proxies
from xbuild.errors import BuildError
from xbuild.provision.cache import digest_file
from xbuild.provision.download import Download, Downloader
from xbuild.testing.requirements import location

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from packaging.markers import Environment
    from packaging.tags import Tag

    from xbuild.progress import Progress
    from xbuild.provision.cache import Cache
    from xbuild.supply import Interpreter

_LARGEST = 1 << 32
_MOST = 1 << 33
"""Of bytes that one build is given: enough for any that is honest."""
_LONGEST = 10_000
# What uv needs to reach an index. It need not know the rest, which may hold secrets.
_FOR_UV = re.compile(
    r"PATH|HOME|USER|TMPDIR|NETRC|DBUS_SESSION_BUS_ADDRESS|SSL_CERT_FILE|SSL_CERT_DIR|SSL_CLIENT_CERT|(UV|XDG)_\w+"
)
_ALLOW = "'--container network=true' lets the build fetch it itself, and anything else"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheelhouse:
    """Gets wheels into ``folder``, with the index settings the user gave uv; ``find_links`` as for uv.

    No code of what is fetched is run: wheels only, and a wheel need not run to be put somewhere.
    """

    folder: Path
    cache: Cache
    environ: Mapping[str, str]
    progress: Progress
    find_links: tuple[str, ...] = ()
    offline: bool = False

    def fetch(self, requirements: Sequence[str], interpreter: Interpreter) -> tuple[Path, ...]:
        """Return wheels of ``requirements``, and of all they require, for ``interpreter``.

        Raises :class:`BuildError` if there are none, and :class:`ProvisionError` if they cannot be fetched.
        """
        markers = _markers(interpreter)
        wanted = sorted({spelled for text in requirements if (spelled := _spelled(text, markers)) is not None})
        if not wanted:
            return ()
        with self.progress.step("Resolving requirements"):
            lock = self._lock(wanted, interpreter)
        wheels = list(_select(lock, interpreter))
        missing = [wheel for wheel in wheels if self._fetched(wheel) is None]
        self._download(missing, most=_MOST - sum(path.stat().st_size for path in self.folder.iterdir()))
        return tuple(filter(None, map(self._fetched, wheels)))

    def _lock(self, requirements: Sequence[str], interpreter: Interpreter) -> Pylock:
        command = [find_uv_bin(), "pip", "compile", "-", "--quiet", "--color=never", "--no-header", "--universal"]
        command += [
            "--only-binary=:all:",
            "--format",
            "pylock.toml",
            "--no-python-downloads",
            "--python",
            sys.executable,
        ]
        command += ["--python-version", _release(interpreter.version)]
        command += [f"--find-links={location(text)}" for text in self.find_links]
        if self.offline:
            command.append("--offline")
        done = subprocess.run(
            command,
            input="\n".join(requirements),
            cwd=self.folder,  # not the user's folder, whose pyproject.toml may configure uv for another purpose
            env=_environ_of_uv(self.environ),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode:
            raise BuildError(
                f"cannot find wheels of what is required: {', '.join(requirements)}",
                hint=f"check the network; a build without a network can use wheels alone: {_ALLOW}",
                details=done.stderr.strip(),
            )
        try:
            return Pylock.from_dict(tomllib.loads(done.stdout))
        except PylockValidationError as error:
            raise BuildError(f"uv's answer cannot be read: {error}") from error

    def _fetched(self, wheel: PackageWheel) -> Path | None:
        """Return the wheel in the folder, put there from the cache if it is in that; None if it is in neither."""
        path = self.folder / wheel.filename
        if path.exists():
            return path
        blob = self.cache.blob_path(wheel.hashes["sha256"])
        if not blob.is_file() or digest_file(blob) != wheel.hashes["sha256"]:  # not every index says the size
            return None
        shutil.copyfile(blob, path)
        return path

    def _download(self, wheels: Sequence[PackageWheel], *, most: int) -> None:
        """Download ``wheels`` into the folder. Raises :class:`BuildError` if they have more than ``most`` bytes."""
        total = sum(wheel.size or 0 for wheel in wheels)
        if total > most or most < 0:
            raise _too_much()
        if not wheels:
            return
        by_path = {self.folder / f".{wheel.filename}": wheel for wheel in wheels}
        downloads = [
            Download(url=_address(wheel), path=path, size=wheel.size or _LARGEST, exact=bool(wheel.size))
            for path, wheel in by_path.items()
        ]

        def accept(download: Download) -> None:
            wheel = by_path[download.path]
            blob = self.cache.insert_blob(download.path, wheel.hashes["sha256"], origin=download.url)
            shutil.copyfile(blob, self.folder / wheel.filename)

        arrived = 0
        with self.progress.transfer("Downloading requirements", total=total) as advance:

            def count(size: int) -> None:
                nonlocal arrived
                arrived += size
                if arrived > most:  # not every index says sizes
                    raise _too_much()
                advance(size)

            Downloader().fetch(downloads, accept=accept, advance=count)


def _too_much() -> BuildError:
    return BuildError(f"the build requires more than {_MOST >> 30} GiB of wheels", hint=_ALLOW)


def _spelled(text: str, markers: Environment) -> str | None:
    """Return the requirement ``text`` in the words that uv is told; None if ``markers`` say that it does not apply.

    It comes from a build that may run anybody's code, and what uv reads of it are lines of a file that may hold
    options, paths, and variables to expand. So the text itself never gets there: no marker, and of the rest only
    what can be nothing but a name, extras and versions.
    """
    requirement = _parsed(text)
    if requirement.url is not None:
        raise BuildError(f"the build requires {requirement.name} from an address: {requirement.url}", hint=_ALLOW)
    if not _applies(requirement, markers):
        return None
    # A name with a dot in it could be that of a file: demo.zip.
    extras = ",".join(sorted(map(canonicalize_name, requirement.extras)))
    return f"{canonicalize_name(requirement.name)}{f'[{extras}]' if extras else ''} {requirement.specifier}".rstrip()


def _parsed(text: str) -> Requirement:
    if len(text) > _LONGEST:
        raise BuildError(f"the build requires what is no requirement: it has {len(text)} characters")
    try:
        requirement = Requirement(text)
    except (ValueError, RecursionError) as error:
        raise BuildError(f"the build requires {text!r}, which is not a requirement: {error}") from error
    # packaging takes escapes in a marker, \x0a for one, and anything at all after ===.
    plain = all(re.fullmatch(r"[A-Za-z0-9.+!*_-]+", each.version) for each in requirement.specifier)
    if not (plain and str(requirement).isprintable()):
        raise BuildError(f"the build requires {text!r}, which has characters that no requirement needs")
    return requirement


def _applies(requirement: Requirement, markers: Environment) -> bool:
    try:
        # packaging's own context, of metadata, says that no extra is asked for.
        return requirement.marker is None or requirement.marker.evaluate(cast("Mapping[str, str]", markers))
    except (ValueError, RecursionError) as error:  # what is compared cannot be
        raise BuildError(f"the build requires {requirement}, whose marker cannot be evaluated: {error}") from error


def _environ_of_uv(environ: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in clean_environ(environ).items() if _FOR_UV.fullmatch(name)}
    return kept | proxies(environ)


def _select(lock: Pylock, interpreter: Interpreter) -> Iterator[PackageWheel]:
    try:
        for package, wheel in lock.select(environment=_markers(interpreter), tags=_tags(interpreter)):
            if not isinstance(wheel, PackageWheel) or "sha256" not in wheel.hashes:
                raise BuildError(f"{package.name}: no wheel with a SHA-256 on the index", hint=_ALLOW)
            yield wheel
    except PylockSelectError as error:
        abi = f"{_release(interpreter.version)}{interpreter.abi_flags}"
        raise BuildError(
            f"what is required has no wheel for CPython {abi} on {interpreter.machine}: {error}", hint=_ALLOW
        ) from error


def _address(wheel: PackageWheel) -> str:
    return wheel.url or Path(wheel.path or "").absolute().as_uri()


def _release(version: str) -> str:
    """``3.15.0`` of ``3.15.0b2``, which would be older than what requires 3.15."""
    match = re.match(r"\d+\.\d+(\.\d+)?", version)
    return match[0] if match else version


def _markers(interpreter: Interpreter) -> Environment:
    major, minor, *_ = interpreter.version.split(".")
    return {
        "implementation_name": "cpython",
        "implementation_version": interpreter.version,
        "os_name": "posix",
        "platform_machine": interpreter.machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": _release(interpreter.version),
        "python_version": f"{major}.{minor}",
        "sys_platform": "linux",
    }


def _tags(interpreter: Interpreter) -> list[Tag]:
    major, minor, *_ = interpreter.version.split(".")
    version = (int(major), int(minor))
    name = f"cp{major}{minor}"
    platforms = interpreter.platforms
    return [
        *cpython_tags(version, abis=[f"{name}{interpreter.abi_flags}"], platforms=platforms),
        *compatible_tags(version, interpreter=name, platforms=platforms),
    ]
