"""A file is found under every name it really has."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.details_cases import TREES

from xbuild.details import discover, discover_all
from xbuild.details.discovery import flags_of, triplet_of
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
    assert list(discover_all(tmp_path)) == []


def test_the_standard_name_comes_first_and_the_targets_before_it(tmp_path: Path) -> None:
    names = ["build-details.json", *(f"build-details..{name}-linux-gnu.json" for name in ("riscv64", "aarch64"))]
    touch(tmp_path, *names)
    assert discover(tmp_path) == tmp_path / names[0]
    assert discover(tmp_path, target=get_target("riscv64")) == tmp_path / names[1]
    assert discover(tmp_path, target=get_target("s390x")) == tmp_path / names[0]


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


def test_a_whole_root_is_searched(tmp_path: Path) -> None:
    expected = [
        "opt/python/lib/python3.14t/build-details.json",
        "usr/lib/python3.14/build-details..riscv64-linux-gnu.json",
        "usr/lib/python3.15/build-details..aarch64-linux-gnu.json",
        "usr/lib/python3.15/build-details..riscv64-linux-gnu.json",
    ]
    touch(tmp_path, *expected, "usr/lib/python3.15/os.py")
    touch(tmp_path, "usr/lib/python3.15/test/build-details.json", "proc/1/root/build-details.json")
    assert [str(file.relative_to(tmp_path)) for file in discover_all(tmp_path)] == expected
