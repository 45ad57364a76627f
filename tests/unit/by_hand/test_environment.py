"""What the environment is made of, before anything is made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.support.target_trees import cross_spec, target_python

from xbuild.by_hand.environment import _place, open_environment, project_requirements
from xbuild.errors import UsageError
from xbuild.progress import SilentProgress
from xbuild.provision.cache import Cache
from xbuild.resolve import Resolved
from xbuild.selection import Selection
from xbuild.targets import get_target

TARGET = get_target("riscv64")


@pytest.mark.parametrize(
    ("text", "requirements"),
    [
        ('[build-system]\nrequires = ["meson-python", "Cython>=3"]', ("meson-python", "Cython>=3")),
        ("[build-system]\nrequires = []", ()),
        ('[build-system]\nrequires = "setuptools"', ()),
        ("[tool.ruff]\nline-length = 120", ()),
        ("build-system = 3", ()),
        ('[[build-system]]\nrequires = ["x"]', ()),
        ('[build-system]\nrequires = ["meson-python", 3]', ("meson-python",)),
        ("[build-system", ()),
        (None, ()),
    ],
)
def test_what_the_project_requires(text: str | None, requirements: tuple[str, ...], tmp_path: Path) -> None:
    """A file that cannot be read is for whoever builds the project to complain of."""
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text, "utf-8")
    assert project_requirements(tmp_path) == requirements


def test_inside_an_environment_there_is_no_other() -> None:
    with pytest.raises(UsageError) as caught:
        open_environment(
            Selection(target=TARGET),
            requirements=(),
            progress=SilentProgress(),
            environ={**os.environ, "XBUILD_INSIDE": "aarch64"},
        )
    assert caught.value.message == "this is already the environment of a cross build, for aarch64"
    assert caught.value.hint == "run the command alone, or leave the shell with 'exit' first"


def resolved(tmp_path: Path, *, python: str = "3.13.1") -> Resolved:
    spec = cross_spec(TARGET, target_python(tmp_path / "target", TARGET), sysroot=tmp_path)
    return Resolved(spec=spec, provenance=(), build_python_version=python)


def test_the_place_stands_for_all_that_the_environment_depends_on(tmp_path: Path) -> None:
    cache = Cache(Path("/cache"))
    place = _place(resolved(tmp_path), ("b", "a"), cache).folder
    assert place.parent == Path("/cache/by-hand")
    assert place.name.startswith("riscv64-")
    assert place == _place(resolved(tmp_path), ("a", "b"), cache).folder
    others = {
        _place(resolved(tmp_path), ("a",), cache).folder,
        _place(resolved(tmp_path, python="3.13.2"), ("a", "b"), cache).folder,
        _place(resolved(tmp_path / "elsewhere"), ("a", "b"), cache).folder,
    }
    assert len(others) == 3
    assert place not in others


@pytest.mark.parametrize("root", ["/a cache", "/a:cache", "/$cache", f"/{'long/' * 20}"])
def test_another_place_is_taken_where_scripts_or_paths_could_not_name_it(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/tmp")
    folder = _place(resolved(tmp_path), (), Cache(Path(root))).folder
    assert folder.parent == Path(f"/tmp/xbuild-{os.getuid()}/by-hand")
