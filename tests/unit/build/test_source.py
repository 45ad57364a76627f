"""Sources: folders, sdists and requirements, hostile ones among them."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xbuild.build.source import find_requirement, list_files, open_source, parse_requirement, read_pyproject
from xbuild.errors import BuildError
from xbuild.provision.cache import Cache

if TYPE_CHECKING:
    from collections.abc import Callable

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


def _change(path: Path, change: Callable[[bytearray], None]) -> Path:
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(content)
    return path


def make_zip(path: Path, *, change: Callable[[bytearray], None]) -> Path:
    """Of one member, ``demo/setup.py``; ``change`` gets the bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("demo/setup.py", b"# a text that is compressed, text that is compressed\n" * 9)
    return _change(path, change)


def _set(at: int, value: bytes, *, central: int) -> Callable[[bytearray], None]:
    """Set a field where it is in the local header, and in the central directory's."""

    def change(content: bytearray) -> None:
        for place in (at, content.index(b"PK\1\2") + central):
            content[place : place + len(value)] = value

    return change


def _damage_the_stream(content: bytearray) -> None:
    begin = 30 + len("demo/setup.py")
    content[begin : begin + 8] = b"\xff" * 8


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_damage_the_stream, "Error -3 while decompressing data: invalid block type"),
        (
            _set(6, b"\1\0", central=8),
            "member 'demo/setup.py' is encrypted",
        ),
        (_set(8, b"\x09\0", central=10), "That compression method is not supported"),
    ],
    ids=["damaged", "encrypted", "deflate64"],
)
def test_a_zip_that_cannot_be_read_is_named(tmp_path: Path, change: Callable[[bytearray], None], reason: str) -> None:
    sdist = make_zip(tmp_path / "demo-1.0.zip", change=change)

    with pytest.raises(BuildError) as caught:
        open_source(str(sdist), into=_new(tmp_path), fetch_sdist=no_index)

    assert caught.value.message == f"{sdist}: cannot be unpacked: {reason}"
    assert caught.value.hint == "fetch or make the sdist again"


@pytest.mark.parametrize(
    ("dos_date", "expected"),
    [(0, "1980-01-01"), (13 << 5 | 1, "1980-12-01"), (2 << 5 | 31, "1980-03-02"), (119 << 9 | 15 << 5, "2099-12-01")],
)
def test_a_zip_whose_dates_are_none_is_unpacked(tmp_path: Path, dos_date: int, expected: str) -> None:
    sdist = make_zip(tmp_path / "demo-1.0.zip", change=_set(12, dos_date.to_bytes(2, "little"), central=14))

    tree = open_source(str(sdist), into=_new(tmp_path), fetch_sdist=no_index)

    assert tree.date is not None
    assert datetime.fromtimestamp(tree.date, UTC).date().isoformat() == expected


def _make_tar_of(path: Path, member: tarfile.TarInfo, content: bytes = b"") -> Path:
    member.size = len(content)
    with tarfile.open(path, "w:xz" if path.suffix == ".xz" else "w:gz", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize(
    ("suffix", "reason"),
    [("xz", "Corrupt input data"), ("gz", "Error -3 while decompressing data: ")],
)
def test_a_damaged_stream_is_named(tmp_path: Path, suffix: str, reason: str) -> None:
    noise = hashlib.shake_256(b"").digest(99999)
    text = b"".join(b"%d\n" % (number * number) for number in range(99999))
    sdist = _make_tar_of(tmp_path / f"demo-1.0.tar.{suffix}", tarfile.TarInfo("demo/setup.py"), text)
    _change(sdist, lambda content: content.__setitem__(slice(60000, 90000), noise[:30000]))

    with pytest.raises(BuildError) as caught:
        open_source(str(sdist), into=_new(tmp_path), fetch_sdist=no_index)

    assert caught.value.message.startswith(f"{sdist}: cannot be unpacked: {reason}")


@pytest.mark.parametrize("date", ["inf", "-inf", "nan", "1e300", "1e20"])
def test_a_date_that_is_none_is_named(tmp_path: Path, date: str) -> None:
    member = tarfile.TarInfo("demo/setup.py")
    member.pax_headers = {"mtime": date}
    sdist = _make_tar_of(tmp_path / "demo-1.0.tar.gz", member)

    with pytest.raises(BuildError) as caught:
        open_source(str(sdist), into=_new(tmp_path), fetch_sdist=no_index)

    assert caught.value.message == (
        f"{sdist}: cannot be unpacked: the date of member 'demo/setup.py' is no date: {float(date)}"
    )


def test_a_hard_link_to_nothing_is_named(tmp_path: Path) -> None:
    member = tarfile.TarInfo("demo/setup.py")
    member.type, member.linkname = tarfile.LNKTYPE, "demo/nothing.py"
    sdist = _make_tar_of(tmp_path / "demo-1.0.tar.gz", member)

    with pytest.raises(BuildError, match=r"demo-1\.0\.tar\.gz: cannot be unpacked: "):
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
