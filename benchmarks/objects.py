"""Compare the CPU time per compiled object of a cross build with a native one's, on this machine, in one run.

    python benchmarks/objects.py numpy==2.5.5 --python3.13 /path/to/python3.13 --target aarch64 --target riscv64

For projects that build with ninja: the objects are counted in its output. The native build uses this machine's
compiler. CPU time is of everything the build starts, the compilers above all.
"""

from __future__ import annotations

import argparse
import platform
import re
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from common import XBUILD, conditions, native_build, unpack, write_page


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one build took."""

    machine: str
    objects: int
    cpu_seconds: float

    @property
    def each(self) -> float:
        """CPU seconds per compiled object."""
        return self.cpu_seconds / self.objects


def main() -> int:
    """Build natively, then for each target; the exit status is 1 if a target's ratio is over the limit."""
    options = _arguments()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        native = build_natively(options.requirement, options.python, scratch)
        wheels = options.wheels or scratch / "out"
        crossed = [build_for(options.requirement, target, wheels) for target in options.target]
    write_page(render(options.requirement, native, crossed, limit=options.limit), options.output)
    return any(cost.each / native.each > options.limit for cost in crossed)


def build_natively(requirement: str, python: str, scratch: Path) -> Cost:
    """Build with pypa/build for this machine."""
    command = native_build(python, unpack(requirement, scratch), scratch)
    return _measure(command, machine=f"native ({platform.machine()})")


def build_for(requirement: str, target: str, wheels: Path) -> Cost:
    """Build with xbuild for ``target``, and leave the wheel in ``wheels``."""
    command = (XBUILD, "wheel", requirement, "--target", target, "--python", "3.13", "--verbose")
    return _measure((*command, "--outdir", str(wheels)), machine=target)


def render(requirement: str, native: Cost, crossed: list[Cost], *, limit: float) -> str:
    """Return the costs as a page of the documentation."""
    lines = [
        f"# CPU time per compiled object: {requirement}",
        "",
        f"{conditions()} The builds are for CPython 3.13. Limit: {limit:g}.",
        "",
        "| machine | objects | CPU s | CPU s per object | ratio to native |",
        "|---|---|---|---|---|",
    ]
    for cost in (native, *crossed):
        figures = f"{cost.cpu_seconds:.0f} | {cost.each:.2f} | {cost.each / native.each:.2f}"
        lines.append(f"| {cost.machine} | {cost.objects} | {figures} |")
    return "\n".join(lines) + "\n"


def _measure(command: tuple[str, ...], *, machine: str) -> Cost:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{machine}: the build failed:\n{done.stdout[-4000:]}")
    objects = len(re.findall(r"\] (?:Compiling|Building) \S+ object", done.stdout))
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{machine}: {objects} objects, {cpu:.0f} CPU seconds", flush=True)
    return Cost(machine=machine, objects=objects, cpu_seconds=cpu)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("requirement")
    parser.add_argument("--python3.13", dest="python", required=True, help="an interpreter for the native build")
    parser.add_argument("--target", action="append", required=True)
    parser.add_argument("--limit", type=float, default=1.2)
    parser.add_argument("--wheels", type=Path, help="keep the wheels here")
    parser.add_argument("--output", type=Path, help="write a page for the documentation here")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
