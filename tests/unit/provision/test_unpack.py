"""Packages that are unpacked, and packages that try to leave the tree."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.mini_archive import MiniDeb

from xbuild.errors import ProvisionError
from xbuild.provision.debian.unpack import Deb, unpack, without_documentation
from xbuild.provision.rooted import RootedTree, UnsafePathError

if TYPE_CHECKING:
    from pathlib import Path

HINT = "the archive served a package that no build should use; nothing of it was kept"


def save(folder: Path, *packages: MiniDeb) -> list[Deb]:
    debs = []
    for number, package in enumerate(packages):
        path = folder / f"{number}-{package.name}.deb"
        path.write_bytes(package.to_bytes())
        debs.append(Deb(label=f"{package.name} {package.version}", path=path))
    return debs


def member(
    name: str, kind: bytes = tarfile.REGTYPE, link: str = "", content: bytes = b""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(content)
    return info, content


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "outer" / "root"
    folder.mkdir(parents=True)
    return folder


def outside(root: Path) -> list[str]:
    return [path.name for path in root.parent.iterdir() if path != root]


class TestLayout:
    def test_usr_is_merged_whatever_the_packages_ship(self, root: Path, tmp_path: Path) -> None:
        old = MiniDeb(name="old", files={"lib/x/a.so": b"a", "bin/sh": b"sh", "lib64/ld.so": b"ld"})
        new = MiniDeb(name="new", files={"usr/lib/x/b.so": b"b"})
        unpack(save(tmp_path, old, new), root, lib64=True)
        assert {path.name: str(path.readlink()) for path in root.iterdir() if path.is_symlink()} == {
            "bin": "usr/bin",
            "lib": "usr/lib",
            "lib64": "usr/lib64",
            "sbin": "usr/sbin",
        }
        assert sorted(path.name for path in (root / "usr/lib/x").iterdir()) == ["a.so", "b.so"]
        assert (root / "usr/lib64/ld.so").read_bytes() == b"ld"

    def test_absolute_links_become_relative_where_they_really_are(self, root: Path, tmp_path: Path) -> None:
        package = MiniDeb(
            name="libm",
            files={"lib/t/libm.so.6": b"m"},
            links={"usr/lib/t/libm.so": "/lib/t/libm.so.6", "lib/t/deep/libm.so": "/usr/lib/t/libm.so"},
        )
        unpack(save(tmp_path, package), root)
        assert str((root / "usr/lib/t/libm.so").readlink()) == "../../../lib/t/libm.so.6"
        assert (root / "lib/t/deep/libm.so").read_bytes() == b"m"

    def test_modes_are_plain_times_are_kept_and_devices_are_left_out(self, root: Path, tmp_path: Path) -> None:
        program, content = member("./usr/bin/su", content=b"su")
        program.mode, program.mtime = 0o4755, 86400
        package = MiniDeb(
            name="su",
            files={"usr/share/su": b""},
            members=[(program, content), member("./usr/null", tarfile.CHRTYPE), member("./usr/pipe", tarfile.FIFOTYPE)],
        )
        unpack(save(tmp_path, package), root)
        assert (root / "usr/bin/su").stat().st_mode & 0o7777 == 0o755
        assert (root / "usr/bin/su").stat().st_mtime == 86400
        assert (root / "usr/share/su").stat().st_mode & 0o7777 == 0o644
        assert not (root / "usr/null").exists()
        assert not (root / "usr/pipe").exists()

    def test_documentation_is_left_out(self, root: Path, tmp_path: Path) -> None:
        package = MiniDeb(name="doc", files={"usr/share/doc/doc/copyright": b"", "usr/share/zoneinfo/UTC": b""})
        unpack(save(tmp_path, package), root)
        assert [path.name for path in (root / "usr/share").iterdir()] == ["zoneinfo"]

    @pytest.mark.parametrize("name", ["usr/share/man/man1/cc.1.gz", "usr/share/locale/de/LC_MESSAGES/cc.mo"])
    def test_what_is_documentation(self, name: str) -> None:
        assert not without_documentation(name)
        assert without_documentation(name.replace("share/", "lib/"))

    def test_hard_links_are_kept(self, root: Path, tmp_path: Path) -> None:
        package = MiniDeb(
            name="perl", files={"usr/bin/a": b"a"}, members=[member("./usr/bin/b", tarfile.LNKTYPE, "./usr/bin/a")]
        )
        unpack(save(tmp_path, package), root)
        assert (root / "usr/bin/a").samefile(root / "usr/bin/b")

    @pytest.mark.parametrize("compression", ["xz", "gz", ""])
    def test_each_compression_of_debian(self, root: Path, tmp_path: Path, compression: str) -> None:
        unpack(save(tmp_path, MiniDeb(name="a", files={"a": b"a"}, compression=compression)), root)
        assert (root / "a").read_bytes() == b"a"


class TestOverlap:
    def test_the_later_package_wins_whichever_is_unpacked_first(self, root: Path, tmp_path: Path) -> None:
        small, large = (MiniDeb(name="p", files={"f": content}) for content in (b"small", os.urandom(4096)))
        unpack(save(tmp_path, large, small), root, workers=1)
        assert (root / "f").read_bytes() == b"small"

    def test_the_same_file_of_both_sides_of_a_merged_usr_is_one(self, root: Path, tmp_path: Path) -> None:
        first, second = MiniDeb(name="a", files={"usr/lib/f": b"1"}), MiniDeb(name="b", files={"lib/f": b"2"})
        unpack(save(tmp_path, first, second), root)
        assert (root / "usr/lib/f").read_bytes() == b"2"

    def test_a_directory_stays_where_another_package_has_a_link(self, root: Path, tmp_path: Path) -> None:
        first = MiniDeb(name="a", files={"usr/d/f": b"1"})
        second = MiniDeb(name="b", members=[member("./usr/d", tarfile.SYMTYPE, "e")])
        unpack(save(tmp_path, first, second), root, workers=1)
        assert (root / "usr/d/f").read_bytes() == b"1"

    def test_a_file_does_not_replace_a_directory(self, root: Path, tmp_path: Path) -> None:
        package = MiniDeb(name="a", files={"usr/d/f": b"1"}, members=[member("./usr/d")])
        with pytest.raises(ProvisionError) as caught:
            unpack(save(tmp_path, package), root)
        assert caught.value.message == "unsafe package a 1.0-1: member './usr/d' would replace a directory"


class TestEscapes:
    @pytest.mark.parametrize(
        ("members", "message"),
        [
            ([member("../evil")], "member '../evil' names a path outside the tree"),
            ([member("./usr/../../evil")], "member './usr/../../evil' names a path outside the tree"),
            ([member("/evil")], "member '/evil' names a path outside the tree"),
            (
                [member("./usr/share/doc/../../../../evil")],
                "member './usr/share/doc/../../../../evil' names a path outside the tree",
            ),
            ([member("./up", tarfile.SYMTYPE, "../..")], "member './up': leads out of the tree"),
            (
                [member("./up", tarfile.SYMTYPE, ".."), member("./up/evil", content=b"evil")],
                "member './up/evil' leads out of the tree",
            ),
            (
                # Inside by its text alone: `a/b` is a link to the top by the time it is followed.
                [
                    member("./a/b", tarfile.SYMTYPE, ".."),
                    member("./c", tarfile.SYMTYPE, "a/b/.."),
                    member("./c/evil", content=b"evil"),
                ],
                "member './c/evil' leads out of the tree",
            ),
            ([member("./h", tarfile.LNKTYPE, "../secret")], "member './h' names a path outside the tree"),
            ([member("./h", tarfile.LNKTYPE, "/etc/passwd")], "member './h' names a path outside the tree"),
            (
                [member("./s", tarfile.SYMTYPE, "../secret"), member("./h", tarfile.LNKTYPE, "./s")],
                "member './h' is a hard link to './s', which is not a regular file of the tree",
            ),
            (
                [member("./a", tarfile.SYMTYPE, "b"), member("./b", tarfile.SYMTYPE, "a"), member("./a/f")],
                "member './a/f' too many levels of symbolic links",
            ),
            ([member("./f"), member("./f/g")], "member './f/g' 'f' is not a directory"),
            ([member("./.")], "member './.' has no name"),
        ],
    )
    def test_an_unsafe_package_is_refused(
        self, root: Path, tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]], message: str
    ) -> None:
        secret = root.parent / "secret"
        secret.write_bytes(b"secret")
        with pytest.raises(ProvisionError) as caught:
            unpack(save(tmp_path, MiniDeb(name="evil", members=members)), root)
        subject = (
            f"unsafe package: evil 1.0-1: {message}" if "': " in message else f"unsafe package evil 1.0-1: {message}"
        )
        assert caught.value.message == subject
        assert caught.value.hint == HINT
        assert outside(root) == ["secret"]
        assert secret.read_bytes() == b"secret"

    def test_an_absolute_link_is_inside_the_tree(self, root: Path, tmp_path: Path) -> None:
        members = [member("./etc", tarfile.SYMTYPE, str(root.parent)), member("./etc/evil", content=b"evil")]
        unpack(save(tmp_path, MiniDeb(name="evil", members=members)), root)
        assert outside(root) == []
        assert [path for path in root.rglob("evil") if not path.is_symlink()] == [
            root / str(root.parent).lstrip("/") / "evil"
        ]

    def test_a_link_of_one_package_does_not_lead_another_out(self, root: Path, tmp_path: Path) -> None:
        # The larger one is unpacked first.
        first = MiniDeb(name="a", files={"f": os.urandom(4096)}, members=[member("./d", tarfile.SYMTYPE, "../..")])
        with pytest.raises(ProvisionError, match="out of the tree"):
            unpack(save(tmp_path, first, MiniDeb(name="b", files={"d/evil": b"evil"})), root, workers=1)
        assert outside(root) == []

    @settings(max_examples=150, deadline=None)
    @given(
        entries=st.lists(
            st.tuples(
                st.sampled_from(["file", "link", "hard", "dir"]),
                st.lists(st.sampled_from(["a", "b", "c", "..", "."]), min_size=1, max_size=4).map("/".join),
                st.lists(st.sampled_from(["a", "b", "c", "..", "/", "secret"]), min_size=1, max_size=4).map("/".join),
            ),
            max_size=12,
        )
    )
    def test_nothing_ever_lands_outside(
        self, tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[str, str, str]]
    ) -> None:
        outer = tmp_path_factory.mktemp("outer")
        top = outer / "root"
        top.mkdir()
        secret = outer / "secret"
        secret.write_bytes(b"secret")
        tree = RootedTree(top)
        for kind, name, target in entries:
            try:
                match kind:
                    case "file":
                        tree.file(name, io.BytesIO(b"evil"), executable=False, modified=0)
                    case "link":
                        tree.symlink(name, target, origin=name)
                    case "hard":
                        tree.hard_link(name, target)
                    case _:
                        tree.directory(name)
            except UnsafePathError:
                continue
        assert sorted(path.name for path in outer.iterdir()) == ["root", "secret"]
        assert secret.read_bytes() == b"secret"
        assert secret.stat().st_nlink == 1
        try:
            tree.check_links()
        except UnsafePathError:
            return
        for path in top.rglob("*"):
            # A loop is harmless: following it fails.
            assert not path.exists() or path.resolve().is_relative_to(top)


class TestUnreadable:
    def test_another_compression_is_named(self, root: Path, tmp_path: Path) -> None:
        content = MiniDeb(name="a", compression="").to_bytes().replace(b"data.tar  ", b"data.tar.q")
        with pytest.raises(ProvisionError) as caught:
            unpack([self.deb(tmp_path, content)], root)
        path = tmp_path / "a.deb"
        assert caught.value.message == (
            f"a 1: {path} is not a readable package: data.tar.q has a compression that this Python cannot read"
        )

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"", "Unable to find global header"),
            (b"!<arch>\n" + b"x" * 60, "Incorrect file magic"),
            (b"!<arch>\n", "it has no data.tar"),
            (MiniDeb(name="a", files={"f": os.urandom(99999)}).to_bytes()[:-5000], None),
            (MiniDeb(name="a", files={"f": os.urandom(99999)}, compression="gz").to_bytes()[:-5000], None),
            (MiniDeb(name="a", files={"f": os.urandom(99999)}, compression="").to_bytes()[:-50000], None),
        ],
    )
    def test_a_damaged_package_is_named(self, root: Path, tmp_path: Path, content: bytes, problem: str | None) -> None:
        with pytest.raises(ProvisionError) as caught:
            unpack([self.deb(tmp_path, content)], root)
        path = tmp_path / "a.deb"
        assert caught.value.message.startswith(f"a 1: {path} is not a readable package: {problem or ''}")

    def test_a_name_with_a_nul_is_refused(self, root: Path, tmp_path: Path) -> None:
        info, content = member("./f")
        info.pax_headers = {"path": "./f\0g"}
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
            tar.addfile(info, io.BytesIO(content))
        whole = MiniDeb(name="a", compression="").to_bytes()
        start = whole.index(b"data.tar")
        header = whole[start : start + 60]
        size = f"{len(buffer.getvalue()):<10}".encode()
        with pytest.raises(ProvisionError, match="not a readable package"):
            unpack([self.deb(tmp_path, whole[:start] + header[:48] + size + b"`\n" + buffer.getvalue())], root)

    @staticmethod
    def deb(folder: Path, content: bytes) -> Deb:
        path = folder / "a.deb"
        path.write_bytes(content)
        return Deb(label="a 1", path=path)

    def test_a_root_that_leads_elsewhere_is_refused(self, root: Path, tmp_path: Path) -> None:
        (root / "usr").symlink_to("/proc")
        with pytest.raises(UnsafePathError):
            unpack(save(tmp_path, MiniDeb(name="a", files={"usr/f": b""})), root)
