"""Measure `xbuild details check` on a whole Debian root with four interpreters.

    python benchmarks/details_root.py --output docs/measurements/details-root.md

The root has CPython 3.14 and 3.15 for riscv64 and aarch64, as the archive ships them, and an empty file for every
name that this machine's packages have installed (dpkg's lists). Start-up is the time of `xbuild details check --help`.
As root, it is measured again with the kernel's caches dropped before each run: of names alone, and of all of the disk.
On a machine that is busy with other things, put `chrt --fifo 1` before the command.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from common import XBUILD, conditions, write_page

from xbuild.provision.cache import Cache
from xbuild.provision.debian.archive import Archive
from xbuild.provision.debian.sources import ArchiveSettings
from xbuild.provision.debian.unpack import Deb, unpack

PACKAGES = (
    *("libpython{}-minimal", "libpython{}-stdlib", "libpython{}-dev"),
    *("libpython{}", "libpython{}t64", "python{}-minimal"),
)
DPKG = Path("/var/lib/dpkg/info")
DROP = Path("/proc/sys/vm/drop_caches")
PROGRAM = """
import sys, time
from pathlib import Path
from xbuild.cli import main
if sys.argv[1] != "0":
    Path(sys.argv[2]).write_text(sys.argv[1])
wall, cpu = time.perf_counter(), time.process_time()
main(["details", "check", sys.argv[3]])
print(time.perf_counter() - wall, time.process_time() - cpu, file=sys.stderr)
"""
CACHES = {"warm": "0", "names dropped from memory": "2", "everything dropped from memory": "3"}


@dataclass(frozen=True, kw_only=True)
class Times:
    """Wall-clock and CPU seconds of the runs under one condition."""

    label: str
    wall: tuple[float, ...]
    cpu: tuple[float, ...]

    @property
    def middle(self) -> float:
        """Wall-clock seconds of the run in the middle."""
        return sorted(self.wall)[len(self.wall) // 2]

    def row(self) -> str:
        """Return the row of the table."""
        figures = (min(self.wall), self.middle, max(self.wall), sorted(self.cpu)[len(self.cpu) // 2])
        return " | ".join([f"| {self.label}", *(f"{figure:.2f}" for figure in figures)]) + " |"


def main() -> int:
    """Make the root, measure, and return 1 if the middle run with names dropped (or warm) takes longer than allowed."""
    options = _arguments()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name, "root")
        root.mkdir()
        unpack_interpreters(root)
        add_names(root)
        counts = count(root)
        measured = [
            times("whole command, warm", [run(("details", "check", str(root))) for _ in range(options.runs)]),
            times("start-up", [run(("details", "check", "--help")) for _ in range(options.runs)]),
        ]
        for label, level in CACHES.items():
            if level == "0" or os.access(DROP, os.W_OK):
                found = [check_in_process(root, level) for _ in range(options.runs)]
                measured.append(times(f"check after start-up, {label}", found))
    write_page(render(measured, counts, limit=options.limit), options.output)
    return any(each.middle > options.limit for each in measured[2:4])


def unpack_interpreters(root: Path) -> None:
    """Put the four interpreters into ``root``."""
    archive = Archive(settings=ArchiveSettings.discover(None, os.environ), cache=Cache.default(os.environ))
    suite = archive.suite("forky")
    for architecture in ("riscv64", "arm64"):
        index = suite.index(architecture)
        for version in ("3.14", "3.15"):
            found = [package for each in PACKAGES if (package := index.get(each.format(version))) is not None]
            unpack([Deb(label=package.name, path=path) for package, path in archive.fetch(found).items()], root)


def add_names(root: Path) -> None:
    """Add what the packages of this machine have installed: folders, and files without content."""
    for packages in sorted(DPKG.glob("*.list")):
        for line in packages.read_text("utf-8").splitlines():
            installed, path = Path(line), root / line.lstrip("/")
            if installed.is_dir() and not installed.is_symlink():
                path.mkdir(parents=True, exist_ok=True)
            elif not path.exists() and path.parent.is_dir():
                path.touch()


def count(root: Path) -> tuple[int, int]:
    """Return how many folders and files there are."""
    walked = [(len(folders), len(files)) for _, folders, files in os.walk(root)]
    return sum(folders for folders, _ in walked), sum(files for _, files in walked)


def times(label: str, found: list[tuple[float, float]]) -> Times:
    """Return the wall-clock and CPU seconds of some runs as one value."""
    return Times(label=label, wall=tuple(wall for wall, _ in found), cpu=tuple(cpu for _, cpu in found))


def run(words: tuple[str, ...]) -> tuple[float, float]:
    """Return the wall-clock and CPU seconds of one run of the command."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run((XBUILD, *words), check=False, capture_output=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def check_in_process(root: Path, level: str) -> tuple[float, float]:
    """Return the wall-clock and CPU seconds that a check takes in a process that is up already."""
    os.sync()
    command = (sys.executable, "-c", PROGRAM, level, str(DROP), str(root))
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    summary, seconds = done.stderr.splitlines()[-2:]
    if not re.match(r"4 files checked", summary):
        sys.exit(f"not four files: {done.stderr}")
    wall, cpu = map(float, seconds.split())
    return wall, cpu


def render(measured: list[Times], counts: tuple[int, int], *, limit: float) -> str:
    """Return the times as a page of the documentation."""
    folders, files = counts
    lines = [
        "# Checking a whole Debian root",
        "",
        conditions(),
        f"The root has {folders:,} folders and {files:,} files, and in them CPython 3.14 and 3.15, each for riscv64",
        f"and aarch64. Seconds of {len(measured[0].wall)} runs each. Limit after start-up: {limit:g} s.",
        "Where everything is dropped from memory, xbuild's own modules are read from the disk again too.",
        f"Load of the machine by other programs: {os.getloadavg()[0]:.0f}{_priority()}.",
        "",
        "| what | fastest | middle | slowest | CPU, middle |",
        "|---|---|---|---|---|",
        *(each.row() for each in measured),
    ]
    return "\n".join(lines) + "\n"


def _priority() -> str:
    return "; the measured commands had real-time priority" if os.sched_getscheduler(0) == os.SCHED_FIFO else ""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--limit", type=float, default=1.0)
    parser.add_argument("--output", type=Path, help="write a page for the documentation here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
