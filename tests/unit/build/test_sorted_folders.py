"""Folders listed in the order of names."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from xbuild.build import sorted_folders
from xbuild.build.sorted_folders import listdir, scandir

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("b", "a", "d", "c", "é", "B")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in NAMES:
        (tmp_path / name).touch()
    return tmp_path


def test_names_come_in_order(folder: Path) -> None:
    assert listdir(folder) == sorted(NAMES)
    assert listdir(os.fsencode(folder)) == sorted(map(os.fsencode, NAMES))
    with scandir(folder) as entries:
        assert [entry.name for entry in entries] == sorted(NAMES)
    descriptor = os.open(folder, os.O_RDONLY)
    assert listdir(descriptor) == [entry.name for entry in scandir(descriptor)] == sorted(NAMES)
    os.close(descriptor)


def test_errors_come_at_once_and_closing_ends_it(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        scandir(folder / "none")
    entries = scandir(folder)
    assert next(entries).name == "B"
    entries.close()
    assert list(entries) == []


def test_an_interpreter_uses_it_for_everything(folder: Path) -> None:
    shutil.copy(sorted_folders.__file__, folder.parent / "s.py")
    code = (
        "import s; s.install(); import glob, json, os, pathlib, shutil; p = pathlib.Path(os.environ['FOLDER'])\n"
        "print(json.dumps([os.listdir(p), [x.name for x in os.scandir(p)], next(os.walk(p))[2],\n"
        "  [x.name for x in p.iterdir()], [x.name for x in p.glob('*')], glob.glob('*', root_dir=p)]))\n"
        "assert shutil.rmtree.avoids_symlink_attacks\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder.parent,
        env={**os.environ, "FOLDER": str(folder), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert json.loads(done.stdout) == [sorted(NAMES)] * 6
