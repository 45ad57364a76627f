"""Compare xbuild's own cost with what it stands beside: start-up with click's, a warm build with a native one.

    python benchmarks/ratios.py --python3.13 /path/to/python3.13 --output docs/measurements/ratios.md

Each command runs in turn with the one it is compared to, A B A B …, and the medians of the pairs' ratios are told, so
that a machine that gets slower or faster in between does not matter. The cache must be warm.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from common import XBUILD, conditions, native_build, unpack, write_page

PACKAGE = "markupsafe==3.0.4"
IMPORT_CLICK = (sys.executable, "-c", "import click")


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A command, what it is compared to, and how many times as long it may take."""

    title: str
    command: tuple[str, ...]
    baseline: tuple[str, ...]
    limit: float


def main() -> int:
    """Run the comparisons; the exit status is 1 if one is over its limit."""
    options = _arguments()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        rows = [(each, ratios(each, pairs=options.pairs)) for each in comparisons(options.python, scratch)]
    write_page(render(rows), options.output)
    return any(statistics.median(found) > each.limit for each, found in rows)


def comparisons(python: str, scratch: Path) -> list[Comparison]:
    """Return the comparisons, with the native build's environment made in ``scratch``."""
    wheel = ("wheel", PACKAGE, "--target", "riscv64", "--python", "3.13", "--quiet", "--outdir", str(scratch / "out"))
    native = native_build(python, unpack(PACKAGE, scratch), scratch)
    file = str(scratch / "cross.ini")
    return [
        Comparison(title="xbuild --help", command=(XBUILD, "--help"), baseline=IMPORT_CLICK, limit=3),
        Comparison(
            title="xbuild crossfile meson",
            command=(XBUILD, "crossfile", "meson", "--target", "riscv64", "--python", "3.13", "-o", file),
            baseline=IMPORT_CLICK,
            limit=4,
        ),
        Comparison(title=f"xbuild wheel {PACKAGE}", command=(XBUILD, *wheel), baseline=native, limit=1.5),
    ]


def ratios(comparison: Comparison, *, pairs: int) -> list[float]:
    """Return the ratio of each pair of runs, after one pair that does not count."""
    found = [_seconds(comparison.command) / _seconds(comparison.baseline) for _ in range(pairs + 1)]
    return found[1:]


def render(rows: list[tuple[Comparison, list[float]]]) -> str:
    """Return the comparisons as a page of the documentation."""
    lines = [
        "# Start-up and warm builds",
        "",
        f"{conditions()} Wall-clock ratios of runs in turn, from a warm cache.",
        "",
        "| command | compared to | pairs | least | median | most | limit |",
        "|---|---|---|---|---|---|---|",
    ]
    for each, found in rows:
        baseline = "python -c 'import click'" if each.baseline == IMPORT_CLICK else "a native python -m build"
        figures = f"{min(found):.2f} | {statistics.median(found):.2f} | {max(found):.2f} | {each.limit:g}"
        lines.append(f"| {each.title} | {baseline} | {len(found)} | {figures} |")
    return "\n".join(lines) + "\n"


def _seconds(command: tuple[str, ...]) -> float:
    before = time.perf_counter()
    subprocess.run(command, capture_output=True, check=True)
    return time.perf_counter() - before


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--python3.13", dest="python", required=True, help="an interpreter for the native build")
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--output", type=Path, help="write a page for the documentation here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
