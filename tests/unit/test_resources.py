from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild import resources
from xbuild.resources import data_path

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]


def test_the_data_is_found() -> None:
    """In this environment, where xbuild is either installed or editable."""
    assert data_path("toolchains", "riscv64.toml").read_bytes() == (ROOT / "toolchains" / "riscv64.toml").read_bytes()


def test_a_checkout_has_its_data_at_the_top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "src" / "xbuild")
    assert data_path("schemas", "x.json") == tmp_path / "schemas" / "x.json"


def test_an_installed_package_has_its_data_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "_data").mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path)
    assert data_path("schemas", "x.json") == tmp_path / "_data" / "schemas" / "x.json"


def test_every_data_folder_of_the_checkout_is_mapped_into_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    mapped = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert mapped == {folder: f"xbuild/_data/{folder}" for folder in resources.DATA_FOLDERS}
    assert all((ROOT / folder).is_dir() for folder in resources.DATA_FOLDERS)
