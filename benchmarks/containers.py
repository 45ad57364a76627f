"""Build each wheel in this process and in a container, and compare the bytes and the times.

    python benchmarks/containers.py markupsafe==3.0.4 --target riscv64 --python 3.14 --repeat 5

Times are compared with ``--repeat`` alone: the two take turns, and the medians count. The images are made first, and
are no part of them. A page that is there already is continued. The exit status is 1 if any two wheels differ.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from common import XBUILD, conditions, write_page

ENGINES = ("local", "container")
HEADING = """# The same wheel from a container

{conditions}
Made with `benchmarks/containers.py`.{times}

| wheel | from a container | SHA-256 begins |{columns}
|---|---|---|{rule}
"""


def build(source: str, *, target: str, python: str, engine: str) -> tuple[str, str, float]:
    """Build a wheel and return its name, its digest and the seconds it took. Ends the program if that fails."""
    with tempfile.TemporaryDirectory() as outdir:
        command = [XBUILD, "wheel", source, "--target", target, "--python", python, "--engine", engine]
        before = time.monotonic()
        done = subprocess.run([*command, "--outdir", outdir], capture_output=True, text=True, check=False)
        seconds = time.monotonic() - before
        if done.returncode:
            sys.exit(f"{source} for {target}, CPython {python}, {engine}:\n{done.stderr}")
        (wheel,) = Path(outdir).glob("*.whl")
        return wheel.name, hashlib.sha256(wheel.read_bytes()).hexdigest(), seconds


def compare(source: str, *, target: str, python: str, repeat: int) -> tuple[bool, str]:
    """Return whether the wheels are the same, and the line of the table."""
    times: dict[str, list[float]] = {engine: [] for engine in ENGINES}
    found = set()
    if repeat > 1:  # the first of each fills caches of its own
        for engine in ENGINES:
            build(source, target=target, python=python, engine=engine)
    for _ in range(repeat):
        for engine in ENGINES:
            name, digest, seconds = build(source, target=target, python=python, engine=engine)
            found.add((name, digest))
            times[engine].append(seconds)
    name, digest = min(found)
    verdict = "the same" if len(found) == 1 else "**another**"
    line = f"| {name} | {verdict} | `{digest[:16]}` |"
    if repeat > 1:
        local, container = (median(times[engine]) for engine in ENGINES)
        line += f" {local:.1f} | {container:.1f} | {container - local:+.1f} |"
    return len(found) == 1, line


def heading(repeat: int) -> str:
    """Return how the page begins."""
    if repeat == 1:
        return HEADING.format(conditions=conditions(), times="", columns="", rule="")
    times = f" Times are of whole commands with everything in the caches, medians of {repeat}."
    columns = " s local | s container | difference |"
    return HEADING.format(conditions=conditions(), times=times, columns=columns, rule="---|---|---|")


def main() -> int:
    """Compare all that was asked for, writing the page after each wheel."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="+", metavar="SOURCE")
    parser.add_argument("--target", action="append", required=True)
    parser.add_argument("--python", action="append", required=True)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    pythons = [word for python in options.python for word in ("--python", python)]
    for target in options.target:
        subprocess.run([XBUILD, "image", "build", "--target", target, *pythons], check=True)
    continued = options.output and options.output.exists()
    page = options.output.read_text("utf-8") if continued else heading(options.repeat)
    same = True
    for source, target, python in itertools.product(options.sources, options.target, options.python):
        alike, line = compare(source, target=target, python=python, repeat=options.repeat)
        same = same and alike
        page += line + "\n"
        write_page(page, options.output)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
