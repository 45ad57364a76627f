"""Sources: folders, sdists and requirements, hostile ones among them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xbuild.build.source import find_requirement, list_files, open_source, parse_requirement, read_pyproject
from xbuild.errors import BuildError
from xbuild.provision.cache import Cache

if TYPE_CHECKING:
    from packaging.requirements import Requirement

PYPROJECT = '[build-system]\nrequires = ["setuptools"]\n'


def no_index(requirement: Requirement) -> Path:
    raise AssertionError(f"asked the index for {requirement}")


def make_project(folder: Path) -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "src" / "module.c").write_text("int x;\n")
    return folder


def make_tar(path: Path, members: dict[str, bytes | str]) -> Path:
    """A value of type str is where a symbolic link leads."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type = tarfile.SYMTYPE
                info.linkname = content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return path


def test_a_cache_in_the_project_is_not_copied_into_itself(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    with Cache(project / ".cache" / "xbuild").workspace() as into:
        tree = open_source(str(project), into=into, fetch_sdist=no_index)
        assert list_files(tree.path) == ("pyproject.toml", "src/module.c")


def test_what_cannot_be_copied_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project(tmp_path / "project")
    monkeypatch.chdir(project)
    for _ in range(25):  # deeper than any path may be long
        Path("x" * 180).mkdir()
        monkeypatch.chdir("x" * 180)
    (tmp_path / "into").mkdir()
    with pytest.raises(BuildError) as caught:
        open_source(str(project), into=tmp_path / "into", fetch_sdist=no_index)
    assert caught.value.message.startswith(f"cannot copy {project} to build it: [Errno 36] File name too long: ")
    assert caught.value.message.count("Errno") == 1


def test_a_folder_is_copied_without_what_builds_and_environments_left_in_it(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    for unwanted in (".venv/x", "__pycache__/x.pyc", "build/lib.linux-x86_64/x.so", "dist/old-1-py3-none-any.whl"):
        path = project / unwanted
        path.parent.mkdir(parents=True)
        path.touch()
    (project / "src" / "build").mkdir()
    (project / "src" / "build" / "kept.py").touch()
    into = tmp_path / "into"
    into.mkdir()

    tree = open_source(str(project), into=into, fetch_sdist=no_index)

    assert list_files(tree.path) == ("pyproject.toml", "src/build/kept.py", "src/module.c")
    assert (tree.label, tree.kind, tree.sha256) == ("project", "directory", None)


def test_a_source_folder_called_build_is_source(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    (project / "build").mkdir()
    (project / "build" / "rules.py").touch()
    into = tmp_path / "into"
    into.mkdir()

    tree = open_source(str(project), into=into, fetch_sdist=no_index)

    assert "build/rules.py" in list_files(tree.path)


def test_an_sdist_is_unpacked_and_hashed(tmp_path: Path) -> None:
    sdist = make_tar(tmp_path / "demo-1.0.tar.gz", {"demo-1.0/pyproject.toml": PYPROJECT.encode()})

    tree = open_source(str(sdist), into=_new(tmp_path), fetch_sdist=no_index)

    assert (tree.label, tree.kind, tree.path.name) == ("demo-1.0", "sdist", "demo-1.0")
    assert tree.sha256 is not None
    assert len(tree.sha256) == 64


def test_a_zip_sdist_is_unpacked(tmp_path: Path) -> None:
    sdist = tmp_path / "demo-1.0.zip"
    with zipfile.ZipFile(sdist, "w") as archive:
        archive.writestr("demo-1.0/setup.py", "")

    assert open_source(str(sdist), into=_new(tmp_path), fetch_sdist=no_index).label == "demo-1.0"


def test_an_sdist_has_the_date_of_its_newest_file_and_a_folder_has_none(tmp_path: Path) -> None:
    sdist = tmp_path / "demo-1.0.tar.gz"
    with tarfile.open(sdist, "w:gz") as archive:
        for name, date in (("demo/setup.py", 1600000000), ("demo/old.py", 1500000000), ("demo/sub", 1700000000)):
            info = tarfile.TarInfo(name)
            info.mtime, info.type = date, tarfile.DIRTYPE if name.endswith("sub") else tarfile.REGTYPE
            archive.addfile(info)

    tree = open_source(str(sdist), into=_new(tmp_path), fetch_sdist=no_index)

    assert tree.date == 1600000000
    assert (tree.path / "old.py").stat().st_mtime == 1500000000
    again = tmp_path / "again"
    again.mkdir()
    assert open_source(str(tree.path), into=again, fetch_sdist=no_index).date is None


def test_the_files_of_a_zip_sdist_keep_their_order_in_time(tmp_path: Path) -> None:
    sdist = tmp_path / "demo-1.0.zip"
    with zipfile.ZipFile(sdist, "w") as archive:
        archive.writestr(zipfile.ZipInfo("demo/made.c", (2021, 1, 1, 0, 0, 0)), "")
        archive.writestr(zipfile.ZipInfo("demo/setup.py", (2020, 1, 1, 0, 0, 0)), "")

    tree = open_source(str(sdist), into=_new(tmp_path), fetch_sdist=no_index)

    assert tree.date == 1609459200
    assert (tree.path / "made.c").stat().st_mtime - (tree.path / "setup.py").stat().st_mtime == 366 * 86400


def test_a_requirement_is_fetched(tmp_path: Path) -> None:
    sdist = make_tar(tmp_path / "demo-1.0.tar.gz", {"demo-1.0/setup.py": b""})
    asked = []

    def fetch(requirement: Requirement) -> Path:
        asked.append(str(requirement))
        return sdist

    assert open_source("demo==1.0", into=_new(tmp_path), fetch_sdist=fetch).label == "demo-1.0"
    assert asked == ["demo==1.0"]


@pytest.mark.parametrize(
    "members",
    [
        {"demo/setup.py": b"", "../outside.py": b"x"},
        {"demo/setup.py": b"", "demo/../../outside.py": b"x"},
        {"demo/setup.py": b"", "/outside.py": b"x"},
        {"demo/setup.py": b"", "demo/link": "/etc"},
        {"demo/setup.py": b"", "demo/link": "../../outside.py"},
        {"demo/link": "..", "demo/link/outside.py": b"x"},
    ],
    ids=["parent", "hidden parent", "absolute", "absolute link", "escaping link", "through a link"],
)
def test_an_sdist_that_leaves_its_folder_is_refused(tmp_path: Path, members: dict[str, bytes | str]) -> None:
    sdist = make_tar(tmp_path / "demo-1.0.tar.gz", members)
    into = _new(tmp_path)

    with pytest.raises(BuildError) as caught:
        open_source(str(sdist), into=into, fetch_sdist=no_index)

    assert caught.value.exit_code == 13
    assert not (tmp_path / "outside.py").exists()
    assert not (into.parent / "outside.py").exists()


@pytest.mark.parametrize("name", ["../outside.py", "/outside.py", "demo/../../outside.py"])
def test_a_zip_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    sdist = tmp_path / "demo-1.0.zip"
    with zipfile.ZipFile(sdist, "w") as archive:
        archive.writestr(name, "x")

    with pytest.raises(BuildError, match=r"unsafe sdist: member .*: its name leads out of the folder"):
        open_source(str(sdist), into=_new(tmp_path), fetch_sdist=no_index)


def test_a_damaged_sdist_is_named(tmp_path: Path) -> None:
    sdist = tmp_path / "demo-1.0.tar.gz"
    sdist.write_bytes(b"\x1f\x8b not gzip")

    with pytest.raises(BuildError, match=r"demo-1\.0\.tar\.gz: cannot be unpacked"):
        open_source(str(sdist), into=_new(tmp_path), fetch_sdist=no_index)


def test_a_wheel_is_not_a_source(tmp_path: Path) -> None:
    wheel = tmp_path / "demo-1.0-py3-none-any.whl"
    wheel.touch()

    with pytest.raises(BuildError) as caught:
        open_source(str(wheel), into=_new(tmp_path), fetch_sdist=no_index)

    assert caught.value.message == f"{wheel}: not an sdist: expected a name that ends with .tar.gz or .zip"


@pytest.mark.parametrize("source", ["no/such/folder", "./nothing", "demo @ https://example.invalid/x.tar.gz"])
def test_anything_else_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(BuildError, match="no such folder or sdist, and not a requirement"):
        open_source(source, into=_new(tmp_path), fetch_sdist=no_index)


def test_a_pyproject_that_says_nothing_about_building_needs_a_setup_py(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.other]\n")

    with pytest.raises(BuildError) as caught:
        read_pyproject(tmp_path)

    assert caught.value.message == (
        f"{tmp_path / 'pyproject.toml'}: no [build-system] table, and no setup.py beside it: "
        "nothing says how to build this project"
    )
    (tmp_path / "setup.py").touch()
    assert read_pyproject(tmp_path) == {"tool": {"other": {}}}


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"not a Python project: it has neither pyproject\.toml nor setup\.py"):
        read_pyproject(tmp_path)


def test_a_pyproject_that_is_not_toml_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[build-system\n")

    with pytest.raises(BuildError, match=r"not valid TOML: .*line 1"):
        read_pyproject(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("numpy==2.5.5", "numpy==2.5.5"),
        ("markupsafe", "markupsafe"),
        ("numpy[extra]", None),
        ("numpy; python_version < '3'", None),
        ("not a requirement", None),
    ],
)
def test_requirements(text: str, expected: str | None) -> None:
    parsed = parse_requirement(text)
    assert (str(parsed) if parsed else None) == expected


def _new(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch" / "source"
    folder.mkdir(parents=True)
    return folder


def test_what_is_there_is_not_a_requirement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(find_requirement("numpy==2.5.5")) == "numpy==2.5.5"
    assert find_requirement("./numpy") is None
    make_project(tmp_path / "numpy")
    assert find_requirement("numpy") is None
