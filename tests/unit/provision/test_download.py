from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from tests.support.mirror import Body, Cut, Mirror, Redirect, Reset, Stall, Status

from xbuild.errors import ProvisionError
from xbuild.provision.download import Download, Downloader, FileMissingError, Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.mirror import Fault

CONTENT = bytes(range(256)) * 1024
SIZE = len(CONTENT)
FAST = Policy(attempts=3, stall=0.3, backoff=0.001)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    root = tmp_path / "mirror"
    root.mkdir()
    for name in ("file", "other"):
        (root / name).write_bytes(CONTENT)
    with Mirror(root) as mirror:
        yield mirror


def fetch(url: str, path: Path, *, size: int = SIZE, exact: bool = True) -> tuple[bytes, int]:
    counts: list[int] = []
    download = Download(url=url, path=path, size=size, exact=exact)
    accepted: list[Download] = []
    Downloader(policy=FAST).fetch([download], accept=accepted.append, advance=counts.append)
    assert accepted == [download]
    return path.read_bytes(), sum(counts)


@pytest.mark.parametrize(
    "faults",
    [
        [],
        [Status(503)],
        [Status(429), Status(500)],
        [Reset(after=1000)],
        [Reset(), Reset(after=SIZE - 1)],
        [Cut(after=5000), Cut(after=7000)],
        [Stall(after=100)],
        [Body(CONTENT[:100])],
        [Redirect("/other")],
    ],
    ids=str,
)
def test_what_passes_is_survived(mirror: Mirror, tmp_path: Path, faults: list[Fault]) -> None:
    """The file is whole, and the bytes that were reported are its own, however often it broke."""
    mirror.faults["file"] = faults
    assert fetch(f"{mirror.url}/file", tmp_path / "here") == (CONTENT, SIZE)


def test_a_broken_transfer_goes_on_where_it_broke(mirror: Mirror, tmp_path: Path) -> None:
    mirror.faults["file"] = [Cut(after=5000)]
    fetch(f"{mirror.url}/file", tmp_path / "here")
    assert mirror.ranges == ["bytes=5000-"]


def test_a_server_without_ranges_is_asked_for_all_of_it(mirror: Mirror, tmp_path: Path) -> None:
    mirror.faults["file"] = [Cut(after=5000), Body(CONTENT)]
    assert fetch(f"{mirror.url}/file", tmp_path / "here") == (CONTENT, SIZE)


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        ([Status(503)] * 3, "the server answered 503"),
        ([Stall()] * 3, "nothing arrived for 0.3 s"),
        ([Cut(after=10)] * 3, "peer closed connection without sending complete message body"),
        ([Body(CONTENT[:100])] * 3, f"100 of {SIZE} bytes arrived"),
    ],
    ids=str,
)
def test_what_does_not_pass_is_given_up(mirror: Mirror, tmp_path: Path, faults: list[Fault], reason: str) -> None:
    mirror.faults["file"] = faults
    with pytest.raises(ProvisionError) as caught:
        fetch(f"{mirror.url}/file", tmp_path / "here")
    assert caught.value.message.startswith(f"cannot fetch {mirror.url}/file: {reason}")
    assert caught.value.message.endswith(" (tried 3 times)")
    assert caught.value.hint == (
        "check the network and the proxy settings, try again later, or use another mirror (XBUILD_ARCHIVE)"
    )


def test_a_reset_is_named(mirror: Mirror, tmp_path: Path) -> None:
    mirror.faults["file"] = [Reset()] * 3
    with pytest.raises(ProvisionError, match=r"Connection reset by peer \(tried 3 times\)"):
        fetch(f"{mirror.url}/file", tmp_path / "here")


def test_no_server(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match=r"cannot fetch http://127.0.0.1:1/x: .*refused.* \(tried 3 times\)"):
        fetch("http://127.0.0.1:1/x", tmp_path / "here")


@pytest.mark.parametrize("status", [404, 410])
def test_a_missing_file_is_not_asked_for_again(mirror: Mirror, tmp_path: Path, status: int) -> None:
    mirror.faults["file"] = [Status(status)]
    with pytest.raises(FileMissingError) as caught:
        fetch(f"{mirror.url}/file", tmp_path / "here")
    assert caught.value.message == f"not found: {mirror.url}/file"
    assert caught.value.hint == (
        "the mirror does not have it, or not any more: "
        "run `xbuild target fetch TARGET` to read the archive again, or use another mirror (XBUILD_ARCHIVE)"
    )
    assert mirror.requests == ["file"]


