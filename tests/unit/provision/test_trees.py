"""Components from a small archive: what is in their trees, and when the archive is asked."""

from __future__ import annotations

import platform
import tarfile
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.support.mini_archive import MiniArchive, MiniDeb
from tests.support.mini_components import libraries, python, small_archive

from xbuild.errors import ProvisionError, TargetError
from xbuild.progress import SilentProgress
from xbuild.provision.cache import Cache
from xbuild.provision.components import upstream_version
from xbuild.provision.debian.sources import ArchiveSettings
from xbuild.provision.provisioner import Provisioner
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


PPC, RISCV, BUILD = get_target("ppc64le"), get_target("riscv64"), get_target(platform.machine())
HERE = BUILD.debian_arch
ZLIB = MiniDeb(
    name="zlib1g-dev",
    architecture="ppc64el",
    files={"usr/include/zlib.h": b""},
    fields={"Depends": "zlib1g, libc6-dev", "Provides": "libz-dev"},
)


@pytest.fixture
def mini(tmp_path: Path) -> MiniArchive:
    """Bookworm with compilers for ppc64le, trixie with CPython 3.14 and QEMU."""
    zlib = MiniDeb(name="zlib1g", architecture="ppc64el")
    return small_archive(tmp_path / "mirror", PPC, BUILD, ZLIB, zlib)


@pytest.fixture
def provisioner(mini: MiniArchive, tmp_path: Path) -> Provisioner:
    settings = ArchiveSettings(url=mini.url, keyrings=(mini.keyring,))
    return Provisioner(settings=settings, cache=Cache(tmp_path / "cache"), build=BUILD)


def again(provisioner: Provisioner, **changes: object) -> Provisioner:
    """What a later run has: the same cache, and nothing in memory."""
    return Provisioner(
        **{
            "settings": provisioner.settings,
            "cache": provisioner.cache,
            "build": provisioner.build,
            **changes,  # type: ignore[arg-type]  # the fields of a Provisioner
        }
    )


def lose(mini: MiniArchive) -> None:
    mini.root.rename(mini.root.with_name("gone"))


