"""The cache and the archive's reader among real processes, a really full disk, and the real archive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING

import pytest
from tests.support.mini_archive import MiniArchive, MiniDeb
from tests.support.mirror import Mirror, Stall

from xbuild.provision.cache import Cache, digest_file
from xbuild.provision.debian.archive import Archive
from xbuild.provision.debian.choose import choose_base_suite, choose_python_suite, gcc_major, gcc_package
from xbuild.provision.debian.resolver import resolve
from xbuild.provision.debian.sources import ArchiveSettings

if TYPE_CHECKING:
    from pathlib import Path

BUILD = """
import sys, time
from pathlib import Path
from xbuild.provision.cache import Cache

def build(temporary, final):
    (temporary / "file").write_text("half")
    print("building", flush=True)
    time.sleep(float(sys.argv[2]))
    (temporary / "file").write_text("whole")

print(Cache(Path(sys.argv[1])).tree("key", build), flush=True)
"""

FETCH = """
import os
from xbuild.errors import ProvisionError
from xbuild.provision.cache import Cache
from xbuild.provision.debian.archive import Archive
from xbuild.provision.debian.resolver import resolve
from xbuild.provision.debian.sources import ArchiveSettings

archive = Archive(settings=ArchiveSettings.discover(None, os.environ), cache=Cache.default(os.environ))
try:
    packages = resolve(archive.suite("trixie").index("riscv64"), ["large"])
    print("fetching", flush=True)
    archive.fetch(packages)
except ProvisionError as error:
    print(error.message)
    print(error.hint)
"""

LARGE = MiniDeb(name="large", architecture="riscv64", files={"noise": os.urandom(3 << 20)})


def start(code: str, *arguments: str, environ: dict[str, str] | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | (environ or {}))


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def mini(tmp_path: Path) -> MiniArchive:
    archive = MiniArchive(tmp_path / "mirror")
    archive.add("trixie", LARGE)
    archive.publish()
    return archive


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_tree_whose_builder_died_is_built_again(tmp_path: Path, sent: signal.Signals) -> None:
    with start(BUILD, str(tmp_path), "60") as process:
        assert first_line(process) == "building"
        process.send_signal(sent)
    cache = Cache(tmp_path)
    assert cache.trees() == {}

    def build(temporary: Path, _final: Path) -> None:
        (temporary / "file").write_text("whole")

    path = cache.tree("key", build)
    assert (path / "file").read_text() == "whole"
    assert list((tmp_path / "tmp").iterdir()) == []


def test_two_processes_share_what_one_builds(tmp_path: Path) -> None:
    with start(BUILD, str(tmp_path), "0.5") as first:
        assert first_line(first) == "building"
        with start(BUILD, str(tmp_path), "0") as second:
            outputs = {first.communicate(timeout=30)[0], second.communicate(timeout=30)[0]}
    assert outputs == {f"{tmp_path}/trees/key\n"}
    assert (tmp_path / "trees" / "key" / "file").read_text() == "whole"


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_download_leaves_nothing_that_is_taken_for_whole(
    mini: MiniArchive, tmp_path: Path, sent: signal.Signals
) -> None:
    """An interrupt is obeyed at once, although a server stalls; the same command then works."""
    cache = Cache(tmp_path / "cache")
    with Mirror(mini.root) as mirror:
        environ = {"XBUILD_ARCHIVE": mini.setting(mirror.url), "XBUILD_CACHE_DIR": str(cache.root)}
        mirror.faults[LARGE.filename] = [Stall(after=1 << 20)]
        with start(FETCH, environ=environ) as process:
            assert first_line(process) == "fetching"
            while LARGE.filename not in mirror.requests:
                time.sleep(0.01)
            began = time.monotonic()
            process.send_signal(sent)
            process.wait(timeout=30)
            assert time.monotonic() - began < 5
        assert not (cache.root / "blobs").exists()
        with start(FETCH, environ=environ) as process:
            assert process.communicate(timeout=30)[0] == "fetching\n"
    assert [path.stat().st_size for path in (cache.root / "blobs").rglob("*") if path.is_file()] == [
        len(LARGE.to_bytes())
    ]
    assert list((cache.root / "tmp").iterdir()) == []


def in_tmpfs(size: str, folder: Path, code: str, environ: dict[str, str]) -> str:
    """Run Python code where ``folder`` is a disk of ``size``; a user namespace may mount one without root."""
    mount = 'mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && "$@" && find "$XBUILD_CACHE_DIR" -type f -size +0'
    command = ["unshare", "-rUm", "sh", "-c", mount, "sh", size, str(folder), sys.executable, "-c", code]
    run = subprocess.run(command, capture_output=True, text=True, env=os.environ | environ, check=False)
    if "unshare" in run.stderr or "mount" in run.stderr:
        pytest.skip(f"user namespaces are not to be had here: {run.stderr.strip()}")
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_a_full_disk(mini: MiniArchive, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    environ = {"XBUILD_ARCHIVE": mini.setting(), "XBUILD_CACHE_DIR": str(disk / "cache")}
    output = in_tmpfs("2m", disk, FETCH, environ).splitlines()
    assert output[:1] == ["fetching"]
    assert output[1].startswith("not enough space for Downloading packages: 3.0 MiB needed in ")
    assert output[2] == "free some space, or set XBUILD_CACHE_DIR to a folder on a larger disk"
    # What is kept is the verified Release file and index, and the tag that says that this is a cache.
    kept = {line.split("/cache/")[1].split("/")[0] for line in output[3:]}
    assert kept == {"releases", "indexes", "CACHEDIR.TAG"}


def test_a_disk_that_fills_up_meanwhile(tmp_path: Path) -> None:
    code = """
