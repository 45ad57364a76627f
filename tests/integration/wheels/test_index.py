"""Wheels of the package index, made by others for the targets: none of them is wrong, and auditwheel agrees."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

from xbuild.wheels.verify import expectation_for, verify_wheel

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.network


GLIBCS = ("2_17", "2_27", "2_28", "2_31", "2_35", "2_39")


def download(requirement: str, machine: str, folder: Path) -> Path:
    """Download one wheel for ``machine`` and CPython 3.13; skip where the index has none."""
    uv = [find_uv_bin(), "run", "--no-project", "--quiet", f"--python={sys.executable}", "--with", "pip"]
    pip = ["python", "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--python-version=3.13"]
    platforms = [f"--platform=manylinux_{glibc}_{machine}" for glibc in GLIBCS]
    command = [*uv, *pip, *platforms, f"--dest={folder}", requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the index has no {requirement} for {machine}: {done.stderr[-200:]}")
    return next(folder.glob("*.whl"))


@pytest.mark.parametrize(
    ("requirement", "machine"),
    [
        ("markupsafe==3.0.3", "aarch64"),
        ("markupsafe==3.0.3", "riscv64"),
        ("rpds-py==0.30.0", "s390x"),  # big-endian
        ("psutil==7.2.2", "aarch64"),  # abi3
        ("contourpy==1.3.3", "ppc64le"),  # C++
        ("rpds-py==0.30.0", "ppc64le"),  # Rust
        ("numpy==2.3.5", "aarch64"),  # carries libraries of its own
        ("ninja==1.13.0", "ppc64le"),  # a program, py3-none
        ("ninja==1.13.0", "armv7l"),
    ],
)
def test_a_published_wheel_is_right(requirement: str, machine: str, tmp_path: Path) -> None:
    path = download(requirement, machine, tmp_path)
    report = verify_wheel(path, expectation_for(path))
    assert [str(finding) for finding in report.findings if finding.severity != "note"] == []
    assert report.need is not None
    assert report.need.manylinux == _auditwheel(path)


def _auditwheel(path: Path) -> tuple[int, int]:
    """Return the oldest manylinux tag by auditwheel's own analysis."""
    command = [sys.executable, "-m", "auditwheel", "show", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r'is consistent with the following platform tag:\s+"manylinux_(\d+)_(\d+)_', done.stdout)
    assert found is not None, done.stdout
    return int(found[1]), int(found[2])
