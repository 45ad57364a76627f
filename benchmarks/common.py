"""What the measurements share."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from xbuild.build.sdist import fetch_sdist, resolve_sdist
from xbuild.build.source import open_source, parse_requirement
from xbuild.progress import SilentProgress
from xbuild.provision.cache import Cache

XBUILD = str(Path(sys.executable).with_name("xbuild"))


def conditions() -> str:
    """Return the line that says when, with what and on what a measurement was made."""
    version = subprocess.run([XBUILD, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    machine = f"{os.cpu_count()} cores, Linux {platform.machine()}"
    return f"{when}, {version}, Python {platform.python_version()}, {machine}."


def unpack(requirement_text: str, scratch: Path) -> Path:
    """Fetch a requirement's sdist and return its unpacked source in ``scratch``."""
    requirement = parse_requirement(requirement_text)
    if requirement is None:
        sys.exit(f"not a requirement: {requirement_text}")
    link = resolve_sdist(requirement, uv="uv", python_version="3.13", environ=os.environ, offline=False)
    cache = Cache.default(os.environ)
    sdist = fetch_sdist(link, directory=scratch, cache=cache, progress=SilentProgress(), offline=False)
    (scratch / "source").mkdir()
    return open_source(str(sdist), into=scratch / "source", fetch_sdist=lambda _requirement: sdist).path


def native_build(python: str, source: Path, scratch: Path) -> tuple[str, ...]:
    """Return the command that builds ``source`` for this machine with pypa/build, in an environment in ``scratch``."""
    environment = scratch / "native"
    interpreter = str(environment / "bin" / "python")
    subprocess.run(["uv", "venv", "--quiet", "--python", python, str(environment)], check=True)
    subprocess.run(["uv", "pip", "install", "--quiet", "--python", interpreter, "build", "uv"], check=True)
    return (interpreter, "-m", "build", "--wheel", "--installer", "uv", "--outdir", str(scratch / "out"), str(source))


def write_page(text: str, output: Path | None) -> None:
    """Show a page, and write it into the documentation where that was asked for."""
    print(text)
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