class TestTargetPython:
    def test_it_is_a_relocatable_prefix_with_complete_details(self, provisioner: Provisioner) -> None:
        found = provisioner.target_python(PPC, "3.14")
        prefix = found.tree.path / "usr"
        assert found.python.prefix == prefix
        assert found.python.root == found.tree.path
        assert found.python.executable == prefix / "bin/python3.14"
        assert found.python.include == prefix / "include/python3.14"
        assert found.python.stdlib == prefix / "lib/python3.14"
        assert found.python.details_file == prefix / "lib/python3.14/build-details.json"
        assert found.python.details.platform == "linux-ppc64le"
        assert found.python.extension_suffix == ".cpython-314-powerpc64le-linux-gnu.so"
        assert found.python.variables["MULTIARCH"] == "powerpc64le-linux-gnu"
        assert '"base_prefix": "../.."' in found.python.details_file.read_text()
        assert (found.python.include / "pyconfig.h").read_text() == "#define SIZEOF_VOID_P 8\n"

    def test_the_static_library_and_all_that_names_it_are_left_out(self, provisioner: Provisioner) -> None:
        found = provisioner.target_python(PPC, "3.14")
        assert not list(found.tree.path.rglob("*.a"))
        assert (found.python.stdlib / "config-3.14-powerpc64le-linux-gnu/Makefile").is_file()
        assert found.python.details.libpython is not None
        assert found.python.details.libpython.static is None

    def test_the_shared_library_is_there_for_programs_that_embed_it(self, provisioner: Provisioner) -> None:
        found = provisioner.target_python(PPC, "3.14")
        library = found.python.prefix / "lib/powerpc64le-linux-gnu/libpython3.14.so"
        assert library.is_file()
        assert found.python.details.libpython is not None
        assert found.python.details.libpython.dynamic == str(library)
        assert found.python.details.libpython.link_extensions is False

    @pytest.mark.parametrize(("depends", "wanted"), [("libpython3.14t64 (>= 3)", True), ("libpython3.14x", False)])
    def test_it_has_the_name_that_the_headers_package_gives_it(
        self, depends: str, wanted: bool, mini: MiniArchive, provisioner: Provisioner
    ) -> None:
        program, stdlib, headers, library = python(PPC)
        renamed = replace(library, name="libpython3.14t64")
        newer = replace(headers, version="3.14.9-1", fields={"Depends": f"libpython3.14-stdlib, {depends}"})
        mini.add("forky", *libraries(PPC), program, stdlib, newer, renamed)
        mini.publish()
        found = again(provisioner, python_suite="forky").target_python(PPC, "3.14")
        assert ("libpython3.14t64" in [package.name for package in found.tree.provenance.packages]) is wanted

    def test_each_change_to_the_details_has_its_origin(self, provisioner: Provisioner) -> None:
        origins = {origin.pointer: origin for origin in provisioner.target_python(PPC, "3.14").origins}
        suffix = origins["/abi/extension_suffix"]
        assert (suffix.origin, suffix.old) == ("_sysconfig_vars__linux_powerpc64le-linux-gnu.json: EXT_SUFFIX", None)
        assert origins["/platform"].old == ""
        assert origins["/libpython/static"].origin == "the file is not in the tree"

    def test_debians_own_details_file_is_gone(self, provisioner: Provisioner) -> None:
        stdlib = provisioner.target_python(PPC, "3.14").python.stdlib
        assert sorted(path.name for path in stdlib.glob("build-details*")) == [
            "build-details.json",
            "build-details.origins.json",
        ]

    def test_a_version_that_no_suite_has_is_told(self, provisioner: Provisioner) -> None:
        with pytest.raises(TargetError) as caught:
            provisioner.target_python(PPC, "3.9")
        assert "has CPython 3.9 for ppc64el" in caught.value.message

    def test_a_chosen_suite_is_the_only_one_looked_at(self, provisioner: Provisioner) -> None:
        chosen = again(provisioner, python_suite="bookworm")
        with pytest.raises(ProvisionError) as caught:
            chosen.target_python(PPC, "3.14")
        assert caught.value.message == "no package for python3.14: bookworm (ppc64el) has none of that name"

    def test_packages_without_headers_are_told(self, mini: MiniArchive, provisioner: Provisioner) -> None:
        mini.add("forky", *libraries(PPC), *python(PPC)[:2])
        mini.publish()
        with pytest.raises(ProvisionError) as caught:
            again(provisioner, python_suite="forky").target_python(PPC, "3.14")
        assert caught.value.message == "forky (ppc64el) has no libpython3.14-dev, the headers of CPython 3.14"

    def test_packages_of_another_shape_are_told(self, mini: MiniArchive, provisioner: Provisioner) -> None:
        program, stdlib, headers, _ = python(PPC)
        bare = replace(headers, files={"usr/include/python3.14/Python.h": b""}, links={})
        mini.add("forky", *libraries(PPC), program, stdlib, replace(bare, version="3.14.9-1", fields={}))
        mini.publish()
        with pytest.raises(ProvisionError) as caught:
            again(provisioner, python_suite="forky").target_python(PPC, "3.14")
        assert caught.value.message.endswith("have no usr/include/powerpc64le-linux-gnu/python3.14/pyconfig.h")
        assert caught.value.hint == "name another suite with --python-suite"


