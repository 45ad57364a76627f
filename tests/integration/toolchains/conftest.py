"""What the real compilers need: a Python's headers."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def include() -> Path:
    """The headers of the Python that runs the tests: of the build machine, but of the targets' sizes and byte order."""
    folder = Path(sysconfig.get_path("include"))
    if not (folder / "Python.h").is_file():
        pytest.skip(f"no Python.h in {folder}")
    return folder
