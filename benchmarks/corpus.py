"""Build real projects for every target, test each wheel under the emulator, and write down what happened.

    python benchmarks/corpus.py CORPUS.toml --target riscv64 --python 3.13 --output docs/measurements/corpus.md

The corpus is a list of ``[[package]]`` tables: ``name``, ``version``, ``tier``, ``native`` (modules that must be in the
wheel as machine code), ``check`` (Python code for the target's interpreter), and where needed ``libs`` (Debian
packages), ``settings`` (config settings) and ``requires`` (names of corpus packages whose wheels the check needs).
Each build is a run of the ``xbuild`` command, as a user's would be.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import shlex
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import XBUILD, conditions, write_page


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One package built for one target and Python with one toolchain."""

    package: str
    target: str
    python: str
    toolchain: str
    passed: bool
    wheel: str
    seconds: float
    cpu_seconds: float
    message: str


def main() -> int:
    """Run the chosen part of the corpus; the exit status is 1 if anything failed."""
    options = _arguments()
    corpus = tomllib.loads(options.corpus.read_text("utf-8"))["package"]
    chosen = [package for package in corpus if _is_chosen(package, options)]
    outcomes = []
    for package, target, python in itertools.product(chosen, options.target, options.python):
        outcome = build(package, target=target, python=python, options=options)
        outcomes.append(outcome)
        state = "passed" if outcome.passed else "FAILED"
        print(f"{state} {outcome.seconds:7.1f} s  {target} {python}  {outcome.wheel or package['name']}", flush=True)
        if not outcome.passed:
            print(outcome.message, flush=True)
    write_page(render(outcomes), options.output)
    failed = sum(not outcome.passed for outcome in outcomes)
    print(f"{len(outcomes) - failed} passed, {failed} failed")
    return 1 if failed else 0


def build(package: dict[str, Any], *, target: str, python: str, options: argparse.Namespace) -> Outcome:
    """Build, verify and test one package."""
    wheels = options.wheels / f"{target}-{options.toolchain}"
    with tempfile.TemporaryDirectory() as name:
        check = Path(name, "check.py")
        check.write_text(package["check"] + "\n", encoding="utf-8")
        command = [XBUILD, "wheel", f"{package['name']}=={package['version']}", "--target", target]
        command += ["--python", python, "--toolchain", options.toolchain, "--outdir", str(wheels), "--json"]
        command += ["--test-command", shlex.join(["python", str(check)]), "--find-links", str(wheels)]
        command += [f"--lib={lib}" for lib in package.get("libs", ())] if options.libs else []
        command += [f"-C{setting}" for setting in package.get("settings", ())]
        wheels.mkdir(parents=True, exist_ok=True)
        before, cpu_before = time.monotonic(), _cpu()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds, cpu = time.monotonic() - before, _cpu() - cpu_before
    wheel, message = "", ""
    if done.returncode == 0:
        wheel = json.loads(done.stdout)["builds"][0]["wheels"][0]["file"]
        missing = _missing_modules(wheels / wheel, package.get("native", ()))
        message = f"not in the wheel: {', '.join(missing)}" if missing else ""
    else:
        message = f"exit status {done.returncode}: {(done.stderr or done.stdout)[-3000:]}"
    return Outcome(
        package=f"{package['name']} {package['version']}",
        target=target,
        python=python,
        toolchain=options.toolchain,
        passed=not message,
        wheel=wheel,
        seconds=seconds,
        cpu_seconds=cpu,
        message=message,
    )


def render(outcomes: list[Outcome]) -> str:
    """Return the outcomes as a page of the documentation."""
    lines = [
        "# Corpus",
        "",
        f"{conditions()} Seconds are of the whole command: provisioning from a warm cache, the",
        "build, verification, and the test under the emulator.",
        "",
        "| package | target | Python | toolchain | result | wheel | wall s | CPU s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in outcomes:
        result = "passed" if each.passed else f"failed: {each.message.splitlines()[0][:100]}"
        cells = (each.package, each.target, each.python, each.toolchain, result, each.wheel)
        lines.append(f"| {' | '.join(cells)} | {each.seconds:.1f} | {each.cpu_seconds:.1f} |")
    return "\n".join(lines) + "\n"


def _missing_modules(wheel: Path, native: list[str]) -> list[str]:
    names = zipfile.ZipFile(wheel).namelist()
    modules = {name.partition(".")[0] for name in names if name.endswith(".so")}
    return [module for module in native if module not in modules]


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _is_chosen(package: dict[str, Any], options: argparse.Namespace) -> bool:
    if options.package:
        return package["name"] in options.package
    return package["tier"] in options.tier


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--target", action="append", required=True)
    parser.add_argument("--python", action="append", required=True)
    parser.add_argument("--toolchain", default="gcc")
    parser.add_argument("--tier", action="append", type=int, help="default: 1")
    parser.add_argument("--package", action="append", help="these instead of whole tiers")
    parser.add_argument("--no-libs", dest="libs", action="store_false", help="without the packages' libraries")
    parser.add_argument("--wheels", type=Path, default=Path("corpus-wheels"), help="where the wheels go")
    parser.add_argument("--output", type=Path, help="write a page for the documentation here")
    options = parser.parse_args()
    options.tier = options.tier or [1]
    options.wheels = options.wheels.absolute()
    return options


if __name__ == "__main__":
    sys.exit(main())
