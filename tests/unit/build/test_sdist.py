"""Finding and fetching an sdist."""

from __future__ import annotations

import hashlib
import stat
import sys
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from xbuild.build.sdist import SdistLink, fetch_sdist, parse_lock, resolve_sdist
from xbuild.errors import BuildError, ProvisionError
from xbuild.progress import SilentProgress
from xbuild.provision.cache import Cache

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"an sdist"
LOCK = """\
lock-version = "1.0"
[[packages]]
name = "demo"
version = "1.0"
sdist = { url = "https://index.invalid/demo-1.0.tar.gz", size = 8, hashes = { sha256 = "0123" } }
"""
DEMO = Requirement("demo==1.0")


def link(url: str, *, size: int = len(CONTENT), sha256: str = hashlib.sha256(CONTENT).hexdigest()) -> SdistLink:
    return SdistLink(name="demo", version="1.0", url=url, filename="demo-1.0.tar.gz", sha256=sha256, size=size)


def fetch(found: SdistLink, tmp_path: Path, *, offline: bool = False) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir(exist_ok=True)
    (folder / found.filename).unlink(missing_ok=True)
    cache = Cache(tmp_path / "cache")
    return fetch_sdist(found, directory=folder, cache=cache, progress=SilentProgress(), offline=offline)


def test_the_sdist_is_read_from_the_lock() -> None:
    assert parse_lock(LOCK, DEMO) == SdistLink(
        name="demo",
        version="1.0",
        url="https://index.invalid/demo-1.0.tar.gz",
        filename="demo-1.0.tar.gz",
        sha256="0123",
        size=8,
    )


def test_a_release_of_wheels_alone_is_told() -> None:
    with pytest.raises(BuildError) as caught:
        parse_lock('[[packages]]\nname = "demo"\nversion = "1.0"\n', DEMO)

    assert caught.value.message == "demo 1.0 has no sdist on the package index: only wheels"


def test_a_requirement_that_uv_cannot_resolve_is_told_with_its_words(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('no such thing: ' + sys.stdin.read().strip())\n")
    uv.chmod(uv.stat().st_mode | stat.S_IXUSR)

    with pytest.raises(BuildError) as caught:
        resolve_sdist(DEMO, uv=str(uv), python_version="3.13", environ={}, offline=False)

    assert caught.value.message == "cannot find demo==1.0 on the package index"
    assert caught.value.details == "no such thing: demo==1.0"


def test_an_sdist_is_fetched_once(tmp_path: Path) -> None:
    served = tmp_path / "served.tar.gz"
    served.write_bytes(CONTENT)

    assert fetch(link(served.as_uri()), tmp_path).read_bytes() == CONTENT

    served.unlink()
    again = fetch(link(served.as_uri()), tmp_path, offline=True)
    assert (again.name, again.read_bytes()) == ("demo-1.0.tar.gz", CONTENT)


def test_an_unknown_size_is_no_limit(tmp_path: Path) -> None:
    served = tmp_path / "served.tar.gz"
    served.write_bytes(CONTENT)

    assert fetch(link(served.as_uri(), size=0), tmp_path).read_bytes() == CONTENT


def test_an_sdist_that_is_not_what_the_index_says_is_refused(tmp_path: Path) -> None:
    served = tmp_path / "served.tar.gz"
    served.write_bytes(CONTENT)

    with pytest.raises(ProvisionError, match=r"expected .*0{64}"):
        fetch(link(served.as_uri(), sha256="0" * 64), tmp_path)
    assert not Cache(tmp_path / "cache").blob_path("0" * 64).exists()


def test_offline_an_sdist_must_be_in_the_cache(tmp_path: Path) -> None:
    with pytest.raises(ProvisionError) as caught:
        fetch(link("https://index.invalid/demo-1.0.tar.gz"), tmp_path, offline=True)

    assert caught.value.message == "offline: the sdist of demo 1.0 is not in the cache"


@pytest.mark.parametrize("size", [0, len(CONTENT)])
def test_a_damaged_sdist_in_the_cache_is_fetched_again(tmp_path: Path, size: int) -> None:
    served = tmp_path / "served.tar.gz"
    served.write_bytes(CONTENT)
    blob = Cache(tmp_path / "cache").blob_path(hashlib.sha256(CONTENT).hexdigest())
    blob.parent.mkdir(parents=True)
    blob.write_bytes(b"damaged")

    assert fetch(link(served.as_uri(), size=size), tmp_path).read_bytes() == CONTENT
    assert blob.read_bytes() == CONTENT

    blob.write_bytes(b"damaged")
    with pytest.raises(ProvisionError, match=r"offline: the sdist of demo 1\.0 is not in the cache"):
        fetch(link(served.as_uri(), size=size), tmp_path, offline=True)
    assert not blob.exists()


def test_a_damaged_sdist_in_the_base_cache_stays_there_and_is_fetched(tmp_path: Path) -> None:
    served = tmp_path / "served.tar.gz"
    served.write_bytes(CONTENT)
    base = tmp_path / "base"
    damaged = Cache(base).blob_path(hashlib.sha256(CONTENT).hexdigest())
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"damaged")

    found = fetch_sdist(
        link(served.as_uri()),
        directory=tmp_path,
        cache=Cache(tmp_path / "cache", base=base),
        progress=SilentProgress(),
        offline=False,
    )

    assert found.read_bytes() == CONTENT
    assert damaged.read_bytes() == b"damaged"