def test_a_refusal_is_not_tried_again(mirror: Mirror, tmp_path: Path) -> None:
    mirror.faults["file"] = [Status(403)]
    with pytest.raises(ProvisionError, match=r"cannot fetch .*/file: the server answered 403$"):
        fetch(f"{mirror.url}/file", tmp_path / "here")
    assert mirror.requests == ["file"]


def test_a_larger_file_is_not_read_to_its_end(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(ProvisionError, match=r"/file is larger than expected: more than 99 bytes"):
        fetch(f"{mirror.url}/file", tmp_path / "here", size=99)


def test_the_size_may_be_a_limit(mirror: Mirror, tmp_path: Path) -> None:
    assert fetch(f"{mirror.url}/file", tmp_path / "here", size=SIZE + 1, exact=False)[0] == CONTENT


def test_a_server_file_that_shrank_is_begun_again(mirror: Mirror, tmp_path: Path) -> None:
    (mirror.root / "file").write_bytes(CONTENT[:5000])
    mirror.faults["file"] = [Body(CONTENT[:6000])]
    with pytest.raises(ProvisionError, match=rf"5000 of {SIZE} bytes arrived \(tried 3 times\)"):
        fetch(f"{mirror.url}/file", tmp_path / "here")


class TestFileUrl:
    def test_is_copied(self, mirror: Mirror, tmp_path: Path) -> None:
        (mirror.root / "a b").write_bytes(CONTENT)
        assert fetch((mirror.root / "a b").as_uri(), tmp_path / "here") == (CONTENT, SIZE)

    def test_missing(self, mirror: Mirror, tmp_path: Path) -> None:
        with pytest.raises(FileMissingError, match="not found: file://"):
            fetch((mirror.root / "missing").as_uri(), tmp_path / "here")

    def test_too_short(self, mirror: Mirror, tmp_path: Path) -> None:
        with pytest.raises(ProvisionError, match=rf"{SIZE} of {SIZE + 1} bytes arrived"):
            fetch((mirror.root / "file").as_uri(), tmp_path / "here", size=SIZE + 1)


class TestMany:
    def downloads(self, mirror: Mirror, tmp_path: Path, names: list[str]) -> list[Download]:
        return [Download(url=f"{mirror.url}/{name}", path=tmp_path / name, size=SIZE) for name in names]

    def test_all_arrive_and_the_counts_add_up(self, mirror: Mirror, tmp_path: Path) -> None:
        names = [f"f{number}" for number in range(20)]
        for name in names:
            (mirror.root / name).write_bytes(CONTENT)
        mirror.faults["f3"] = [Cut(after=10_000)]
        counts: list[int] = []
        accepted: set[str] = set()
        downloads = self.downloads(mirror, tmp_path, names)
        Downloader(policy=FAST).fetch(downloads, accept=lambda it: accepted.add(it.path.name), advance=counts.append)
        assert accepted == set(names)
        assert sum(counts) == 20 * SIZE

    def test_the_first_failure_stops_the_others(self, mirror: Mirror, tmp_path: Path) -> None:
        mirror.faults["other"] = [Stall()]
        patient = Policy(attempts=1, stall=30, parallel=2)
        accepted: list[Download] = []
        with pytest.raises(FileMissingError):
            Downloader(policy=patient).fetch(
                self.downloads(mirror, tmp_path, ["other", "missing", "file"]), accept=accepted.append
            )
        assert accepted == []

    def test_what_accept_raises_is_raised(self, mirror: Mirror, tmp_path: Path) -> None:
        def refuse(_download: Download) -> None:
            raise ProvisionError("not what it should be")

        with pytest.raises(ProvisionError, match="not what it should be"):
            Downloader(policy=FAST).fetch(self.downloads(mirror, tmp_path, ["file"]), accept=refuse)

    def test_no_more_than_the_policy_says_at_once(self, mirror: Mirror, tmp_path: Path) -> None:
        threads: set[int] = set()
        names = ["file", "other"]
        Downloader(policy=Policy(parallel=1)).fetch(
            self.downloads(mirror, tmp_path, names), accept=lambda _download: threads.add(threading.get_ident())
        )
        assert len(threads) == 1

    def test_nothing_to_do(self) -> None:
        Downloader().fetch([], accept=lambda _download: None)
