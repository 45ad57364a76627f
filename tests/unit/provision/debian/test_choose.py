from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.support.mini_archive import MiniArchive, MiniDeb

from xbuild.errors import ProvisionError, TargetError
from xbuild.progress import SilentProgress
from xbuild.provision.cache import Cache
from xbuild.provision.debian.archive import Archive
from xbuild.provision.debian.choose import (
    choose_base_suite,
    choose_python_suite,
    gcc_major,
    gcc_package,
    python_versions,
)
from xbuild.provision.debian.sources import ArchiveSettings

if TYPE_CHECKING:
    from pathlib import Path


class Notes(SilentProgress):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def note(self, text: str) -> None:
        self.texts.append(text)


def python(version: str, architecture: str) -> tuple[MiniDeb, MiniDeb]:
    names = (f"python{version}", f"libpython{version}-dev")
    one, two = (MiniDeb(name=name, version=f"{version}.1-1", architecture=architecture) for name in names)
    return one, two


def cross_gcc(major: str, triplet: str) -> MiniDeb:
    depends = f"cpp-{triplet} (= 4:{major}), gcc-{major}-{triplet} (>= {major}.2-1~)"
    return MiniDeb(name=f"gcc-{triplet}", architecture="amd64", fields={"Depends": depends})


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> MiniArchive:
    archive = MiniArchive(tmp_path_factory.mktemp("archive") / "mirror")
    archive.add("bookworm", *python("3.11", "arm64"), *python("3.13", "arm64"), cross_gcc("12", "aarch64-linux-gnu"))
    for architecture in ("arm64", "riscv64"):
        archive.add("trixie", *python("3.13", architecture))
        archive.add("forky", *python("3.13", architecture), *python("3.14", architecture))
        archive.add("sid", *python("3.14", architecture), *python("3.15", architecture))
    archive.add("trixie", cross_gcc("14", "aarch64-linux-gnu"), cross_gcc("14", "riscv64-linux-gnu"))
    archive.add("sid", MiniDeb(name="python3.16", architecture="arm64"))
    archive.publish()
    return archive


def make(mini: MiniArchive, tmp_path: Path, *, now: datetime = datetime(2026, 10, 5, tzinfo=UTC)) -> Archive:
    settings = ArchiveSettings(url=mini.url, keyrings=(mini.keyring,))
    return Archive(settings=settings, cache=Cache(tmp_path), progress=Notes(), clock=lambda: now)


@pytest.mark.parametrize(
    ("architecture", "version", "suite"),
    [
        ("arm64", "3.13", "trixie"),
        ("arm64", "3.14", "forky"),
        ("arm64", "3.15", "sid"),
        ("arm64", "3.11", "bookworm"),
        ("riscv64", "3.13", "trixie"),
    ],
)
def test_python_comes_from_the_first_suite_that_has_it(
    mini: MiniArchive, tmp_path: Path, architecture: str, version: str, suite: str
) -> None:
    assert choose_python_suite(make(mini, tmp_path), architecture, version).name == suite


def test_no_suite_has_that_python(mini: MiniArchive, tmp_path: Path) -> None:
    with pytest.raises(TargetError) as caught:
        choose_python_suite(make(mini, tmp_path), "arm64", "3.9")
    assert caught.value.message == (
        "no suite of Debian has CPython 3.9 for arm64: "
        "trixie has 3.13; forky has 3.13, 3.14; sid has 3.14, 3.15; bookworm has 3.11, 3.13"
    )
    assert caught.value.hint == "choose one of these with --python, or bring your own with --build-details"


def test_suites_without_the_architecture_are_not_named(mini: MiniArchive, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"for riscv64: trixie has 3.13; forky has 3.13, 3.14; sid has 3.14, 3.15$"):
        choose_python_suite(make(mini, tmp_path), "riscv64", "3.11")


def test_no_suite_has_the_architecture(mini: MiniArchive, tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"for s390x: no suite has the architecture$"):
        choose_python_suite(make(mini, tmp_path), "s390x", "3.13")


