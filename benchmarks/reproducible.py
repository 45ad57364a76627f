"""Build each wheel in two places that have as little in common as one machine allows, and compare the bytes.

    python benchmarks/reproducible.py markupsafe==3.0.4 examples/hello-c --target riscv64 --python 3.14

The first place is the caller's. The other one has another cache (filled again from the same packages), home, working
folder, time zone, language, hash seed, umask and number of processors, and none of the caller's build tools on PATH;
where root allows it, another user and another host name. ``--other-xbuild`` is an xbuild of another Python to use
there. A folder is copied there, with another name and other times. Both build at
the same time. The exit status is 1 if any two wheels differ.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common import XBUILD, conditions, write_page

from xbuild.provision.cache import Cache

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What a slim container does not have.
_HIDDEN = re.compile(
    r"(cmake|ctest|cpack|ccmake|ninja|ninja-build|meson|pkg-?config|pkgconf|ccache|make|gmake|perl|git|uv|swig|cython.*"
    r"|cc|c\+\+|[cg]\+\+.*|gcc.*|clang.*|gfortran.*|ar|as|ld.*|nm|ranlib|strip|objcopy|readelf|.*-linux-gnu.*"
    r"|python.*|pypy.*|docker.*|podman.*|rustc|cargo)"
)
_KEPT = re.compile(r"(?i)(\w+_proxy|UV_\w+|SSL_\w+|XBUILD_ARCHIVE)")
_NOBODY = 65534
_SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a build happens: ``prefix`` goes before the command, ``environ`` is all of its environment."""

    xbuild: str
    prefix: tuple[str, ...]
    environ: Mapping[str, str]
    directory: Path

    def build(self, source: str, *, target: str, python: str) -> tuple[Path, float]:
        """Build one wheel and return it with the seconds it took. Ends the program if that fails."""
        (self.directory / "dist").mkdir(exist_ok=True)
        outdir = Path(tempfile.mkdtemp(dir=self.directory / "dist"))
        self._give(outdir)
        command = [*self.prefix, self.xbuild, "wheel", self._own(source), "--target", target, "--python", python]
        before = time.monotonic()
        done = subprocess.run(
            [*command, "--outdir", str(outdir)],
            cwd=self.directory,
            env=dict(self.environ),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{source} for {target}, CPython {python}, in {self.directory}:\n{done.stderr}")
        return next(outdir.glob("*.whl")), time.monotonic() - before

    def _own(self, source: str) -> str:
        """A folder is copied, as every user has a checkout of their own; a requirement is one everywhere."""
        if not Path(source).is_dir():
            return source
        copy = Path(tempfile.mkdtemp(dir=self.directory)) / "another-name"
        shutil.copytree(source, copy, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("dist", "build"))
        self._give(copy.parent)
        return str(copy)

    def _give(self, folder: Path) -> None:
        if "setpriv" in self.prefix:
            _chown(folder)


def main() -> int:
    """Compare wheels of every source, target and Python; the exit status is 1 if any differ."""
    options = _arguments()
    rows, differing = [], 0
    with tempfile.TemporaryDirectory(prefix="xbuild-here-") as here, elsewhere(options) as other:
        place = Place(xbuild=XBUILD, prefix=(), environ=os.environ, directory=Path(here))
        for source, target, python in itertools.product(options.source, options.target, options.python):
            with ThreadPoolExecutor() as threads:
                builds = [threads.submit(each.build, source, target=target, python=python) for each in (place, other)]
                (one, seconds), (two, other_seconds) = (build.result() for build in builds)
            found = list(differences(one, two))
            differing += bool(found)
            digest = hashlib.sha256(one.read_bytes()).hexdigest()
            result = "the same" if not found else f"differs: {'; '.join(found)}"
            print(f"{one.name}: {result}", flush=True)
            cells = (one.name, result, f"`{digest[:16]}`", f"{seconds:.0f}", f"{other_seconds:.0f}")
            rows.append(f"| {' | '.join(cells)} |")
    write_page(render(rows, describe(other)), options.output)
    return 1 if differing else 0


def render(rows: list[str], elsewhere: str) -> str:
    """Return the page of the documentation."""
    lines = ["# The same bytes in another place", "", conditions(), elsewhere, ""]
    lines += ["| wheel | in the other place | SHA-256 begins | s here | s there |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *rows]) + "\n"


def describe(other: Place) -> str:
    """Say what the other place has of its own."""
    version = subprocess.run(
        [str(Path(other.xbuild).with_name("python")), "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    own = "user, host name, home" if "setpriv" in other.prefix else "home"
    lines = (
        f"The other place has another {own}, cache, working folder, umask, time zone, language and",
        f"hash seed, one processor in place of {os.cpu_count()}, no compiler, CMake, Ninja, Make or pkg-config on",
        f"PATH, and runs xbuild with {version}.",
    )
    return "\n".join(lines)


def differences(one: Path, two: Path) -> Iterator[str]:
    """Say how two wheels differ; nothing if they have the same bytes."""
    if one.read_bytes() == two.read_bytes():
        return
    if one.name != two.name:
        yield f"the name {two.name}"
    with zipfile.ZipFile(one) as first, zipfile.ZipFile(two) as second:
        names = dict.fromkeys([*first.namelist(), *second.namelist()])
        contents = {name: tuple(_read(archive, name) for archive in (first, second)) for name in names}
        changed = [name for name, (a, b) in contents.items() if a != b and not name.endswith("/RECORD")]
        for name in changed:
            yield f"{name} ({_first_difference(*contents[name])})"
        if not changed:
            yield "the archive, and no member"


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    return archive.read(name) if name in archive.namelist() else b""


def _first_difference(one: bytes, two: bytes) -> str:
    """Show text that only one of them has: a line, or in a binary file what `strings` would find."""
    pattern = rb"[\x20-\x7e]{6,}"
    first, second = re.findall(pattern, one), re.findall(pattern, two)
    only = sorted({*first} ^ {*second})
    shown = ", ".join(text.decode()[:120] for text in only[:4])
    return f"{len(one)} and {len(two)} bytes; {shown}" if shown else f"{len(one)} and {len(two)} bytes"


@contextmanager
def elsewhere(options: argparse.Namespace) -> Iterator[Place]:
    """Give the other place, which is removed when it is not needed any more."""
    xbuild = Path(options.other_xbuild).absolute()
    root = Path(tempfile.mkdtemp(prefix="elsewhere-", dir=options.work))
    try:
        root.chmod(0o755)
        for name in ("home", "work", "bin"):
            (root / name).mkdir()
        _link_programs(root / "bin")
        cache = root / "another-cache"
        _share_packages(Cache.default(os.environ).root, cache)
        prefix = _prefix(xbuild, root)
        if "setpriv" in prefix:
            _chown(root)
        environ = {name: value for name, value in os.environ.items() if _KEPT.fullmatch(name)} | {
            "PATH": str(root / "bin"),
            "HOME": str(root / "home"),
            "XBUILD_CACHE_DIR": str(cache),
            "TZ": "Asia/Kathmandu",
            "LC_ALL": "POSIX",
            "PYTHONHASHSEED": "7",
            "MAKEFLAGS": "-j1",
        }
        yield Place(xbuild=str(xbuild), prefix=prefix, environ=environ, directory=root / "work")
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _share_packages(cache: Path, other: Path) -> None:
    """Let the other cache have the packages of this one, and nothing that was made of them."""
    for name in ("blobs", "indexes", "releases"):
        if (cache / name).is_dir():
            shutil.copytree(cache / name, other / name, copy_function=_link)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _link_programs(folder: Path) -> None:
    """Fill ``folder`` with what a small system has on PATH."""
    for directory in ("/bin", "/usr/bin"):
        for program in Path(directory).iterdir():
            if not _HIDDEN.fullmatch(program.name) and not (folder / program.name).exists():
                (folder / program.name).symlink_to(program)


def _prefix(xbuild: Path, root: Path) -> tuple[str, ...]:
    """Return what to run a command with: one processor and, where they are to be had, another user and host name."""
    processor = ("taskset", "--cpu-list", str(min(os.sched_getaffinity(0))))
    umask = ("sh", "-c", 'umask 077; exec "$@"', "sh")
    host = ("unshare", "--uts", "sh", "-c", 'hostname elsewhere; exec "$@"', "sh")
    user = ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups")
    prefix = (*host, *user, *processor, *umask)
    tried = subprocess.run(
        [*prefix, str(xbuild), "--version"], cwd=root, env={"PATH": _SYSTEM_PATH}, capture_output=True, check=False
    )
    return prefix if tried.returncode == 0 else (*processor, *umask)


def _chown(root: Path) -> None:
    """Give the folders to the other user; files may be linked to the caller's."""
    for folder, _, _ in os.walk(root):
        os.chown(folder, _NOBODY, _NOBODY)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("source", nargs="+", help="a requirement, or the folder of a project")
    parser.add_argument("--target", action="append", required=True)
    parser.add_argument("--python", action="append", required=True)
    parser.add_argument("--other-xbuild", default=XBUILD, help="the xbuild program to use in the other place")
    parser.add_argument("--work", type=Path, help="make the other place here instead of in the temporary folder")
    parser.add_argument("--output", type=Path, help="write a page for the documentation here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
