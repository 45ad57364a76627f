"""Installing a wheel and what it requires into a target environment: wheels for the target only, by uv.

uv asks the interpreter itself, under the emulator, for its tags and markers, so they are the target's.
"""

from __future__ import annotations

import re
import subprocess
import zipfile
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.errors import TestError, UsageError
from xbuild.supply import Interpreter
from xbuild.wheels.manylinux import platforms_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xbuild.crossfiles.spec import Runtime
    from xbuild.targets import Target
    from xbuild.testing.environment import TargetEnvironment

_INSTALLED = re.compile(r"^ \+ (\S+==\S+)", re.MULTILINE)
_NO_WHEEL = re.compile(
    r"Wheels are required for `([^`]+)`|\b([A-Za-z0-9][\w.-]*)\S* (?:has|have) no (?:usable )?wheels"
)
_WANTED = re.compile(r"depends on ([A-Za-z0-9][\w.-]*)(\[[^\]]*\])?((?:[<>=!~]=?=?[^\s,]+,?)*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirements:
    """What to install: local wheels, and where to look for what they require beside the index (:func:`location`)."""

    wheels: tuple[Path, ...]
    find_links: tuple[str, ...] = ()
    offline: bool = False


def required_by(wheel: Path) -> tuple[str, ...]:
    """Return what ``wheel`` requires, as its metadata says it; nothing where it has none: its installation fails."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
        found = (BytesHeaderParser().parsebytes(archive.read(name)) for name in names)
        return tuple(text for metadata in found for text in metadata.get_all("Requires-Dist", ()))


def target_interpreter(runtime: Runtime) -> Interpreter:
    """Return what decides which wheels ``runtime``'s interpreter takes."""
    info = runtime.python.details.language.version_info
    micro = info.micro if info else 0
    return Interpreter(
        version=f"{runtime.python.version}.{micro}",
        abi_flags=runtime.python.abi_flags,
        machine=runtime.target.wheel_machine,
        platforms=platforms_of(runtime.target.wheel_machine, glibc=runtime.sysroot.glibc),
    )


def install(
    environment: TargetEnvironment, requirements: Requirements, *, target: Target, environ: Mapping[str, str]
) -> tuple[str, ...]:
    """Install ``requirements`` and return what was installed, ``("markupsafe==3.0.4", …)``.

    Raises :class:`TestError`, naming the requirements that have no wheel for the target if that is why it failed.
    """
    from uv import find_uv_bin

    done = subprocess.run(
        install_command(Path(find_uv_bin()), environment.python, requirements),
        cwd=environment.path,  # not the user's folder, whose pyproject.toml may configure uv for another purpose
        env=environment.environ(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise explain_failure(done.stdout, wheels=requirements.wheels, target=target)
    return parse_installed(done.stdout)


def install_command(uv: Path, python: Path, requirements: Requirements) -> list[str]:
    """Return uv's command line. Nothing is built: the build would run under the emulator, or for the wrong machine."""
    command = [str(uv), "pip", "install", "--color=never", "--no-progress", "--no-python-downloads"]
    command += [f"--python={python}", "--only-binary=:all:"]
    command += [f"--find-links={location(text)}" for text in requirements.find_links]
    if requirements.offline:
        command.append("--offline")
    return [*command, "--", *(str(wheel.absolute()) for wheel in requirements.wheels)]


def location(find_links: str) -> str:
    """Return a ``--find-links`` as uv takes it in any folder. Raises :class:`UsageError` for a folder that is none."""
    if "://" in find_links:
        return find_links
    folder = Path(find_links).expanduser().absolute()
    if not folder.is_dir():
        raise UsageError(f"--find-links: {find_links!r} is neither a folder nor a URL")
    return str(folder)


def parse_installed(output: str) -> tuple[str, ...]:
    """Return the requirements that uv says it installed."""
    return tuple(_INSTALLED.findall(output))


def parse_missing(output: str) -> tuple[str, ...]:
    """Return the requirements uv found no usable wheel for, as they were asked for: ``("pandas>=2",)``."""
    text = " ".join(output.split())  # some versions wrap their lines
    wanted = {name: f"{name}{extras}{version.rstrip(',')}" for name, extras, version in _WANTED.findall(text)}
    names = dict.fromkeys(first or second for first, second in _NO_WHEEL.findall(text))
    return tuple(wanted.get(name, name) for name in names)


def explain_failure(output: str, *, wheels: Sequence[Path], target: Target) -> TestError:
    """Return the error for what uv printed when it failed."""
    subject = ", ".join(wheel.name for wheel in wheels)
    own = {_normalised(wheel.name.partition("-")[0]) for wheel in wheels}
    missing = [name for name in parse_missing(output) if _normalised(re.split(r"[^\w.-]", name)[0]) not in own]
    details = "\n".join(line for line in output.splitlines() if not line.startswith("Using Python "))
    if missing:
        names = ", ".join(missing)
        return TestError(
            f"{subject} cannot be tested: no wheel for {target.name} satisfies what it requires: {names}",
            hint=f"build what is missing with 'xbuild wheel NAME==VERSION --target {target.name} --outdir DIR', then "
            "repeat the test with '--find-links DIR'; nothing is built for a test, not even a pure-Python sdist",
            details=details,
        )
    return TestError(f"{subject} cannot be installed for {target.name}", details=details)


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
