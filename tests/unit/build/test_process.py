"""Running a build's commands."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from xbuild.build.process import CommandRunner, clean_environ


def test_what_leads_to_the_build_machine_is_dropped_and_the_users_flags_are_kept() -> None:
    environ = {
        "CC": "gcc",
        "CFLAGS": "-O3",
        "CPATH": "/usr/local/include",
        "PKG_CONFIG_PATH": "/usr/lib/pkgconfig",
        "PYTHONPATH": "/somewhere",
        "PYTHONOPTIMIZE": "2",
        "PYTHONPLATLIBDIR": "lib64",
        "PYTHONPYCACHEPREFIX": "/tmp/pycache",
        "LD_RUN_PATH": "/opt/lib",
        "CMAKE_LIBRARY_PATH": "/opt/lib",
        "CMAKE_INCLUDE_PATH": "/opt/include",
        "_PYTHON_HOST_PLATFORM": "linux-x86_64",
        "HTTPS_PROXY": "proxy:1",
        "HOME": "/home/someone",
    }

    assert clean_environ(environ) == {
        "CFLAGS": "-O3",
        "HTTPS_PROXY": "proxy:1",
        "HOME": "/home/someone",
        "PYTHONNOUSERSITE": "1",
    }


def test_output_goes_to_the_log_and_line_by_line_to_the_user(tmp_path: Path) -> None:
    lines: list[str] = []
    runner = CommandRunner(log=tmp_path / "log", environ={"A": "1"}, echo=lines.append)

    runner([sys.executable, "-c", "import os; print(os.environ['A'], os.environ['B'])"], extra_environ={"B": "2"})

    assert lines == ["1 2"]
    assert (tmp_path / "log").read_text().splitlines()[1:] == ["1 2"]


def test_a_failure_carries_what_the_command_printed(tmp_path: Path) -> None:
    runner = CommandRunner(log=tmp_path / "log", environ={}, echo=lambda _line: None)

    with pytest.raises(subprocess.CalledProcessError) as caught:
        runner([sys.executable, "-c", "import sys; print('why'); sys.exit(3)"])

    assert (caught.value.returncode, caught.value.output) == (3, "why\n")


def test_an_interrupt_ends_the_command_and_its_children(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    child = f"import os, time; open({str(marker)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    parent = f"import subprocess, sys; print('started', flush=True); subprocess.run([sys.executable, '-c', {child!r}])"

    def interrupt(_line: str) -> None:
        while not (marker.exists() and marker.read_text()):
            time.sleep(0.01)
        raise KeyboardInterrupt

    runner = CommandRunner(log=tmp_path / "log", environ={}, echo=interrupt)
    with pytest.raises(KeyboardInterrupt):
        runner([sys.executable, "-c", parent])

    assert _ends(int(marker.read_text()))


def _ends(pid: int) -> bool:
    done = threading.Event()
    for _ in range(300):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        # A zombie that nobody waits for here still answers.
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        done.wait(0.01)
    return False
