"""The archive's reader against a small signed archive, behind an HTTP server that misbehaves on demand."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.mini_archive import MiniArchive, MiniDeb
from tests.support.mirror import Body, Cut, Mirror, Reset, Stall, Status

from xbuild.errors import ProvisionError
from xbuild.progress import SilentProgress
from xbuild.provision.cache import Cache
from xbuild.provision.debian.archive import Archive
from xbuild.provision.debian.resolver import resolve
from xbuild.provision.debian.sources import ArchiveSettings
from xbuild.provision.download import Downloader, FileMissingError, Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = datetime(2026, 10, 5, tzinfo=UTC)
OFFLINE_HINT = "run `xbuild target fetch TARGET`, or the same command without --offline, once with a network"
RELEASE = "dists/trixie/InRelease"

HELLO = MiniDeb(
    name="hello", architecture="riscv64", files={"usr/bin/hello": b"\x7fELF" * 5000}, fields={"Depends": "data"}
)
DATA = MiniDeb(name="data", files={"usr/share/data": bytes(range(256)) * 100})


class Recorder(SilentProgress):
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.transfers: dict[str, tuple[int, int]] = {}

    def note(self, text: str) -> None:
        self.notes.append(text)

    @contextmanager
    def transfer(self, title: str, *, total: int) -> Iterator[Callable[[int], None]]:
        arrived: list[int] = []
        yield arrived.append
        self.transfers[title] = (sum(arrived), total)


@pytest.fixture
def mini(tmp_path: Path) -> MiniArchive:
    archive = MiniArchive(tmp_path / "mirror")
    archive.add("trixie", HELLO, DATA)
    archive.publish()
    return archive


@pytest.fixture
def mirror(mini: MiniArchive) -> Iterator[Mirror]:
    with Mirror(mini.root) as mirror:
        yield mirror


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def archive(mini: MiniArchive, mirror: Mirror, cache: Cache) -> Archive:
    return Archive(
        settings=ArchiveSettings(url=mirror.url, keyrings=(mini.keyring,)),
        cache=cache,
        progress=Recorder(),
        clock=lambda: NOW,
        downloader=Downloader(policy=Policy(attempts=2, stall=0.3, backoff=0.001)),
    )


def again(archive: Archive, **changes: Any) -> Archive:
    """The same archive in a new process."""
    return replace(archive, progress=Recorder(), **changes)


def fetch_hello(archive: Archive) -> dict[str, Path]:
    packages = resolve(archive.suite("trixie").index("riscv64"), ["hello"])
    return {package.name: path for package, path in archive.fetch(packages).items()}


def recorder(archive: Archive) -> Recorder:
    assert isinstance(archive.progress, Recorder)
    return archive.progress


def left_over(cache: Cache) -> list[Path]:
    return list((cache.root / "tmp").iterdir())


class TestPackages:
    def test_are_fetched_verified_and_kept(self, archive: Archive, cache: Cache, mirror: Mirror) -> None:
        found = fetch_hello(archive)
        assert {name: path.read_bytes() for name, path in found.items()} == {
            "hello": HELLO.to_bytes(),
            "data": DATA.to_bytes(),
        }
        total = len(HELLO.to_bytes()) + len(DATA.to_bytes())
        assert recorder(archive).transfers["Downloading packages"] == (total, total)
        assert left_over(cache) == []
        mirror.requests.clear()
        assert fetch_hello(again(archive)) == found
        assert mirror.requests == [RELEASE]

    def test_one_that_was_damaged_in_the_cache_is_fetched_again(self, archive: Archive, mirror: Mirror) -> None:
        path = fetch_hello(archive)["data"]
        path.write_bytes(b"x" * path.stat().st_size)
        mirror.requests.clear()
        assert fetch_hello(archive)["data"].read_bytes() == DATA.to_bytes()
        assert mirror.requests == [DATA.filename]

    @pytest.mark.parametrize("fault", [Status(500), Reset(after=100), Cut(after=100), Stall(after=100)])
    def test_a_passing_fault_is_survived(self, archive: Archive, mirror: Mirror, fault: Any) -> None:
        mirror.faults[HELLO.filename] = [fault]
        assert fetch_hello(archive)["hello"].read_bytes() == HELLO.to_bytes()

    def test_a_tampered_one_is_refused_and_not_kept(self, archive: Archive, cache: Cache, mini: MiniArchive) -> None:
        path = mini.deb_path(DATA)
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(ProvisionError) as caught:
            fetch_hello(archive)
        expected = hashlib.sha256(DATA.to_bytes()).hexdigest()
        assert caught.value.message == (
            f"{archive.settings.url}/{DATA.filename} is not what the signed index says: "
            f"expected SHA-256 {expected}, found {hashlib.sha256(content).hexdigest()}"
        )
        assert not cache.blob_path(expected).exists()
        assert left_over(cache) == []

    def test_a_missing_one(self, archive: Archive, cache: Cache, mini: MiniArchive) -> None:
        mini.deb_path(DATA).unlink()
        with pytest.raises(FileMissingError, match=f"not found: {archive.settings.url}/{DATA.filename}"):
            fetch_hello(archive)
        assert left_over(cache) == []

    def test_a_mirror_that_stalls_for_good(self, archive: Archive, cache: Cache, mirror: Mirror) -> None:
        mirror.faults[HELLO.filename] = [Stall(after=10)] * 9
        with pytest.raises(ProvisionError, match=r"nothing arrived for 0.3 s \(tried 2 times\)"):
            fetch_hello(archive)
        assert left_over(cache) == []

    def test_too_little_space_is_known_before_the_download(self, archive: Archive, mirror: Mirror) -> None:
        (package,) = resolve(archive.suite("trixie").index("riscv64"), ["data"])
        mirror.requests.clear()
        with pytest.raises(
            ProvisionError, match=r"not enough space for Downloading packages: 1048576.0 MiB needed in "
        ):
            archive.fetch([replace(package, size=1 << 40)])
        assert mirror.requests == []

    def test_nothing_to_fetch(self, archive: Archive) -> None:
        assert archive.fetch([]) == {}

    def test_from_a_folder(self, archive: Archive, mini: MiniArchive) -> None:
        local = again(archive, settings=replace(archive.settings, url=mini.url))
        assert fetch_hello(local)["hello"].read_bytes() == HELLO.to_bytes()


class TestRelease:
    def test_what_it_says(self, archive: Archive) -> None:
        suite = archive.suite("trixie")
        assert suite is archive.suite("trixie")
        assert suite.date == datetime(2026, 10, 1, 12, tzinfo=UTC)
        assert suite.architectures == {"amd64", "arm64", "riscv64", "ppc64el"}

    def test_one_that_was_tampered_with_is_refused_and_not_kept(self, archive: Archive, mini: MiniArchive) -> None:
        path = mini.release_path("trixie")
        path.write_bytes(path.read_bytes().replace(b"Suite: stable", b"Suite: stables"))
        with pytest.raises(ProvisionError, match=f"^the signature of {archive.settings.url}/{RELEASE} is not valid: "):
            archive.suite("trixie")
        with pytest.raises(ProvisionError, match=r"^offline: the Release file of trixie"):
            again(archive, offline=True).suite("trixie")

    def test_one_signed_by_a_stranger_is_refused(self, archive: Archive) -> None:
        stranger = again(archive, settings=replace(archive.settings, keyrings=()))
        with pytest.raises(
            ProvisionError, match="is not valid: Signature verification failed: no valid signatures found"
        ):
            stranger.suite("trixie")

    def test_that_of_another_suite_is_refused(self, archive: Archive, mini: MiniArchive) -> None:
        mini.release_path("trixie").write_bytes(mini.release_path("bookworm").read_bytes())
        with pytest.raises(ProvisionError) as caught:
            archive.suite("trixie")
        assert caught.value.message == (
            f"{archive.settings.url}/{RELEASE} is signed, but for another suite: expected trixie, found bookworm"
        )

    def test_a_suite_that_the_mirror_does_not_have(self, archive: Archive) -> None:
        with pytest.raises(FileMissingError, match=r"not found: .*/dists/buster/InRelease"):
            archive.suite("buster")

    def test_an_expired_one_is_refused(self, archive: Archive, mini: MiniArchive) -> None:
        mini.suites["trixie"] = replace(mini.suites["trixie"], valid_until=NOW - timedelta(hours=1))
        mini.publish_suite("trixie")
        with pytest.raises(ProvisionError) as caught:
            archive.suite("trixie")
        url = archive.settings.url
        assert caught.value.message == (
            f"{url}/{RELEASE} expired on 2026-10-04 23:00 UTC, and it is 2026-10-05 00:00 UTC: "
            "the mirror no longer follows Debian, or the clock is wrong"
        )
        assert caught.value.hint == (
            "use another mirror (XBUILD_ARCHIVE), or accept what this one has: "
            f"XBUILD_ARCHIVE='[check-valid-until=no] {url}'"
        )
        accepting = again(archive, settings=replace(archive.settings, check_valid_until=False))
        assert accepting.suite("trixie").name == "trixie"

    def test_one_that_has_not_expired(self, archive: Archive, mini: MiniArchive) -> None:
        mini.suites["trixie"] = replace(mini.suites["trixie"], valid_until=NOW)
        mini.publish_suite("trixie")
        assert archive.suite("trixie").release.valid_until == NOW

    def test_an_older_one_than_was_seen_before_is_not_used(self, archive: Archive, mini: MiniArchive) -> None:
        archive.suite("trixie")
        mini.suites["trixie"] = replace(mini.suites["trixie"], date=datetime(2026, 9, 1, 6, 30, tzinfo=UTC))
        mini.publish_suite("trixie")
        later = again(archive)
        assert later.suite("trixie").date == datetime(2026, 10, 1, 12, tzinfo=UTC)
        (note,) = recorder(later).notes
        assert note == (
            f"{archive.settings.url}/{RELEASE} is of 2026-09-01 06:30, older than the one seen before "
            "(2026-10-01 12:00): the older one is not used"
        )

    def test_a_newer_one_takes_the_place_of_the_old(self, archive: Archive, mini: MiniArchive) -> None:
        archive.suite("trixie")
        mini.suites["trixie"] = replace(mini.suites["trixie"], date=datetime(2026, 10, 3, tzinfo=UTC))
        mini.publish_suite("trixie")
        assert again(archive).suite("trixie").date == datetime(2026, 10, 3, tzinfo=UTC)
        assert again(archive, offline=True).suite("trixie").date == datetime(2026, 10, 3, tzinfo=UTC)


class TestIndex:
    def test_is_fetched_by_its_hash_and_read_once(self, archive: Archive, mirror: Mirror) -> None:
        suite = archive.suite("trixie")
        index = suite.index("riscv64")
        assert index.names == {"hello", "data"}
        assert suite.index("riscv64") is index
        assert suite.index("amd64").names == {"data"}
        assert "by-hash/SHA256" in mirror.requests[1]
        mirror.requests.clear()
        assert again(archive).suite("trixie").index("riscv64") == index
        assert mirror.requests == [RELEASE]

    def test_a_mirror_without_hashes(self, archive: Archive, mini: MiniArchive, mirror: Mirror) -> None:
        mini.suites["trixie"] = replace(mini.suites["trixie"], by_hash=False)
        mini.publish_suite("trixie")
        assert archive.suite("trixie").index("riscv64").names == {"hello", "data"}
        assert mirror.requests == [RELEASE, "dists/trixie/main/binary-riscv64/Packages.xz"]

    def test_a_mirror_that_only_says_it_has_hashes(self, archive: Archive, mini: MiniArchive) -> None:
        _, by_hash = mini.packages_paths("trixie", "riscv64")
        by_hash.unlink()
        assert archive.suite("trixie").index("riscv64").names == {"hello", "data"}

    def test_a_damaged_stored_form_is_fetched_again(self, archive: Archive, cache: Cache) -> None:
        archive.suite("trixie").index("riscv64")
        (stored,) = (cache.root / "indexes").iterdir()
        stored.write_bytes(stored.read_bytes()[:-10])
        assert again(archive).suite("trixie").index("riscv64").names == {"hello", "data"}

    @pytest.mark.parametrize("change", ["truncated", "tampered", "another"])
    def test_one_that_is_not_what_the_release_says_is_refused(
        self, archive: Archive, cache: Cache, mini: MiniArchive, change: str
    ) -> None:
        for path in mini.packages_paths("trixie", "riscv64"):
            content = path.read_bytes()
            changed = {
                "truncated": content[: len(content) // 2],
                "tampered": content[:-1] + bytes([content[-1] ^ 1]),
                "another": content + b"more",
            }[change]
            path.write_bytes(changed)
        with pytest.raises(ProvisionError) as caught:
            archive.suite("trixie").index("riscv64")
        says = {
            "truncated": "bytes arrived (tried 2 times)",
            "tampered": "is not what the signed index says",
            "another": "is larger than expected",
        }[change]
        assert says in caught.value.message
        assert not (cache.root / "indexes").exists()
        assert left_over(cache) == []

    def test_an_architecture_that_the_suite_does_not_have(self, archive: Archive) -> None:
        with pytest.raises(ProvisionError) as caught:
            archive.suite("trixie").index("s390x")
        assert caught.value.message == "trixie has no packages for s390x"
        assert caught.value.hint == "it has: amd64, arm64, ppc64el, riscv64"

    def test_a_page_of_a_captive_portal(self, archive: Archive, mirror: Mirror) -> None:
        mirror.faults[RELEASE] = [Body(b"<html>please log in</html>")]
        with pytest.raises(ProvisionError, match="is not valid"):
            archive.suite("trixie")


class TestOffline:
    def test_what_was_fetched_is_enough(self, archive: Archive, mirror: Mirror) -> None:
        found = fetch_hello(archive)
        mirror.requests.clear()
        assert fetch_hello(again(archive, offline=True)) == found
        assert mirror.requests == []

    def test_it_may_have_expired(self, archive: Archive, mini: MiniArchive) -> None:
        mini.suites["trixie"] = replace(mini.suites["trixie"], valid_until=NOW)
        mini.publish_suite("trixie")
        archive.suite("trixie")
        later = again(archive, offline=True, clock=lambda: NOW + timedelta(days=99))
        assert later.suite("trixie").name == "trixie"

    def test_no_release_file(self, archive: Archive) -> None:
        with pytest.raises(ProvisionError) as caught:
            again(archive, offline=True).suite("trixie")
        assert caught.value.message == (
            f"offline: the Release file of trixie from {archive.settings.url} is not in the cache"
        )
        assert caught.value.hint == OFFLINE_HINT

    def test_no_index(self, archive: Archive) -> None:
        archive.suite("trixie")
        with pytest.raises(ProvisionError) as caught:
            again(archive, offline=True).suite("trixie").index("riscv64")
        assert caught.value.message == "offline: the index of trixie (riscv64) is not in the cache"
        assert caught.value.hint == OFFLINE_HINT

    def test_no_package(self, archive: Archive) -> None:
        archive.suite("trixie").index("riscv64")
        with pytest.raises(ProvisionError) as caught:
            fetch_hello(again(archive, offline=True))
        assert caught.value.message == "offline: not in the cache: data 1.0-1, hello 1.0-1"
        assert caught.value.hint == OFFLINE_HINT

    def test_a_tampered_release_file_in_the_cache_counts_as_none(self, archive: Archive, cache: Cache) -> None:
        archive.suite("trixie")
        (path,) = (cache.root / "releases").rglob("trixie")
        path.write_bytes(path.read_bytes().replace(b"stable", b"stuble"))
        with pytest.raises(ProvisionError, match=r"^offline: the Release file of trixie"):
            again(archive, offline=True).suite("trixie")
