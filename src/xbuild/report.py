"""The build report: what was built from what (``schemas/report.schema.json``)."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from packaging.utils import parse_wheel_filename

import xbuild

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from xbuild.build.source import SourceTree
    from xbuild.progress import TimedStep
    from xbuild.resolve import Resolved
    from xbuild.testing.wheel import TestResult
    from xbuild.wheels.report import VerificationReport

SCHEMA_VERSION = "1.0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One delivered wheel and everything it came from."""

    resolved: Resolved
    source: SourceTree
    requirements: tuple[tuple[str, str], ...]
    wheel: Path
    verification: VerificationReport
    test: TestResult | None
    steps: tuple[TimedStep, ...]


def render(builds: Sequence[Build]) -> dict[str, Any]:
    """Return the report of builds of one source as JSON values."""
    first = builds[0]
    name, version, _, _ = parse_wheel_filename(first.wheel.name)
    return {
        "schema_version": SCHEMA_VERSION,
        "xbuild": xbuild.__version__,
        "source": {"name": name, "version": str(version), "sha256": first.source.sha256},
        "builds": [_build(build) for build in builds],
    }


def _build(build: Build) -> dict[str, Any]:
    spec = build.resolved.spec
    toolchain = spec.toolchain
    glibc = spec.sysroot.glibc
    return {
        "target": spec.target.name,
        "python": {"version": spec.python.version + spec.python.abi_flags, "soabi": spec.python.soabi},
        "build_python": build.resolved.build_python_version,
        "toolchain": {"kind": toolchain.kind, "family": toolchain.family, "version": toolchain.version},
        "sysroot": {
            "glibc": f"{glibc[0]}.{glibc[1]}" if glibc else None,
            "image": asdict(build.resolved.image) if build.resolved.image else None,
        },
        "provenance": [asdict(each) for each in build.resolved.provenance],
        "build_requirements": [{"name": name, "version": version} for name, version in build.requirements],
        "wheels": [_wheel(build)],
        "test": _test(build.test) if build.test else None,
        "steps": [{"title": step.title, "seconds": round(step.seconds, 3)} for step in build.steps],
    }


def _test(test: TestResult) -> dict[str, Any]:
    return {"command": test.command, "seconds": round(test.seconds, 3)}


def _wheel(build: Build) -> dict[str, Any]:
    content = build.wheel.read_bytes()
    need = build.verification.need
    return {
        "file": build.wheel.name,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "tags": list(build.verification.tags),
        "glibc_needed": f"{need.glibc[0]}.{need.glibc[1]}" if need and need.glibc else None,
        "findings": [finding.to_dict() for finding in build.verification.findings],
    }
