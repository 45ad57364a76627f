"""What the real compilers need: a Python's headers, and zig from the index."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def include() -> Path:
    """The headers of the Python that runs the tests: of the build machine, but of the targets' sizes and byte order."""
    folder = Path(sysconfig.get_path("include"))
    if not (folder / "Python.h").is_file():
        pytest.skip(f"no Python.h in {folder}")
    return folder


@pytest.fixture(scope="session")
def zig_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the ``ziglang`` distribution in it."""
    folder = tmp_path_factory.mktemp("zig")
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(folder), "ziglang>=0.15"]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture
def ziglang(zig_site: Path) -> Iterator[None]:
    """Make the distribution importable, as in an environment that has it installed."""
    sys.path.insert(0, str(zig_site))
    yield
    sys.path.remove(str(zig_site))
