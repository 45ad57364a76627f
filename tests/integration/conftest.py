"""What several areas need: zig from the index."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def zig_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the ``ziglang`` distribution in it."""
    folder = tmp_path_factory.mktemp("zig")
    subprocess.run([find_uv_bin(), "pip", "install", "--quiet", "--target", str(folder), "ziglang>=0.15"], check=True)
    return folder


@pytest.fixture
def ziglang(zig_site: Path) -> Iterator[None]:
    """Make the distribution importable, as in an environment that has it installed."""
    sys.path.insert(0, str(zig_site))
    yield
    sys.path.remove(str(zig_site))