def test_a_suite_that_the_mirror_lacks_is_noted(mini: MiniArchive, tmp_path: Path) -> None:
    root = tmp_path / "partial"
    shutil.copytree(mini.root, root)
    shutil.rmtree(root / "dists" / "trixie")
    settings = ArchiveSettings(url=root.as_uri(), keyrings=(mini.keyring,))
    notes = Notes()
    archive = Archive(settings=settings, cache=Cache(tmp_path / "cache"), progress=notes)
    assert choose_python_suite(archive, "arm64", "3.13").name == "forky"
    assert notes.texts == [f"{root.as_uri()} does not have trixie"]


def test_a_server_without_any_suite_is_told_from_one_without_the_version(tmp_path: Path) -> None:
    settings = ArchiveSettings(url=tmp_path.as_uri(), origin="XBUILD_ARCHIVE")
    archive = Archive(settings=settings, cache=Cache(tmp_path / "cache"), progress=Notes())
    with pytest.raises(ProvisionError) as caught:
        choose_python_suite(archive, "arm64", "3.13")
    assert caught.value.message == (
        f"no suite of Debian is at {tmp_path.as_uri()}: looked for trixie, forky, sid, bookworm"
    )
    assert caught.value.hint == "it was chosen by XBUILD_ARCHIVE; name another one (XBUILD_ARCHIVE)"


@pytest.mark.parametrize(
    ("architecture", "triplet", "year", "suite"),
    [
        ("arm64", "aarch64-linux-gnu", 2026, "bookworm"),
        ("arm64", "aarch64-linux-gnu", 2029, "trixie"),
        ("riscv64", "riscv64-linux-gnu", 2026, "trixie"),
    ],
)
def test_the_base_is_the_oldest_maintained_suite_with_compilers(
    mini: MiniArchive, tmp_path: Path, *, architecture: str, triplet: str, year: int, suite: str
) -> None:
    archive = make(mini, tmp_path, now=datetime(year, 10, 5, tzinfo=UTC))
    chosen = choose_base_suite(archive, architecture, build_architecture="amd64", cross_package=gcc_package(triplet))
    assert chosen.name == suite


@pytest.mark.parametrize(
    ("architecture", "build", "says"),
    [
        ("ppc64el", "amd64", "bookworm, trixie, forky, sid lack gcc-x for amd64"),
        ("riscv64", "s390x", "trixie, forky, sid lack gcc-x for s390x"),
        ("s390x", "amd64", "none has the target"),
    ],
)
def test_no_suite_has_the_compilers(
    mini: MiniArchive, tmp_path: Path, architecture: str, build: str, says: str
) -> None:
    with pytest.raises(TargetError) as caught:
        choose_base_suite(make(mini, tmp_path), architecture, build_architecture=build, cross_package="gcc-x")
    assert caught.value.message == (f"no maintained suite of Debian has both {architecture} and its compilers: {says}")
    assert caught.value.hint == "bring your own compilers with --toolchain, or use --toolchain zig"


def test_an_interpreter_without_headers_does_not_count(mini: MiniArchive, tmp_path: Path) -> None:
    assert python_versions(make(mini, tmp_path).suite("sid").index("arm64")) == ("3.14", "3.15")


def test_the_version_of_gcc_is_read_from_the_index(mini: MiniArchive, tmp_path: Path) -> None:
    archive = make(mini, tmp_path)
    assert gcc_major(archive.suite("bookworm").index("amd64"), "aarch64-linux-gnu") == "12"
    assert gcc_major(archive.suite("trixie").index("amd64"), "riscv64-linux-gnu") == "14"
    with pytest.raises(ProvisionError) as caught:
        gcc_major(archive.suite("trixie").index("amd64"), "s390x-linux-gnu")
    assert caught.value.message == (
        "trixie (amd64) has no GCC for s390x-linux-gnu: expected gcc-s390x-linux-gnu to depend on gcc-<version>"
    )


def test_debian_writes_a_triplet_with_dashes() -> None:
    assert gcc_package("x86_64-linux-gnu") == "gcc-x86-64-linux-gnu"
