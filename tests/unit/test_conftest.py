"""Where ``XBUILD_REQUIRE`` promises what a test needs, a skip is a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = """
import pytest

def test_skips():
    pytest.skip("the moon is not full")

@pytest.mark.network
@pytest.mark.emulator
def test_needs_both():
    pytest.skip("no network")

@pytest.fixture
def engine():
    pytest.skip("no engine")

@pytest.mark.container
def test_needs_an_engine(engine):
    pass

@pytest.mark.xfail(strict=True)
def test_known_to_fail():
    assert False
"""
SETTINGS = "[pytest]\nmarkers =\n    network\n    emulator\n    container\n"


@pytest.mark.parametrize(
    ("promised", "summary"),
    [
        (None, "3 skipped, 1 xfailed"),
        ("network", "1 failed, 2 skipped, 1 xfailed"),
        ("network,emulator,container", "2 failed, 1 xfailed, 1 error"),
    ],
)
def test_a_skip_where_all_that_is_needed_is_promised(promised: str | None, summary: str, tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parents[1] / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(SETTINGS)
    environ = {name: value for name, value in os.environ.items() if name != "XBUILD_REQUIRE"}
    environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    if promised is not None:
        environ["XBUILD_REQUIRE"] = promised
    command = [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", "--color=no", str(tmp_path)]
    result = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert summary in result.stdout.splitlines()[-1], result.stdout
    if promised:
        assert "(it must run here: XBUILD_REQUIRE=" in result.stdout
