"""Start-up times, relative to ``python -c "import click"`` on the same machine at the same time."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(sys.executable).with_name("xbuild")
ROUNDS = 9


def ratio(*command: str) -> float:
    """The best time of ``command`` over the best of importing click, taken in turns so that load hits both alike."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(ROUNDS):
        for ours, arguments in ((False, (sys.executable, "-c", "import click")), (True, command)):
            before = time.perf_counter()
            subprocess.run(arguments, stdout=subprocess.DEVNULL, check=True, timeout=60)
            times[ours].append(time.perf_counter() - before)
    return min(times[True]) / min(times[False])


def test_help() -> None:
    assert ratio(str(SCRIPT), "--help") <= 3


@pytest.mark.network
def test_a_cross_file_with_a_warm_cache() -> None:
    command = (str(SCRIPT), "crossfile", "meson", "--target", "aarch64")
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, timeout=600)
    assert ratio(*command) <= 4
