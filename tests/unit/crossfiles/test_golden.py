"""Every file, to the byte, for each main target and kind of toolchain.

A folder of ``golden`` that is missing is written, and the test then fails once: look at what came out.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xbuild.crossfiles import write_all
from xbuild.crossfiles.environment import render

if TYPE_CHECKING:
    from tests.unit.crossfiles.conftest import MakeSpec

GOLDEN = Path(__file__).parent / "golden"

CASES = {
    "aarch64-gcc": ("3.13", ""),
    "armv7l-gcc": ("3.13", ""),
    "ppc64le-gcc": ("3.14", ""),
    "ppc64le-zig": ("3.13", ""),
    "riscv64-bare": ("3.13", ""),
    "riscv64-gcc": ("3.13", ""),
    "riscv64-zig": ("3.14", "t"),
}
"""The version and ABI flags of each case's Python."""


def rendered(make_spec: MakeSpec, case: str, folder: Path) -> dict[str, str]:
    """The text of each file by its place (and ``.txt``: none is code of ours), with ``folder`` as ``/files``."""
    target, _, toolchain = case.rpartition("-")
    version, flags = CASES[case]
    files = write_all(make_spec(target, version=version, flags=flags, toolchain=toolchain), folder)
    texts = {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}
    texts["env"] = render({**files.environment, **files.interpreter_environment}, "sh")
    return {f"{place}.txt": text.replace(str(folder), "/files") for place, text in texts.items()}


@pytest.mark.parametrize("case", CASES)
def test_the_files_are_as_they_were(case: str, make_spec: MakeSpec, tmp_path: Path) -> None:
    texts = rendered(make_spec, case, tmp_path)
    expected = {
        str(path.relative_to(GOLDEN / case)): path.read_text("utf-8")
        for path in (GOLDEN / case).rglob("*")
        if path.is_file()
    }
    if not expected:
        for place, text in texts.items():
            path = GOLDEN / case / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        pytest.fail(f"written: {GOLDEN / case}")
    assert texts == expected


def test_every_golden_folder_has_a_case() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)