class TestSysroot:
    def test_it_is_of_the_oldest_suite_with_relative_links(self, provisioner: Provisioner) -> None:
        found = provisioner.sysroot(PPC)
        assert found.sysroot.glibc == (2, 36)
        assert found.tree.provenance.suite == "bookworm"
        assert (found.sysroot.path / "lib").is_symlink()
        assert str((found.sysroot.path / "usr/lib/powerpc64le-linux-gnu/libm.so").readlink()).startswith(
            "../../../lib/"
        )

    def test_libraries_come_with_what_they_need(self, provisioner: Provisioner) -> None:
        found = provisioner.sysroot(PPC, ["libz-dev"])
        assert (found.sysroot.path / "usr/include/zlib.h").is_file()
        assert "zlib1g" in {package.name for package in found.tree.provenance.packages}
        assert not (provisioner.sysroot(PPC).sysroot.path / "usr/include/zlib.h").exists()

    def test_an_unknown_library_is_told_with_its_neighbours(self, provisioner: Provisioner) -> None:
        with pytest.raises(ProvisionError) as caught:
            provisioner.sysroot(PPC, ["zlib-dev", "no-such-thing"])
        assert caught.value.message == "bookworm (ppc64el) has no library package 'no-such-thing', 'zlib-dev'"
        assert caught.value.hint == "did you mean zlib1g-dev or libc6-dev?"

    def test_an_unknown_library_without_neighbours_has_an_example(self, provisioner: Provisioner) -> None:
        with pytest.raises(ProvisionError) as caught:
            provisioner.sysroot(PPC, ["no-such-thing"])
        assert caught.value.hint == "name Debian packages, such as libffi-dev"


class TestPrograms:
    def test_gcc_is_of_the_sysroots_suite_without_a_c_library(self, provisioner: Provisioner) -> None:
        found = provisioner.gcc(PPC)
        names = {package.name for package in found.tree.provenance.packages}
        assert (found.triplet, found.major, found.version) == ("powerpc64le-linux-gnu", "12", "12.2.0")
        assert found.tree.provenance.suite == "bookworm"
        assert not {"libc6-dev-ppc64el-cross", "libasan8-ppc64el-cross"} & names
        assert all(found.compiler(name).is_file() for name in ("gcc", "g++", "gfortran"))
        assert found.tool("ar") == found.tree.path / "usr/bin/powerpc64le-linux-gnu-ar"

    def test_its_programs_name_the_loader_of_their_tree(self, provisioner: Provisioner) -> None:
        found = provisioner.gcc(PPC)
        assert f"{found.tree.path}{BUILD.loader}".encode() in found.compiler("gcc").read_bytes()

    def test_gcc_for_the_machine_itself_need_not_be_a_cross_compiler(
        self, mini: MiniArchive, provisioner: Provisioner
    ) -> None:
        packages = [
            MiniDeb(name="gcc", architecture=HERE, fields={"Depends": "gcc-12 (>= 1)"}),
            MiniDeb(name="gcc-12", version="12.2.0-14", architecture=HERE, fields={"Depends": "libc6-dev, libasan8"}),
            MiniDeb(name="g++-12", version="12.2.0-14", architecture=HERE),
            MiniDeb(name="gfortran-12", version="12.2.0-14", architecture=HERE),
            MiniDeb(name="libasan8", architecture=HERE),
        ]
        mini.add("bookworm", *packages)
        mini.publish()
        found = provisioner.gcc(BUILD)
        assert (found.triplet, found.version) == (BUILD.triplet, "12.2.0")
        linker = found.tree.path / "usr" / BUILD.triplet / "bin/ld"
        assert str(linker.readlink()) == f"../../bin/{BUILD.triplet}-ld"
        assert {package.name for package in found.tree.provenance.packages} == {"gcc-12", "g++-12", "gfortran-12"}

    def test_a_compiler_without_a_version_is_told(self, mini: MiniArchive, provisioner: Provisioner) -> None:
        mini.add("bookworm", MiniDeb(name="gcc", architecture=HERE))
        mini.publish()
        with pytest.raises(ProvisionError) as caught:
            provisioner.gcc(BUILD)
        assert caught.value.message == f"bookworm ({HERE}) has no GCC: expected gcc to depend on gcc-<version>"

    def test_the_build_python_has_the_usual_names(self, provisioner: Provisioner) -> None:
        found = provisioner.build_python("3.14")
        assert found.version == "3.14.8"
        assert found.executable.is_file()
        assert str(found.executable.with_name("python3").readlink()) == "python3.14"
        assert f"{found.tree.path}{BUILD.loader}".encode() in found.executable.read_bytes()

    def test_one_tree_has_the_emulators_of_all_targets_and_no_others(self, provisioner: Provisioner) -> None:
        found = [provisioner.qemu(target) for target in (PPC, RISCV)]
        assert found[0].version == "10.0.13"
        assert found[0].tree == found[1].tree
        assert [each.path.name for each in found] == ["qemu-ppc64le", "qemu-riscv64"]
        assert not found[0].path.with_name("qemu-sparc").exists()

    def test_an_archive_without_qemu_is_told(self, tmp_path: Path, provisioner: Provisioner) -> None:
        empty = MiniArchive(tmp_path / "empty")
        empty.publish()
        settings = ArchiveSettings(url=empty.url, keyrings=(empty.keyring,))
        with pytest.raises(ProvisionError) as caught:
            again(provisioner, settings=settings).qemu(PPC)
        assert caught.value.message == "no suite of Debian has qemu-user for " + HERE

    def test_a_qemu_without_the_target_is_told(self, provisioner: Provisioner) -> None:
        other = replace(PPC, qemu=replace(PPC.qemu, name="vax"))
        with pytest.raises(ProvisionError) as caught:
            provisioner.qemu(other)
        assert caught.value.message == "the package of QEMU has no qemu-vax"


