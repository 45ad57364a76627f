"""Absurd input is refused quickly and in little memory; a whole root is checked in no time; a fuzzer finds nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from tests.support.details_cases import TREES
from tests.support.fuzz_details import main as fuzz

from xbuild.details import check, discover_all

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import sys, time
from xbuild.cli import main
started = time.process_time()
status = main(sys.argv[1:])
seconds = time.process_time() - started
# Of this program alone: getrusage's begins with what the process had that started it.
(peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")]
kilobytes = int(peak)
print(status, seconds < 1, kilobytes < 200 * 1024, seconds, kilobytes, file=sys.stderr)
"""


@pytest.mark.parametrize("command", ["check", "show", "repair"])
@pytest.mark.parametrize("shape", ["large", "deep", "deep objects"])
def test_absurd_json_is_refused_within_a_second_and_200_megabytes(tmp_path: Path, command: str, shape: str) -> None:
    file = tmp_path / "build-details.json"
    match shape:
        case "large":
            with file.open("wb") as stream:
                for _ in range(100):
                    stream.write(b'{"a": [1, 2]},' * (1024 * 1024 // 14))
        case "deep":
            file.write_bytes(b"[" * 10_000 + b"]" * 10_000)
        case _:
            file.write_bytes(b'{"a":' * 10_000 + b"1" + b"}" * 10_000)
    words = [sys.executable, "-c", PROGRAM, "details", command, str(file)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    said = "larger than 1024 KiB" if shape == "large" else "nested deeper than 64 levels"
    assert said in done.stdout + done.stderr
    assert done.stderr.splitlines()[-1].startswith("10 True True "), done.stderr


def test_a_root_with_four_interpreters_is_checked_in_a_second(tmp_path: Path) -> None:
    for name in ("3.14-riscv64", "3.15-riscv64", "3.14-aarch64", "3.15-aarch64"):
        shutil.copytree(TREES / f"debian-{name}", tmp_path, dirs_exist_ok=True)
    for number in range(5000):  # the rest of a distribution
        folder = tmp_path / "usr" / "share" / f"package{number % 500}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"file{number}").touch()
    check(tmp_path / "none")  # what is imported and compiled once
    started = time.process_time()
    files = list(discover_all(tmp_path))
    found = [finding for file in files for finding in check(file)]
    assert time.process_time() - started < 1
    assert (len(files), len(found)) == (4, 24)


@pytest.mark.slow
def test_a_fuzzer_finds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert fuzz(20, seed=int(time.time())) == 0
