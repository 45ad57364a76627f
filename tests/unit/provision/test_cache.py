from __future__ import annotations

import errno
import hashlib
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from xbuild.errors import ProvisionError
from xbuild.progress import SilentProgress
from xbuild.provision.cache import Cache, format_size
from xbuild.provision.workspaces import remove

CONTENT = b"a package"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def make_file(temporary: Path, _final: Path) -> None:
    (temporary / "file").write_bytes(b"12345")


def never(_temporary: Path, _final: Path) -> None:
    raise AssertionError("built although it is there")


class Notes(SilentProgress):
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.noted = threading.Event()

    def note(self, text: str) -> None:
        self.texts.append(text)
        self.noted.set()


class TestDefault:
    def test_the_environment_names_the_folder(self, tmp_path: Path) -> None:
        assert Cache.default({"XBUILD_CACHE_DIR": str(tmp_path)}).root == tmp_path

    def test_a_home_folder_is_expanded(self) -> None:
        assert Cache.default({"XBUILD_CACHE_DIR": "~/x"}).root == Path.home() / "x"

    def test_else_it_is_in_the_users_cache(self) -> None:
        assert Cache.default({}).root.name == "xbuild"


class TestTrees:
    def test_is_built_once(self, cache: Cache) -> None:
        path = cache.tree("key-1", make_file)
        assert path == cache.root / "trees" / "key-1"
        assert (path / "file").read_bytes() == b"12345"
        assert cache.tree("key-1", never) == path

    def test_the_builder_is_told_where_the_tree_will_be(self, cache: Cache) -> None:
        told: list[Path] = []
        path = cache.tree("key", lambda _temporary, final: told.append(final))
        assert told == [path]

    def test_a_failed_build_leaves_nothing(self, cache: Cache) -> None:
        def fail(temporary: Path, final: Path) -> None:
            make_file(temporary, final)
            raise ProvisionError("no")

        with pytest.raises(ProvisionError, match="no"):
            cache.tree("key", fail)
        assert not cache.tree_path("key").exists()
        assert list((cache.root / "tmp").iterdir()) == []
        cache.tree("key", make_file)

    def test_what_a_killed_process_left_is_removed_by_the_next(self, cache: Cache) -> None:
        stale = cache.root / "tmp" / "123-abcd"
        (stale / "key").mkdir(parents=True)
        (stale / "key" / "file").touch()
        stale.with_name("123-abcd.lock").touch()  # it is there, and no one holds it
        cache.tree("key", make_file)
        assert list((cache.root / "tmp").iterdir()) == []

    def test_what_a_killed_process_started_is_ended_by_the_next(self, cache: Cache) -> None:
        """It does not know that nobody waits for it, and would go on writing into the folder that is removed."""
        folder = cache.root / "tmp" / "1-abc"
        folder.mkdir(parents=True)
        folder.with_suffix(".lock").touch()
        command = ["/bin/sleep", "60"]
        with (
            subprocess.Popen(command, env={"TMPDIR": str(folder / "tmp")}) as ours,
            subprocess.Popen(command, env={"TMPDIR": "/tmp"}, cwd=folder) as another,
        ):
            while not Path(f"/proc/{ours.pid}/environ").read_bytes():  # the kernel sets it a moment after the start
                time.sleep(0.001)
            with cache.workspace():
                assert ours.wait(timeout=5) == -signal.SIGKILL
                assert another.poll() is None
            another.kill()
        assert not folder.exists()

    def test_what_an_interrupt_leaves_running_is_ended_before_its_folder_is_removed(self, cache: Cache) -> None:
        writing: list[subprocess.Popen[bytes]] = []

        def interrupted(folder: Path, _final: Path) -> None:
            command = ["/bin/sh", "-c", "while :; do mkdir -p $TMPDIR/a; done"]
            writing.append(subprocess.Popen(command, env={"TMPDIR": str(folder), "PATH": "/usr/bin:/bin"}))
            while not (folder / "a").exists():
                time.sleep(0.001)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            cache.tree("key", interrupted)
        assert writing[0].wait(timeout=5) == -signal.SIGKILL
        assert list((cache.root / "tmp").iterdir()) == []

    def test_an_interrupt_while_it_is_removed_does_not_stop_that(
        self, cache: Cache, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        interrupts = [KeyboardInterrupt()]

        def interrupted(path: Path) -> None:
            if interrupts:
                raise interrupts.pop()
            remove(path)

        monkeypatch.setattr("xbuild.provision.workspaces.remove", interrupted)
        with pytest.raises(KeyboardInterrupt), cache.workspace():
            pass
        assert list((cache.root / "tmp").iterdir()) == []

    def test_what_cannot_be_removed_is_left_to_the_next(self, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(path: Path) -> None:
            raise OSError(errno.ENOTEMPTY, "Directory not empty", str(path))

        with monkeypatch.context() as patch:
            patch.setattr("xbuild.provision.workspaces.remove", refuse)
            with cache.workspace() as folder:
                (folder / "file").touch()
        assert folder.exists()
        with cache.workspace():
            assert not folder.exists()

    def test_what_killed_writers_left_is_removed_when_it_is_old(self, cache: Cache) -> None:
        names = ("records/.a.json.012345.tmp", "toolchains/.new-x/cc", "emulators/.new-y/run")
        for name in (*names, "records/kept.json", "records/.young.tmp"):
            (cache.root / name).parent.mkdir(parents=True, exist_ok=True)
            (cache.root / name).touch()
        for path in (
            cache.root / name for name in ("records/.a.json.012345.tmp", "toolchains/.new-x", "emulators/.new-y")
        ):
            os.utime(path, (0, 0))
        with cache.workspace():
            left = sorted(path.name for path in cache.root.glob("*/*") if path.parent.name not in ("tmp", "locks"))
        assert left == [".young.tmp", "kept.json"]

    def test_a_living_process_keeps_its_workspace(self, cache: Cache) -> None:
        with cache.workspace() as outer:
            (outer / "file").touch()
            with cache.workspace() as inner:
                assert inner != outer
            assert (outer / "file").exists()
        assert not outer.exists()

    def test_of_two_at_once_one_builds_and_the_other_waits_and_says_so(self, tmp_path: Path) -> None:
        notes, building = Notes(), threading.Event()
        built: list[str] = []
        paths: list[Path] = []

        def build(name: str) -> None:
            def fill(temporary: Path, final: Path) -> None:
                built.append(name)
                make_file(temporary, final)
                building.set()
                assert notes.noted.wait(10)

            paths.append(Cache(tmp_path, progress=notes).tree("key", fill))

        first = threading.Thread(target=build, args=["first"])
        second = threading.Thread(target=build, args=["second"])
        first.start()
        assert building.wait(10)
        second.start()
        first.join(10)
        second.join(10)
        assert built == ["first"]
        assert len(set(paths)) == 1
        assert len(paths) == 2
        assert notes.texts == ["waiting for another xbuild that is at work on key"]

    def test_sizes_and_removal(self, cache: Cache) -> None:
        cache.tree("one", make_file)
        cache.tree("two", make_file)
        assert cache.trees() == {"one": 5, "two": 5}
        assert cache.remove_tree("one") == 5
        assert cache.remove_tree("one") == 0
        assert cache.trees() == {"two": 5}

    def test_read_only_folders_can_be_removed(self, tmp_path: Path) -> None:
        folder = tmp_path / "tree" / "a"
        (folder / "b").mkdir(parents=True)
        (folder / "b" / "file").touch()
        (tmp_path / "tree" / "link").symlink_to("/")
        (folder / "b").chmod(0o500)
        folder.chmod(0o500)
        remove(tmp_path / "tree")
        assert not (tmp_path / "tree").exists()

    @pytest.mark.parametrize("key", ["", "../x", "a/b", ".hidden", "a b"])
    def test_a_key_cannot_name_a_place_elsewhere(self, cache: Cache, key: str) -> None:
        with pytest.raises(ValueError, match=re.escape(f"not a key for a tree: {key!r}")):
            cache.tree(key, make_file)


class TestBlobs:
    def insert(self, cache: Cache, content: bytes = CONTENT) -> Path:
        with cache.workspace() as work:
            (work / "file").write_bytes(content)
            return cache.insert_blob(work / "file", SHA256, origin="http://mirror.example/file")

    def test_is_found_once_inserted(self, cache: Cache) -> None:
        assert cache.find_blob(SHA256, len(CONTENT)) is None
        path = self.insert(cache)
        assert path == cache.blob_path(SHA256) == cache.find_blob(SHA256, len(CONTENT))
        assert path.read_bytes() == CONTENT

    def test_other_content_does_not_enter(self, cache: Cache) -> None:
        with pytest.raises(ProvisionError) as caught:
            self.insert(cache, b"a pakcage")
        found = hashlib.sha256(b"a pakcage").hexdigest()
        assert caught.value.message == (
            f"http://mirror.example/file is not what the signed index says: expected SHA-256 {SHA256}, found {found}"
        )
        assert not cache.blob_path(SHA256).exists()

    @pytest.mark.parametrize("damaged", [b"a pakcage", b"a pack", b""])
    def test_one_that_was_damaged_is_removed(self, cache: Cache, damaged: bytes) -> None:
        path = self.insert(cache)
        path.write_bytes(damaged)
        assert cache.find_blob(SHA256, len(CONTENT)) is None
        assert not path.exists()

    def test_sizes_and_removal(self, cache: Cache) -> None:
        self.insert(cache)
        cache.tree("key", make_file)
        assert cache.downloads_size() == len(CONTENT)
        assert cache.remove_downloads() == len(CONTENT)
        assert cache.downloads_size() == 0
        assert cache.trees() == {"key": 5}

    def test_not_a_digest(self, cache: Cache) -> None:
        with pytest.raises(ValueError, match=re.escape("not a SHA-256: '../x'")):
            cache.blob_path("../x")


class TestRecords:
    KEY = "target-python: riscv64 3.14 / any text"

    def test_round_trip(self, cache: Cache) -> None:
        assert cache.record(self.KEY) is None
        cache.write_record(self.KEY, {"tree": "a", "n": [1, 2]})
        cache.write_record("another", {})
        assert cache.record(self.KEY) == {"tree": "a", "n": [1, 2]}
        assert cache.records() == {"another": {}, self.KEY: {"tree": "a", "n": [1, 2]}}

    def test_is_replaced_and_removed(self, cache: Cache) -> None:
        cache.write_record(self.KEY, {"tree": "a"})
        cache.write_record(self.KEY, {"tree": "b"})
        assert cache.record(self.KEY) == {"tree": "b"}
        cache.remove_record(self.KEY)
        cache.remove_record(self.KEY)
        assert cache.record(self.KEY) is None

    @pytest.mark.parametrize("damage", ["", "{", "[]", '{"key": "target"}', '{"key": 1, "value": {}}'])
    def test_a_damaged_one_counts_as_none(self, cache: Cache, damage: str) -> None:
        cache.write_record(self.KEY, {"tree": "a"})
        (path,) = (cache.root / "records").iterdir()
        path.write_text(damage)
        assert cache.record(self.KEY) is None
        assert cache.records() == {}


class TestSpace:
    def test_enough(self, cache: Cache) -> None:
        cache.require_space(1, purpose="a test")

    def test_not_enough(self, cache: Cache) -> None:
        with pytest.raises(ProvisionError) as caught:
            cache.require_space(1 << 60, purpose="Downloading packages")
        assert re.fullmatch(
            rf"not enough space for Downloading packages: 1099511627776\.0 MiB needed in {re.escape(str(cache.root))}, "
            r"[0-9.]+ MiB free",
            caught.value.message,
        )
        assert caught.value.hint == "free some space, or set XBUILD_CACHE_DIR to a folder on a larger disk"

    @pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
    def test_a_disk_that_fills_up_while_a_tree_is_built(self, cache: Cache, number: int) -> None:
        def fill(temporary: Path, final: Path) -> None:
            make_file(temporary, final)
            raise OSError(number, "full", str(temporary / "more"))

        with pytest.raises(
            ProvisionError, match=r"the disk is full: writing .*/more failed, .* MiB free in "
        ) as caught:
            cache.tree("key", fill)
        assert caught.value.hint == "free some space, or set XBUILD_CACHE_DIR to a folder on a larger disk"
        assert list((cache.root / "tmp").iterdir()) == []
        assert cache.trees() == {}

    def test_a_folder_that_is_not_ours_to_write(self, cache: Cache) -> None:
        with pytest.raises(ProvisionError) as caught, cache.disk_errors():
            raise PermissionError(errno.EACCES, "Permission denied", str(cache.root / "trees"))
        assert caught.value.message == f"cannot write {cache.root}/trees: Permission denied"
        assert caught.value.hint == "set XBUILD_CACHE_DIR to a folder that you may write to"

    def test_a_root_that_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "cache").touch()
        with pytest.raises(ProvisionError, match=f"cannot write {tmp_path}/cache"):
            Cache(tmp_path / "cache").tree("key", make_file)

    def test_other_errors_pass(self, cache: Cache) -> None:
        with pytest.raises(FileNotFoundError), cache.disk_errors():
            raise FileNotFoundError(errno.ENOENT, "no", "elsewhere")

    def test_sizes_for_people(self) -> None:
        assert format_size(102_345_678) == "97.6 MiB"

    def test_a_root_below_a_folder_that_is_not_ours(self, tmp_path: Path) -> None:
        with pytest.raises(ProvisionError, match=f"cannot write {tmp_path}: "), Cache(tmp_path / "a").disk_errors():
            raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path))

    def test_a_disk_that_is_full_before_there_is_a_cache(self, cache: Cache) -> None:
        with pytest.raises(ProvisionError, match=r"^the disk is full: writing .*/cache failed, "), cache.disk_errors():
            raise OSError(errno.ENOSPC, "full", str(cache.root))

    def test_a_killed_process_does_not_hinder_one_that_lives(self, cache: Cache) -> None:
        """The sweep leaves alone what is locked, and takes what is not, whichever order it meets them in."""
        with cache.workspace() as living:
            for name in ("000-dead", "zzz-dead"):
                (cache.root / "tmp" / name).mkdir()
                (cache.root / "tmp" / f"{name}.lock").touch()
            with cache.workspace():
                assert living.is_dir()
                assert not (cache.root / "tmp" / "000-dead").exists()
                assert not (cache.root / "tmp" / "zzz-dead").exists()