class Steps(SilentProgress):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.totals: list[int] = []

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self.titles.append(title)
        yield

    @contextmanager
    def transfer(self, title: str, *, total: int) -> Iterator[Callable[[int], None]]:
        self.titles.append(title)
        self.totals.append(total)
        yield lambda _count: None


class TestCaching:
    def test_a_second_run_needs_neither_network_nor_index(self, mini: MiniArchive, provisioner: Provisioner) -> None:
        first = provisioner.target_python(PPC, "3.14"), provisioner.sysroot(PPC), provisioner.qemu(PPC)
        lose(mini)
        later = again(provisioner)
        assert (later.target_python(PPC, "3.14"), later.sysroot(PPC), later.qemu(PPC)) == first
        assert later.has(later.sysroot_request(PPC))
        assert not later.has(later.sysroot_request(PPC, ["zlib1g-dev"]))

    def test_all_that_is_missing_is_fetched_at_once(self, provisioner: Provisioner) -> None:
        steps = Steps()
        later = again(provisioner, progress=steps)
        requests = [later.target_python_request(PPC, "3.14"), later.sysroot_request(PPC), later.gcc_request(PPC)]
        trees = later.prepare([*requests, requests[0]])
        assert [tree.provenance.component for tree in trees] == [
            "target-python",
            "sysroot",
            "toolchain",
            "target-python",
        ]
        assert steps.titles.count("Downloading packages") == 1
        assert [title for title in steps.titles if title.startswith("Unpacking")] == [
            "Unpacking CPython 3.14 for ppc64le",
            "Unpacking the sysroot for ppc64le",
            "Unpacking GCC for ppc64le",
        ]
        assert later.prepare(requests) == trees[:3]

    def test_refreshing_takes_what_is_new_and_keeps_what_is_not(
        self, mini: MiniArchive, provisioner: Provisioner
    ) -> None:
        python_before, sysroot_before = provisioner.target_python(PPC, "3.14"), provisioner.sysroot(PPC)
        mini.add("trixie", *python(PPC, "3.14.9"))
        mini.publish()
        assert again(provisioner).target_python(PPC, "3.14") == python_before
        later = again(provisioner, refresh=True)
        assert later.target_python(PPC, "3.14").tree.digest != python_before.tree.digest
        assert later.sysroot(PPC).tree == sysroot_before.tree

    def test_a_tree_that_was_deleted_is_made_again(self, provisioner: Provisioner) -> None:
        tree = provisioner.sysroot(PPC).tree
        provisioner.cache.remove_tree(tree.path.name)
        assert again(provisioner).sysroot(PPC).tree == tree
        assert tree.path.is_dir()

    def test_a_record_of_another_version_is_not_used(self, provisioner: Provisioner) -> None:
        request = provisioner.sysroot_request(PPC)
        provisioner.cache.write_record(request.key, {"tree": "x", "provenance": {"planet": "Mars"}})
        assert again(provisioner).sysroot(PPC).tree.provenance.suite == "bookworm"

    def test_another_archive_is_another_request(self, provisioner: Provisioner) -> None:
        other = again(provisioner, settings=replace(provisioner.settings, url="https://mirror.example/debian"))
        assert other.sysroot_request(PPC).key != provisioner.sysroot_request(PPC).key

    def test_offline_what_is_missing_is_told(self, provisioner: Provisioner) -> None:
        with pytest.raises(ProvisionError, match="offline: "):
            again(provisioner, offline=True).sysroot(PPC)

    def test_what_is_stored_can_be_listed_and_removed(self, provisioner: Provisioner) -> None:
        trees = [provisioner.sysroot(PPC).tree, provisioner.gcc(PPC).tree, provisioner.qemu(PPC).tree]
        stored = provisioner.stored()
        assert [(each.target, each.tree) for each in stored] == [
            ("ppc64le", trees[0]),
            ("ppc64le", trees[1]),
            (BUILD.name, trees[2]),
        ]
        assert provisioner.remove(PPC) == stored[0].size + stored[1].size > 0
        assert [each.target for each in again(provisioner).stored()] == [BUILD.name]
        assert not trees[0].path.exists()
        assert provisioner.sysroot(PPC).tree == trees[0]

    def test_removing_a_target_removes_what_was_replaced_too(self, mini: MiniArchive, provisioner: Provisioner) -> None:
        provisioner.target_python(PPC, "3.14")
        mini.add("trixie", *python(PPC, "3.14.9"))
        mini.publish()
        later = again(provisioner, refresh=True)
        later.target_python(PPC, "3.14")
        assert len(later.cache.trees()) == 2
        later.remove(PPC)
        assert later.cache.trees() == {}

    def test_removing_a_target_removes_what_was_made_for_it(self, provisioner: Provisioner) -> None:
        root = provisioner.cache.root
        made = [
            "crossfiles/ppc64le-cp313-1/x",
            "by-hand/ppc64le-1/x",
            "toolchains/1/powerpc64le-linux-gnu-gcc",
            "emulators/1/run",
        ]
        others = [
            "crossfiles/riscv64-cp313-1/x",
            "by-hand/riscv64-1/x",
            "toolchains/2/riscv64-linux-gnu-gcc",
            "emulators/2/run",
        ]
        for name in (*made, *others):
            target = "ppc64le" if name in made else "riscv64"
            (root / name).parent.mkdir(parents=True)
            (root / name).write_text(f"#!/bin/sh\n# Runs a program of {target}.\n", "utf-8")
        assert provisioner.remove(PPC) > 0
        assert not any((root / name).parent.exists() for name in made)
        assert all((root / name).is_file() for name in others)

    def test_an_unsafe_package_leaves_nothing(self, mini: MiniArchive, provisioner: Provisioner) -> None:
        info = tarfile.TarInfo("../../../evil")
        mini.add("bookworm", MiniDeb(name="evil-dev", architecture="ppc64el", members=[(info, b"")]))
        mini.publish()
        with pytest.raises(ProvisionError) as caught:
            provisioner.sysroot(PPC, ["evil-dev"])
        assert caught.value.message == (
            "unsafe package evil-dev 1.0-1: member '../../../evil' names a path outside the tree"
        )
        assert provisioner.cache.trees() == {}
        assert not list(provisioner.cache.root.parent.rglob("evil"))
        assert not list((provisioner.cache.root / "tmp").iterdir())


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1:10.0.13+ds-0+deb13u1", "10.0.13"), ("2.36-9+deb12u14", "2.36"), ("3.15.0~rc1-1", "3.15.0"), ("git", "git")],
)
def test_the_upstream_version_of_a_package(version: str, expected: str) -> None:
    assert upstream_version(version) == expected
