"""Sysroot and Python from an image, with an engine that is only folders."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.images import FakeEngine, add_python, make_root
from tests.support.target_trees import write
from tests.support.wheels import Elf

from xbuild.engines.container.sysroot import image_architecture, take_image
from xbuild.errors import EngineError
from xbuild.progress import SilentProgress
from xbuild.provision.directory import own_sysroot
from xbuild.provision.image import read_record
from xbuild.selection import Selection
from xbuild.targets import get_target, target_names

TARGET = get_target("aarch64")
REFERENCE = "quay.io/pypa/manylinux_2_28_aarch64"
HINT = f"name an image for arm64, such as {REFERENCE}"


class Notes(SilentProgress):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """As manylinux has it: /opt/python has links to where the Pythons are."""
    root = make_root(tmp_path / "root", TARGET)
    add_python(root, TARGET, "3.13", place="opt/_internal/cpython-3.13.5", runpath="/opt/_internal/sqlite3/lib")
    add_python(root, TARGET, "3.14t", place="opt/_internal/cpython-3.14.0-nogil")
    (root / "opt/python").mkdir()
    (root / "opt/python/cp313-cp313").symlink_to("/opt/_internal/cpython-3.13.5")
    (root / "opt/python/cp314-cp314t").symlink_to("../_internal/cpython-3.14.0-nogil")
    write(root / "opt/_internal/sqlite3/lib/libsqlite3.so.0", bytes(Elf(machine="EM_AARCH64", flags=0)))
    write(root / "opt/_internal/sqlite3/lib/libsqlite3.a", "")
    return root


@pytest.fixture
def engine(root: Path) -> FakeEngine:
    return FakeEngine(images={REFERENCE: ("arm64", root)})


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XBUILD_CACHE_DIR": str(tmp_path / "cache")}


def take(engine: FakeEngine, environ: dict[str, str], *, progress: Notes | None = None, **changes: object) -> Selection:
    selection = replace(Selection(target=TARGET, sysroot_image=REFERENCE), **changes)  # type: ignore[arg-type]
    return take_image(
        selection,
        progress=progress or Notes(),
        environ=environ,
        connect=lambda _environ: engine,
    )


def trees(environ: dict[str, str]) -> list[str]:
    return sorted(path.name for path in Path(environ["XBUILD_CACHE_DIR"]).glob("trees/*"))


def test_a_selection_without_an_image_needs_no_engine() -> None:
    selection = Selection(target=TARGET)
    assert take_image(selection, progress=Notes(), environ={"DOCKER_HOST": "unix:///nowhere"}) is selection


def test_the_sysroot_has_what_a_build_needs(engine: FakeEngine, environ: dict[str, str]) -> None:
    sysroot = take(engine, environ).sysroot
    assert sysroot is not None
    names = {str(path.relative_to(sysroot)) for path in sysroot.rglob("*") if not path.is_dir() or path.is_symlink()}
    assert names == {
        ".xbuild-image.json",
        "etc/os-release",
        "lib",
        "lib64",
        "usr/include/stdio.h",
        "usr/lib/ld-linux-aarch64.so.1",
        "usr/lib/os-release",
        "usr/lib64/crt1.o",
        "usr/lib64/ld-2.28.so",
        "usr/lib64/libc.so",
        "usr/lib64/libc.so.6",
        "usr/lib64/libstdc++.so.6",
    }
    assert own_sysroot(sysroot, TARGET).library_dirs[0] == sysroot / "usr/lib64"
    record = read_record(sysroot, reference=REFERENCE)
    assert record.reference == REFERENCE
    assert record.id == engine.inspect_image(REFERENCE)["Id"]
    assert record.digests == (f"{REFERENCE}@sha256:1",)


def test_the_python_is_found_behind_its_link_and_described(engine: FakeEngine, environ: dict[str, str]) -> None:
    taken = take(engine, environ)
    assert taken.python == "3.13"
    assert taken.build_details is not None
    prefix = taken.build_details.parents[2]
    assert prefix.name == "cp313-cp313"
    assert not prefix.is_symlink()
    details = json.loads(taken.build_details.read_bytes())
    assert details["abi"]["extension_suffix"] == ".cpython-313-aarch64-linux-gnu.so"
    assert details["base_interpreter"] == "bin/python3.13"
    assert "static" not in details.get("libpython", {})
    assert (prefix / "bin/python3").is_symlink()
    assert not (prefix / "bin/pip3").exists()
    assert not (prefix / "lib/python3.13/site-packages").exists()


def test_libraries_that_only_the_python_has_come_with_it(engine: FakeEngine, environ: dict[str, str]) -> None:
    taken = take(engine, environ)
    assert taken.build_details is not None
    tree = taken.build_details.parents[5]
    assert [path.name for path in (tree / "usr/lib64").iterdir()] == ["libsqlite3.so.0"]


def test_a_free_threaded_python(engine: FakeEngine, environ: dict[str, str]) -> None:
    details = take(engine, environ, python="3.14t").build_details
    assert details is not None
    assert details.parent.name == "python3.14t"
    assert json.loads(details.read_bytes())["abi"]["flags"] == ["t"]


def test_no_container_is_left_and_none_is_made_again(engine: FakeEngine, environ: dict[str, str]) -> None:
    first = take(engine, environ)
    assert engine.containers == {}
    assert [each["labels"]["io.xbuild.run"] for each in engine.created] == ["1", "1"]
    assert {each["platform"] for each in engine.created} == {"linux/arm64"}
    assert take(engine, environ) == first
    assert len(engine.created) == 2


def test_another_content_under_the_same_name_is_another_sysroot(
    engine: FakeEngine, environ: dict[str, str], root: Path, tmp_path: Path
) -> None:
    first = take(engine, environ)
    root.rename(tmp_path / "changed")
    engine.images[REFERENCE] = ("arm64", tmp_path / "changed")
    assert take(engine, environ).sysroot != first.sysroot


def test_a_python_that_is_not_there(engine: FakeEngine, environ: dict[str, str]) -> None:
    with pytest.raises(EngineError) as caught:
        take(engine, environ, python="3.12")
    assert caught.value.message == (
        f"the image {REFERENCE} has no CPython 3.12: there is no /opt/python/cp312-cp312, but cp313-cp313, cp314-cp314t"
    )
    assert caught.value.hint == "choose one of these with --python (cp314-cp314t is 3.14t)"
    assert engine.containers == {}


def test_an_image_without_any_python_leaves_it_to_the_archive(environ: dict[str, str], tmp_path: Path) -> None:
    engine = FakeEngine(images={REFERENCE: ("arm64", make_root(tmp_path / "root", TARGET))})
    for _ in range(2):
        taken = take(engine, environ, progress=(progress := Notes()))
        assert taken.sysroot is not None
        assert (taken.python, taken.build_details) == ("3.13", None)
        assert progress.notes == [
            f"the image {REFERENCE} has no /opt/python: the target's Python comes from the archive"
        ]
    assert len(engine.created) == 2


def test_a_folder_that_is_no_python(engine: FakeEngine, environ: dict[str, str], root: Path) -> None:
    (root / "opt/python/cp312-cp312/bin").mkdir(parents=True)
    with pytest.raises(EngineError) as caught:
        take(engine, environ, python="3.12")
    assert caught.value.message == (
        f"the image {REFERENCE} has no standard library in /opt/python/cp312-cp312/lib/python3.12"
    )


def test_links_in_a_circle(engine: FakeEngine, environ: dict[str, str], root: Path) -> None:
    (root / "opt/python/cp312-cp312").symlink_to("cp312-cp312")
    with pytest.raises(EngineError, match="has no CPython"):
        take(engine, environ, python="3.12")


def test_an_engine_that_stops_in_the_middle_leaves_nothing(engine: FakeEngine, environ: dict[str, str]) -> None:
    engine.fails_at = "usr/lib64"
    with pytest.raises(EngineError) as caught:
        take(engine, environ)
    assert caught.value.message.startswith(f"copying /usr/lib64 from the image {REFERENCE} failed: ")
    assert trees(environ) == []
    assert engine.containers == {}


def test_an_interrupt_while_the_container_is_made_leaves_nothing(engine: FakeEngine, environ: dict[str, str]) -> None:
    engine.interrupts = True
    with pytest.raises(KeyboardInterrupt):
        take(engine, environ)
    assert engine.containers == {}


def test_a_container_that_somebody_removes_leaves_nothing(engine: FakeEngine, environ: dict[str, str]) -> None:
    engine.removed_at = "usr/lib64"
    with pytest.raises(EngineError) as caught:
        take(engine, environ)
    assert caught.value.message == "somebody else removed the container that files are copied from"
    assert trees(environ) == []


def test_a_hard_link_to_what_is_left_out_is_copied_by_itself(
    engine: FakeEngine, environ: dict[str, str], root: Path
) -> None:
    write(root / "usr/lib64/a-first-name", "content")
    (root / "usr/lib64/libx.so").hardlink_to(root / "usr/lib64/a-first-name")
    sysroot = take(engine, environ).sysroot
    assert sysroot is not None
    assert (sysroot / "usr/lib64/libx.so").read_text() == "content"
    assert not (sysroot / "usr/lib64/a-first-name").exists()


class TestTheImage:
    """Which one is taken, and what is said if there is none."""

    def test_one_that_is_not_here_is_pulled(self, engine: FakeEngine, environ: dict[str, str]) -> None:
        engine.pullable, engine.images = engine.images, {}
        assert take(engine, environ).sysroot is not None

    def test_one_for_another_machine_is_pulled_for_the_target(
        self, engine: FakeEngine, environ: dict[str, str], root: Path
    ) -> None:
        engine.pullable = {REFERENCE: ("arm64", root)}
        engine.images = {REFERENCE: ("amd64", root)}
        assert take(engine, environ).sysroot is not None

    def test_one_that_exists_for_another_machine_only(
        self, engine: FakeEngine, environ: dict[str, str], root: Path
    ) -> None:
        engine.images = {REFERENCE: ("amd64", root)}
        with pytest.raises(EngineError) as caught:
            take(engine, environ)
        assert caught.value.message == f"the image {REFERENCE} is for amd64, and aarch64 needs one for arm64"
        assert caught.value.hint == HINT
        assert caught.value.details == "manifest unknown"

    def test_one_that_nobody_has(self, engine: FakeEngine, environ: dict[str, str]) -> None:
        engine.images = {}
        with pytest.raises(EngineError) as caught:
            take(engine, environ)
        assert caught.value.message == f"there is no image {REFERENCE} for arm64: manifest unknown"
        assert caught.value.hint == HINT

    def test_offline_nothing_is_pulled(self, engine: FakeEngine, environ: dict[str, str]) -> None:
        engine.pullable, engine.images = engine.images, {}
        with pytest.raises(EngineError) as caught:
            take(engine, environ, offline=True)
        assert caught.value.message == f"the image {REFERENCE} is not there, and --offline forbids to pull it"


def test_architectures_are_those_of_images() -> None:
    assert {name: image_architecture(get_target(name)) for name in target_names()} == {
        "aarch64": "arm64",
        "armv7l": "arm",
        "loongarch64": "loong64",
        "ppc64le": "ppc64le",
        "riscv64": "riscv64",
        "s390x": "s390x",
        "x86_64": "amd64",
    }
