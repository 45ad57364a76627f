"""An archive that is broken, tampered with or out of reach, and a disk that is too small for it."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest
from tests.support.command import one_message
from tests.support.mini_archive import MiniArchive, MiniDeb
from tests.support.mirror import Body, Cut, Mirror, Reset, Stall, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.command import Command, Disk, Finished
    from tests.support.mirror import Fault

FETCH = ("target", "fetch", "ppc64le", "--python", "3.14")
RELEASE = "dists/trixie/InRelease"
HEADERS = "pool/main/l/libpython3.14-dev/libpython3.14-dev_3.14.8-1_ppc64el.deb"


@pytest.fixture
def mirror(mini: MiniArchive) -> Iterator[Mirror]:
    with Mirror(mini.root) as running:
        yield running


@pytest.fixture
def fetch(xbuild: Command, mini: MiniArchive, mirror: Mirror) -> Callable[[], Finished]:
    return lambda: xbuild(*FETCH, env={"XBUILD_ARCHIVE": mini.setting(mirror.url)})


def nothing_but_downloads(xbuild: Command) -> None:
    """Check that no tree was made, and nothing unfinished is there."""
    assert list((xbuild.cache / "trees").glob("*")) == []
    assert xbuild.left_behind() == []


def test_all_is_well_with_the_archive(fetch: Callable[[], Finished], xbuild: Command) -> None:
    finished = fetch()
    assert (finished.returncode, finished.errors) == (0, []), finished
    components = [line.split()[:2] for line in finished.stdout.splitlines()]
    assert ["target-python", "trixie"] in components
    assert ["toolchain", "bookworm"] in components
    assert xbuild.left_behind() == []


def test_a_version_that_no_suite_has(xbuild: Command, mini: MiniArchive) -> None:
    finished = xbuild("target", "fetch", "ppc64le", "--python", "3.9", env={"XBUILD_ARCHIVE": mini.setting()})
    message = one_message(finished, 11)
    assert message.startswith("no suite of Debian has CPython 3.9 for ")
    assert "trixie has 3.14" in message
    nothing_but_downloads(xbuild)


def test_a_tampered_package(fetch: Callable[[], Finished], mini: MiniArchive, xbuild: Command) -> None:
    package = mini.root / HEADERS
    content = bytearray(package.read_bytes())
    content[len(content) // 2] ^= 1
    package.write_bytes(content)
    message = one_message(fetch(), 12)
    assert f"/{HEADERS} is not what the signed index says: expected SHA-256 " in message
    nothing_but_downloads(xbuild)


def test_a_tampered_index(fetch: Callable[[], Finished], mini: MiniArchive, xbuild: Command) -> None:
    for path in mini.packages_paths("trixie", "ppc64el"):
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
    assert "is not what the signed index says" in one_message(fetch(), 12)
    nothing_but_downloads(xbuild)


def _edited(content: bytes) -> bytes:
    return content.replace(b"Suite: stable", b"Suite: sTable")


def _cut_short(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _unsigned(content: bytes) -> bytes:
    signed = content.partition(b"\n\n")[2]
    return signed.partition(b"-----BEGIN PGP SIGNATURE-----")[0]


def _empty(_content: bytes) -> bytes:
    return b""


def _web_page(_content: bytes) -> bytes:
    return b"<html><body>Please log in to the hotel's network</body></html>"


@pytest.mark.parametrize("tamper", [_edited, _cut_short, _unsigned, _empty, _web_page])
def test_a_tampered_release(
    fetch: Callable[[], Finished], mini: MiniArchive, xbuild: Command, *, tamper: Callable[[bytes], bytes]
) -> None:
    path = mini.release_path("trixie")
    path.write_bytes(tamper(path.read_bytes()))
    assert f"/{RELEASE}" in one_message(fetch(), 12)
    nothing_but_downloads(xbuild)


def test_a_release_signed_by_somebody_else(fetch: Callable[[], Finished], mini: MiniArchive, xbuild: Command) -> None:
    other = MiniArchive(mini.root.with_name("other"))
    other.publish()
    mini.release_path("trixie").write_bytes(other.release_path("trixie").read_bytes())
    assert f"/{RELEASE}" in one_message(fetch(), 12)
    nothing_but_downloads(xbuild)


@pytest.mark.parametrize(
    ("path", "fault", "said"),
    [
        (HEADERS, Status(404), "not found: "),
        (RELEASE, Status(403), "the server answered 403"),
        (RELEASE, Status(503), "the server answered 503 (tried 4 times)"),
        (RELEASE, Reset(), "(tried 4 times)"),
        (HEADERS, Reset(after=10), "(tried 4 times)"),
        (HEADERS, Cut(after=10), "(tried 4 times)"),
    ],
    ids=str,
)
def test_a_broken_mirror(
    fetch: Callable[[], Finished], mirror: Mirror, xbuild: Command, *, path: str, fault: Fault, said: str
) -> None:
    mirror.faults[path] = [fault] * 99
    message = one_message(fetch(), 12)
    assert said in message
    assert f"/{path}" in message
    nothing_but_downloads(xbuild)
    mirror.faults.clear()
    assert fetch().returncode == 0


def test_a_mirror_without_the_newer_suites(fetch: Callable[[], Finished], mirror: Mirror, xbuild: Command) -> None:
    for suite in ("trixie", "forky", "sid"):
        mirror.faults[f"dists/{suite}/InRelease"] = [Status(404)] * 99
    finished = fetch()
    assert "no suite of Debian has CPython 3.14 for ppc64el: bookworm has none" in one_message(finished, 11)
    assert f"{mirror.url} does not have trixie\n" in finished.stderr
    nothing_but_downloads(xbuild)


def test_a_server_that_is_no_mirror(xbuild: Command, mini: MiniArchive, folder: Path) -> None:
    """Each request is answered with 404."""
    (folder / "empty").mkdir()
    with Mirror(folder / "empty") as mirror:
        finished = xbuild(*FETCH, env={"XBUILD_ARCHIVE": mini.setting(mirror.url)})
        assert one_message(finished, 12) == (
            f"no suite of Debian is at {mirror.url}: looked for trixie, forky, sid, bookworm"
        )
    assert finished.hint == "it was chosen by XBUILD_ARCHIVE; name another one (XBUILD_ARCHIVE)"
    nothing_but_downloads(xbuild)


def test_a_server_that_is_not_there(xbuild: Command, mini: MiniArchive) -> None:
    finished = xbuild(*FETCH, env={"XBUILD_ARCHIVE": mini.setting("http://127.0.0.1:9")})
    assert "cannot fetch http://127.0.0.1:9/" in one_message(finished, 12)
    nothing_but_downloads(xbuild)


@pytest.mark.slow
def test_a_mirror_that_stalls(fetch: Callable[[], Finished], mirror: Mirror, xbuild: Command) -> None:
    mirror.faults[HEADERS] = [Stall(after=100)] * 99
    finished = fetch()
    message = one_message(finished, 12)
    assert message.endswith("nothing arrived for 15 s (tried 4 times)")
    assert finished.seconds < 90
    nothing_but_downloads(xbuild)


def test_a_mirror_that_sends_more_than_it_should(
    fetch: Callable[[], Finished], mirror: Mirror, xbuild: Command
) -> None:
    mirror.faults[HEADERS] = [Body(bytes(1 << 20))] * 99
    assert "is larger than expected" in one_message(fetch(), 12)
    nothing_but_downloads(xbuild)


def _member(name: str, *, kind: bytes = tarfile.REGTYPE, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    content = b"harm" if kind == tarfile.REGTYPE else b""
    info.type, info.linkname, info.size = kind, link, len(content)
    return info, content


UNSAFE = {
    "a name with ..": [_member("./usr/../../../harm")],
    "an absolute name": [_member("/tmp/harm")],
    "a link out of the tree and a file behind it": [
        _member("./usr/lib/out", kind=tarfile.SYMTYPE, link="../../../../../.."),
        _member("./usr/lib/out/tmp/harm"),
    ],
    "a hard link to a file outside": [_member("./usr/lib/harm", kind=tarfile.LNKTYPE, link="../../../etc/passwd")],
}


@pytest.mark.parametrize("members", UNSAFE.values(), ids=UNSAFE)
def test_a_package_that_leads_out_of_its_tree(
    xbuild: Command, mini: MiniArchive, *, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    mini.add("trixie", MiniDeb(name="media-types", architecture="ppc64el"))
    mini.add("trixie", MiniDeb(name="libstdc++6", version="99-1", architecture="ppc64el", members=members))
    mini.publish()
    finished = xbuild(*FETCH, env={"XBUILD_ARCHIVE": mini.setting()})
    message = one_message(finished, 12)
    assert message.startswith("unsafe package")
    assert "libstdc++6 99-1" in message
    assert list(xbuild.folder.rglob("harm")) == []
    nothing_but_downloads(xbuild)


def test_an_absolute_link_stays_in_the_tree(xbuild: Command, mini: MiniArchive) -> None:
    """Debian's packages have absolute links, which are meant from the target's root."""
    deb = MiniDeb(name="libstdc++6", version="99-1", architecture="ppc64el", links={"usr/lib/passwd": "/etc/passwd"})
    mini.add("trixie", deb)
    mini.publish()
    assert xbuild(*FETCH, env={"XBUILD_ARCHIVE": mini.setting()}).returncode == 0
    (tree,) = xbuild.cache.glob("trees/python3.14-ppc64le-*")
    assert str((tree / "usr/lib/passwd").readlink()) == "../../etc/passwd"
    assert not (tree / "usr/lib/passwd").exists()


def test_a_package_that_is_damaged_in_the_archive_itself(xbuild: Command, mini: MiniArchive) -> None:
    class Damaged(MiniDeb):
        def to_bytes(self) -> bytes:
            return super().to_bytes()[:-200]

    mini.add("trixie", Damaged(name="libstdc++6", version="99-1", architecture="ppc64el"))
    mini.publish()
    finished = xbuild(*FETCH, env={"XBUILD_ARCHIVE": mini.setting()})
    assert "libstdc++6 99-1" in one_message(finished, 12)
    nothing_but_downloads(xbuild)


class TestDisk:
    @pytest.fixture
    def large(self, mini: MiniArchive) -> MiniArchive:
        """Little to download and much to unpack."""
        files = {f"usr/lib/large/{number}": bytes(1 << 19) for number in range(8)}
        mini.add("trixie", MiniDeb(name="libstdc++6", version="99-1", architecture="ppc64el", files=files))
        mini.publish()
        return mini

    @pytest.mark.parametrize("size", ["4k", "64k", "256k", "1m", "4m"])
    def test_a_disk_that_is_too_small(
        self, xbuild: Command, large: MiniArchive, disk: Callable[[Path, str], Disk], *, size: str
    ) -> None:
        full = disk(xbuild.cache, f"size={size}")
        finished = xbuild(*FETCH, env={"XBUILD_ARCHIVE": large.setting()}, inside=full.inside())
        message = one_message(finished, 12)
        assert "not enough space" in message or "disk is full" in message or "no space left" in message
        assert [name for name in full.files() if name.startswith("tmp/") or name.endswith(".tmp")] == []
        assert xbuild.left_behind() == []

    def test_a_disk_that_is_large_enough(
        self, xbuild: Command, large: MiniArchive, disk: Callable[[Path, str], Disk]
    ) -> None:
        enough = disk(xbuild.cache, "size=40m")
        finished = xbuild(*FETCH, env={"XBUILD_ARCHIVE": large.setting()}, inside=enough.inside())
        assert finished.returncode == 0, finished

    def test_a_disk_that_is_read_only(
        self, xbuild: Command, mini: MiniArchive, disk: Callable[[Path, str], Disk]
    ) -> None:
        protected = disk(xbuild.cache, "ro")
        finished = xbuild(*FETCH, env={"XBUILD_ARCHIVE": mini.setting()}, inside=protected.inside())
        assert one_message(finished, 12).startswith("cannot write ")
        assert "XBUILD_CACHE_DIR" in finished.hint