import os
from xbuild.errors import ProvisionError
from xbuild.provision.cache import Cache

try:
    Cache.default(os.environ).tree("key", lambda temporary, _: (temporary / "file").write_bytes(b"x" * (3 << 20)))
except ProvisionError as error:
    print(error.message)
    print(error.hint)
"""
    disk = tmp_path / "disk"
    disk.mkdir()
    output = in_tmpfs("2m", disk, code, {"XBUILD_CACHE_DIR": str(disk / "cache")}).splitlines()
    assert output[0].startswith("the disk is full: writing ")
    assert output[1] == "free some space, or set XBUILD_CACHE_DIR to a folder on a larger disk"
    assert [line.rpartition("/")[2] for line in output[2:]] == ["CACHEDIR.TAG"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    settings = ArchiveSettings.discover(None, os.environ)
    return Archive(settings=settings, cache=Cache(tmp_path_factory.mktemp("cache")))


@pytest.mark.network
class TestRealArchive:
    """Stable and old stable only: what moves is no base for a test."""

    @pytest.mark.parametrize(
        ("architecture", "triplet", "suite", "major"),
        [
            ("arm64", "aarch64-linux-gnu", "bookworm", "12"),
            ("ppc64el", "powerpc64le-linux-gnu", "bookworm", "12"),
            ("riscv64", "riscv64-linux-gnu", "trixie", "14"),
        ],
    )
    def test_the_compilers_of_each_target_resolve(
        self, archive: Archive, *, architecture: str, triplet: str, suite: str, major: str
    ) -> None:
        name = gcc_package(triplet)
        base = choose_base_suite(archive, architecture, build_architecture="amd64", cross_package=name)
        index = base.index("amd64")
        assert (base.name, gcc_major(index, triplet)) == (suite, major)
        languages = [f"{language}-{major}-{triplet}" for language in ("gcc", "g++", "gfortran")]
        packages = resolve(index, languages)
        assert {f"libc6-dev-{architecture}-cross", f"binutils-{triplet}", "libc6"} <= {it.name for it in packages}

    def test_a_package_of_the_target_python_arrives(self, archive: Archive) -> None:
        suite = choose_python_suite(archive, "riscv64", "3.13")
        assert suite.name == "trixie"
        package = suite.index("riscv64").get("libpython3.13-minimal")
        assert package is not None
        path = archive.fetch([package])[package]
        assert (path.stat().st_size, digest_file(path)) == (package.size, package.sha256)
