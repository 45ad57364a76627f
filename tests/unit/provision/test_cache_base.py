"""A cache above another one that is only read."""

from __future__ import annotations

import hashlib
import platform
from typing import TYPE_CHECKING

import pytest
from tests.support.mini_components import small_archive

from xbuild.errors import ProvisionError
from xbuild.provision.cache import Cache
from xbuild.provision.debian.sources import ArchiveSettings
from xbuild.provision.provisioner import Provisioner
from xbuild.targets import get_target

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.mini_archive import MiniArchive

PPC, BUILD = get_target("ppc64le"), get_target(platform.machine())
CONTENT = b"a package"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def make_file(temporary: Path, _final: Path) -> None:
    (temporary / "file").write_bytes(b"12345")


def never(_temporary: Path, _final: Path) -> None:
    raise AssertionError("built although it is there")


def files(root: Path) -> dict[Path, int]:
    return {path: path.lstat().st_mtime_ns for path in root.rglob("*")}


@pytest.fixture
def below(tmp_path: Path) -> Cache:
    cache = Cache(tmp_path / "base")
    cache.tree("key-1", make_file)
    cache.write_record("both", {"from": "base"})
    cache.write_record("below", {"from": "base"})
    with cache.workspace() as work:
        (work / "blob").write_bytes(CONTENT)
        cache.insert_blob(work / "blob", SHA256, origin="somewhere")
    return cache


@pytest.fixture
def cache(below: Cache, tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", base=below.root)


class TestDefault:
    def test_the_environment_names_it(self, tmp_path: Path) -> None:
        (tmp_path / "base").mkdir()
        environ = {"XBUILD_CACHE_DIR": str(tmp_path / "own"), "XBUILD_CACHE_BASE": str(tmp_path / "base")}
        assert Cache.default(environ).roots == (tmp_path / "own", tmp_path / "base")

    def test_the_cache_itself_is_no_base(self, tmp_path: Path) -> None:
        environ = {"XBUILD_CACHE_DIR": str(tmp_path), "XBUILD_CACHE_BASE": str(tmp_path)}
        assert Cache.default(environ).roots == (tmp_path,)

    def test_it_must_be_there(self, tmp_path: Path) -> None:
        environ = {"XBUILD_CACHE_DIR": str(tmp_path), "XBUILD_CACHE_BASE": str(tmp_path / "no")}
        with pytest.raises(ProvisionError) as caught:
            Cache.default(environ)
        assert caught.value.message == f"XBUILD_CACHE_BASE is not a folder: {tmp_path / 'no'}"
        assert caught.value.hint == "name the folder of an xbuild cache, or unset it"


def test_a_tree_of_the_base_is_used_where_it_is(cache: Cache, below: Cache) -> None:
    before = files(below.root)
    assert cache.tree("key-1", never) == below.root / "trees" / "key-1"
    assert cache.trees() == {"key-1": 5}
    assert not cache.root.exists()
    assert files(below.root) == before


def test_another_tree_is_built_in_the_cache_itself(cache: Cache, below: Cache) -> None:
    before = files(below.root)
    assert cache.tree("key-2", make_file) == cache.root / "trees" / "key-2"
    assert cache.trees() == {"key-1": 5, "key-2": 5}
    assert files(below.root) == before


def test_nothing_of_the_base_is_removed(cache: Cache, below: Cache) -> None:
    before = files(below.root)
    assert cache.remove_tree("key-1") == 0
    cache.remove_record("below")
    cache.remove_downloads()
    assert files(below.root) == before
    assert cache.record("below") == {"from": "base"}


def test_a_record_of_the_cache_itself_comes_first(cache: Cache, below: Cache) -> None:
    cache.write_record("both", {"from": "own"})
    assert cache.record("both") == {"from": "own"}
    assert cache.record("below") == {"from": "base"}
    assert cache.records() == {"below": {"from": "base"}, "both": {"from": "own"}}
    assert below.record("both") == {"from": "base"}


def test_a_blob_of_the_base_is_used_where_it_is(cache: Cache, below: Cache) -> None:
    assert cache.find_blob(SHA256, len(CONTENT)) == below.blob_path(SHA256)


def test_a_damaged_blob_of_the_base_is_fetched_again_beside_it(cache: Cache, below: Cache) -> None:
    damaged = below.blob_path(SHA256)
    damaged.write_bytes(b"damaged")
    assert cache.find_blob(SHA256, len(CONTENT)) is None
    with cache.workspace() as work:
        (work / "blob").write_bytes(CONTENT)
        inserted = cache.insert_blob(work / "blob", SHA256, origin="somewhere")
    assert inserted == cache.root / "blobs" / SHA256[:2] / SHA256
    assert cache.find_blob(SHA256, len(CONTENT)) == inserted
    assert damaged.read_bytes() == b"damaged"


@pytest.fixture
def mini(tmp_path: Path) -> MiniArchive:
    return small_archive(tmp_path / "mirror", PPC, BUILD)


def provisioner(mini: MiniArchive, cache: Cache, *, offline: bool = False) -> Provisioner:
    settings = ArchiveSettings(url=mini.url, keyrings=(mini.keyring,))
    return Provisioner(settings=settings, cache=cache, build=BUILD, offline=offline)


def components(source: Provisioner) -> tuple[Path, ...]:
    """One of each kind: the programs among them run only where they were made to be."""
    found = (
        source.target_python(PPC, "3.14"),
        source.sysroot(PPC),
        source.gcc(PPC),
        source.build_python("3.14"),
        source.qemu(PPC),
    )
    return tuple(each.tree.path for each in found)


def test_what_the_base_has_needs_no_network(mini: MiniArchive, tmp_path: Path) -> None:
    made = components(provisioner(mini, Cache(tmp_path / "base")))
    mini.root.rename(mini.root.with_name("gone"))
    before = files(tmp_path / "base")
    above = Cache(tmp_path / "cache", base=tmp_path / "base")
    assert components(provisioner(mini, above, offline=True)) == made
    assert files(tmp_path / "base") == before
    assert {each.tree.path for each in provisioner(mini, above).stored()} == set(made)


def test_releases_and_indexes_of_the_base_choose_packages_offline(mini: MiniArchive, tmp_path: Path) -> None:
    base = provisioner(mini, Cache(tmp_path / "base"))
    components(base)
    for record in (tmp_path / "base" / "records").iterdir():
        record.unlink()
    above = Cache(tmp_path / "cache", base=tmp_path / "base")
    offline = provisioner(mini, above, offline=True)
    assert offline.sysroot(PPC).tree.path.is_relative_to(tmp_path / "base")  # it is the same wherever it is
    assert offline.gcc(PPC).tree.path.is_relative_to(tmp_path / "cache")  # its programs know their place
