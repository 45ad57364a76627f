"""A file is found under every name it really has."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest
from tests.support.details_cases import TREES

from xbuild.details import discover, discover_all
from xbuild.details.discovery import flags_of, triplet_of
from xbuild.details.walk import can_be_opened, find, is_kernels
from xbuild.errors import DetailsError
from xbuild.targets import get_target


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.mark.parametrize(
    ("name", "flags", "triplet"),
    [
        ("build-details.json", None, None),
        ("build-details..riscv64-linux-gnu.json", "", "riscv64-linux-gnu"),
        ("build-details.td.x86_64-linux-gnu.json", "td", "x86_64-linux-gnu"),
        ("build-details-old.json", None, None),
    ],
)
def test_what_a_name_says(name: str, flags: str | None, triplet: str | None) -> None:
    assert (flags_of(Path(name)), triplet_of(Path(name))) == (flags, triplet)


@pytest.mark.parametrize(
    "place",
    [".", "lib/python3.14", "usr/lib/python3.14t", "lib64/python3.14", "usr/local/lib/python3.14", "lib/x/python3.14"],
)
def test_a_file_is_found_from_the_library_the_prefix_and_the_root(tmp_path: Path, place: str) -> None:
    touch(tmp_path, f"{place}/build-details.json")
    assert discover(tmp_path) == tmp_path / place / "build-details.json"


def test_debians_name() -> None:
    root = TREES / "debian-3.15-s390x"
    assert discover(root) == root / "usr/lib/python3.15/build-details..s390x-linux-gnu.json"


def test_there_may_be_none(tmp_path: Path) -> None:
    touch(tmp_path, "lib/python3.13/os.py", "build-details.txt", "build-details.x.json")
    assert discover(tmp_path) is None
    assert discover_all(tmp_path) == []


def test_the_standard_name_comes_first_and_the_targets_before_it(tmp_path: Path) -> None:
    names = ["build-details.json", *(f"build-details..{name}-linux-gnu.json" for name in ("riscv64", "aarch64"))]
    touch(tmp_path, *names)
    assert discover(tmp_path) == tmp_path / names[0]
    assert discover(tmp_path, target=get_target("riscv64")) == tmp_path / names[1]
    assert discover(tmp_path, target=get_target("s390x")) == tmp_path / names[0]


def test_a_pipe_is_not_taken_for_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "build-details.json")
    assert discover(tmp_path) is None
    (tmp_path / "build-details..riscv64-linux-gnu.json").symlink_to("gone")
    assert discover(tmp_path) == tmp_path / "build-details..riscv64-linux-gnu.json"
    assert can_be_opened(tmp_path / ("x" * 300))


def test_several_files_need_a_choice(tmp_path: Path) -> None:
    touch(tmp_path, *(f"lib/python3.14/build-details..{name}-linux-gnu.json" for name in ("riscv64", "aarch64")))
    with pytest.raises(DetailsError) as raised:
        discover(tmp_path)
    assert raised.value.message == (
        f"{tmp_path}: several build-details files: lib/python3.14/build-details..aarch64-linux-gnu.json, "
        "lib/python3.14/build-details..riscv64-linux-gnu.json"
    )
    assert raised.value.hint == "name the file you mean, or a target that chooses one"
    target = get_target("riscv64")
    assert discover(tmp_path, target=target) == tmp_path / "lib/python3.14/build-details..riscv64-linux-gnu.json"
    touch(tmp_path, "lib/python3.15/build-details.json")
    with pytest.raises(DetailsError) as raised:
        discover(tmp_path, target=target)
    assert raised.value.hint == "name the file you mean"


def test_a_merged_usr_is_one_place(tmp_path: Path) -> None:
    touch(tmp_path, "usr/lib/python3.14/build-details.json")
    (tmp_path / "lib").symlink_to("usr/lib")
    assert discover(tmp_path) is not None


def found(root: Path) -> list[str]:
    return [str(file.relative_to(root)) for file in discover_all(root)]


def test_a_whole_root_is_searched(tmp_path: Path) -> None:
    expected = [
        "home/me/dev/python/lib/python3.14/build-details.json",
        "opt/python/lib/python3.14t/build-details.json",
        "opt/sys/lib/pypy3.12/build-details.json",
        "usr/lib/python3.14/build-details..riscv64-linux-gnu.json",
        "usr/lib/python3.15/build-details..aarch64-linux-gnu.json",
        "usr/lib/python3.15/build-details..riscv64-linux-gnu.json",
        "usr/lib/python3.15/site-packages/bundle/lib/python3.14/build-details.json",
        "usr/share/doc/python3.15/build-details.json",
    ]
    touch(tmp_path, *expected, "usr/lib/python3.15/os.py", "usr/lib/python3.15/build-details.json.dpkg-new")
    touch(tmp_path, "usr/lib/python3.15/test/build-details.json", "srv/__pycache__/build-details.json")
    touch(tmp_path, "usr/share/doc/python3.15/os.py/x", "home/me/dev/os.py")
    assert found(tmp_path) == expected


@pytest.mark.parametrize("top", [".", "tree", "tree/usr/..", "./tree/usr"])
def test_a_relative_folder_stays_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, top: str) -> None:
    file = "tree/usr/lib/python3.14/build-details.json"
    touch(tmp_path, file)
    monkeypatch.chdir(tmp_path)
    [only] = discover_all(Path(top))
    assert not only.is_absolute()
    assert only.resolve() == tmp_path / file


def test_links_are_not_followed_and_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    touch(tmp_path, "usr/lib/python3.14/build-details.json")
    (tmp_path / "lib").symlink_to("usr/lib")
    (tmp_path / "usr/up").symlink_to("..")
    for name in ("round", "linked", "nowhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "round/build-details.json").symlink_to("build-details.json")
    (tmp_path / "nowhere/build-details.json").symlink_to("gone")
    (tmp_path / "linked/build-details.json").symlink_to("../usr")
    (tmp_path / "build-details.json").mkdir()
    os.mkfifo(tmp_path / "usr/build-details.json")
    expected = ["nowhere/build-details.json", "round/build-details.json", "usr/lib/python3.14/build-details.json"]
    assert found(tmp_path) == expected


def test_a_folder_that_cannot_be_read_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert discover_all(tmp_path / "gone") == []
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}/gone: cannot be looked into: No such file or directory"
    ]


@pytest.mark.parametrize("step", [0, 1000])
def test_waiting_for_the_disk_changes_nothing(tmp_path: Path, step: int) -> None:
    """With a thousand waits for each look, threads walk what is left after the first folders."""
    names = [f"{number % 7}/{number}/build-details.json" for number in range(200)]
    touch(tmp_path, *names)
    result = find(tmp_path, "build-details.json".__eq__, waits=itertools.count(step=step).__next__)
    assert result == sorted(tmp_path / name for name in names)


@pytest.mark.parametrize("folders", [0, 1, 62, 63, 64, 65, 127, 128])
def test_waiting_for_the_disk_ends_however_few_folders_there_are(tmp_path: Path, folders: int) -> None:
    names = [f"{number}/build-details.json" for number in range(folders)]
    touch(tmp_path, *names)
    result = find(tmp_path, "build-details.json".__eq__, waits=itertools.count(step=1000).__next__)
    assert result == sorted(tmp_path / name for name in names)


def test_only_the_kernels_folders_are_the_kernels(tmp_path: Path) -> None:
    touch(tmp_path, "proc/x", "dev/x")
    assert not any(is_kernels(entry) for entry in os.scandir(tmp_path))
    assert "proc" in {entry.name for entry in os.scandir("/") if is_kernels(entry)}
