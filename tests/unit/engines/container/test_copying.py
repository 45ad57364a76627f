"""Copying out of an image: what is kept of it, and tar streams that mean harm."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from xbuild.engines.container.copying import Copy, is_library, is_of_python, is_of_sysroot
from xbuild.errors import EngineError
from xbuild.provision.rooted import RootedTree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TRUST = "nothing of it was kept: use an image that you trust"


def member(name: str, content: bytes = b"", **values: object) -> tuple[tarfile.TarInfo, bytes]:
    made = tarfile.TarInfo(name)
    made.size = len(content)
    for key, value in values.items():
        setattr(made, key, value)
    return made, content


def link(name: str, to: str, *, hard: bool = False) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.LNKTYPE if hard else tarfile.SYMTYPE, linkname=to)


def stream(*members: tuple[tarfile.TarInfo, bytes]) -> Iterator[bytes]:
    """A tar file in chunks of an awkward size."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    data = out.getvalue()
    return (data[start : start + 700] for start in range(0, len(data), 700))


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tree=RootedTree(tmp_path), source="some/image")


def everything(_name: str) -> bool:
    return True


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("usr/include/stdio.h", True),
        ("usr/local/include/zlib.h", True),
        ("usr/lib64/libc.so", True),
        ("usr/lib64/libc.so.6", True),
        ("lib64/ld-2.28.so", True),
        ("lib/ld-linux-aarch64.so.1", True),
        ("usr/lib64/crt1.o", True),
        ("usr/lib64/libc_nonshared.a", True),
        ("usr/lib/aarch64-linux-gnu/libm-2.31.so", True),
        ("usr/lib64/pkgconfig/zlib.pc", True),
        ("usr/lib64/cmake/fmt/fmt-config.cmake", True),
        ("usr/share/pkgconfig/eigen3.pc", True),
        ("etc/os-release", True),
        ("usr/lib/os-release", True),
        ("etc/ld.so.conf.d/local.conf", True),
        ("etc/passwd", False),
        ("usr/bin/gcc", False),
        ("usr/lib64/libpython3.6m.a", False),
        ("usr/lib64/python3.6/lib-dynload/_ssl.so", False),
        ("usr/lib/gcc/aarch64-redhat-linux/8/libstdc++.so", False),
        ("usr/lib64/gconv/UTF-7.so", False),
        ("usr/lib/locale/locale-archive", False),
        ("usr/share/doc/zlib/README", False),
    ],
)
def test_a_sysroot_needs_headers_and_libraries(name: str, kept: bool) -> None:
    assert is_of_sysroot(name) == kept


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("bin/python3.14t", True),
        ("bin/python3", True),
        ("include/python3.14/Python.h", True),
        ("lib/python3.14/os.py", True),
        ("lib/python3.14/build-details.json", True),
        ("lib/python3.14/lib-dynload/_ssl.cpython-314-aarch64-linux-gnu.so", True),
        ("lib/python3.14/unittest/case.py", True),
        ("bin/pip3", False),
        ("lib/libpython3.14.a", False),
        ("lib/pkgconfig/python-3.14.pc", False),
        ("lib/python3.14/site-packages/pip/__init__.py", False),
        ("lib/python3.14/test/test_os.py", False),
        ("lib/python3.14/config-3.14-aarch64-linux-gnu/libpython3.14.a", False),
        ("share/man/man1/python3.1", False),
    ],
)
def test_a_python_needs_its_interpreter_headers_and_library(name: str, kept: bool) -> None:
    assert is_of_python(name) == kept


def test_private_libraries_are_those_of_the_folder_itself() -> None:
    assert [name for name in ("libsqlite3.so.0", "libsqlite3.a", "sub/libx.so") if is_library(name)] == [
        "libsqlite3.so.0"
    ]


def test_files_and_links_arrive_under_their_new_name(copy: Copy, tmp_path: Path) -> None:
    missed = copy.add(
        stream(
            member("cpython-3.14.0/", type=tarfile.DIRTYPE),
            member("cpython-3.14.0/bin/python3.14", b"ELF", mode=0o4755, mtime=1_000_000),
            link("cpython-3.14.0/bin/python3", "python3.14"),
            link("cpython-3.14.0/bin/python", "cpython-3.14.0/bin/python3.14", hard=True),
        ),
        to="opt/python/cp314-cp314",
        wanted=everything,
    )
    copy.check()
    program = tmp_path / "opt/python/cp314-cp314/bin/python3.14"
    assert missed == ()
    assert program.read_bytes() == b"ELF"
    assert oct(program.stat().st_mode) == "0o100755"
    assert program.stat().st_mtime == 1_000_000
    assert program.with_name("python3").readlink().name == "python3.14"
    assert program.with_name("python").samefile(program)


def test_what_is_not_wanted_is_left_out_and_a_hard_link_to_it_is_told(copy: Copy, tmp_path: Path) -> None:
    missed = copy.add(
        stream(member("lib64/secret", b"x"), link("lib64/libx.so", "lib64/secret", hard=True)),
        to="lib64",
        wanted=lambda name: name.endswith(".so"),
    )
    assert missed == ("libx.so",)
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_is_the_place_itself_is_kept(copy: Copy, tmp_path: Path) -> None:
    copy.add(stream(link("lib64", "usr/lib64")), to="lib64", wanted=lambda _name: False)
    assert str((tmp_path / "lib64").readlink()) == "usr/lib64"


def test_links_mean_the_images_root(copy: Copy, tmp_path: Path) -> None:
    """Absolute ones, and those that name more parents than there are, as an image's kernel would read them."""
    copy.add(
        stream(
            link("lib64/liba.so", "/usr/lib64/liba.so.1"),
            link("lib64/libb.so", "../../../../../lib64/libb.so.1"),
            link("lib64/libc.so", "../lib64/libc.so.1"),
        ),
        to="usr/lib64",
        wanted=everything,
    )
    copy.check()
    links = {path.name: str(path.readlink()) for path in (tmp_path / "usr/lib64").iterdir()}
    assert links == {
        "liba.so": "liba.so.1",
        "libb.so": "../../lib64/libb.so.1",
        "libc.so": "../lib64/libc.so.1",
    }


def test_devices_and_fifos_are_left_out(copy: Copy, tmp_path: Path) -> None:
    kinds = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)
    copy.add(stream(*(member(f"lib/{kind!r}.so", type=kind) for kind in kinds)), to="lib", wanted=everything)
    assert list(tmp_path.rglob("*")) == []


class TestHostileStreams:
    def refusal(self, copy: Copy, *members: tuple[tarfile.TarInfo, bytes]) -> str:
        def add_and_check() -> None:
            copy.add(stream(*members), to="usr/lib64", wanted=everything)
            copy.check()

        with pytest.raises(EngineError) as caught:
            add_and_check()
        assert caught.value.hint == TRUST
        return caught.value.message

    def test_a_name_that_leads_out(self, copy: Copy, tmp_path: Path) -> None:
        assert self.refusal(copy, member("lib64/../../evil", b"x")) == (
            "unsafe image some/image: member 'lib64/../../evil' names a path outside the tree"
        )
        assert not (tmp_path.parent / "evil").exists()

    def test_an_absolute_name(self, copy: Copy) -> None:
        assert self.refusal(copy, member("/etc/passwd", b"x")) == (
            "unsafe image some/image: member '/etc/passwd' names a path outside the tree"
        )

    def test_a_file_written_through_a_link(self, copy: Copy, tmp_path: Path) -> None:
        (outside := tmp_path.parent / f"{tmp_path.name}-outside").mkdir()
        copy.add(
            stream(link("lib64/out", f"{outside}"), member("lib64/out/evil.so", b"x")),
            to="usr/lib64",
            wanted=everything,
        )
        assert list(outside.iterdir()) == []
        assert (tmp_path / str(outside).lstrip("/") / "evil.so").read_bytes() == b"x"

    def test_links_that_lead_out_together(self, copy: Copy) -> None:
        assert self.refusal(
            copy,
            link("lib64/deep/up", ".."),
            link("lib64/deep/out", "up/../../../.."),
            member("lib64/deep/out/evil", b"x"),
        ).startswith("unsafe image some/image: ")

    def test_a_hard_link_that_leads_out(self, copy: Copy) -> None:
        assert self.refusal(copy, link("lib64/x.so", "lib64/../../../../etc/passwd", hard=True)) == (
            "unsafe image some/image: member 'lib64/x.so' names a path outside the tree"
        )


class TestLimits:
    def test_bytes(self, tmp_path: Path) -> None:
        copy = Copy(tree=RootedTree(tmp_path), source="some/image", most_bytes=1500)
        copy.add(stream(member("lib/a.so", bytes(1000))), to="lib", wanted=everything)
        with pytest.raises(EngineError) as caught:
            copy.add(stream(member("lib/b.so", bytes(1000))), to="lib", wanted=everything)
        assert caught.value.message == (
            "the image some/image has more than 1500 bytes where its sysroot and its Python are"
        )
        assert not (tmp_path / "lib/b.so").exists()

    def test_members_also_those_that_are_not_wanted(self, tmp_path: Path) -> None:
        copy = Copy(tree=RootedTree(tmp_path), source="some/image", most_members=2)
        with pytest.raises(EngineError, match="more than 2 members"):
            copy.add(stream(*(member(f"lib/{n}") for n in range(3))), to="lib", wanted=lambda _name: False)


@pytest.mark.parametrize("content", [b"", b"no tar file at all" * 99], ids=["nothing", "other"])
def test_a_stream_that_is_no_tar_file(copy: Copy, content: bytes) -> None:
    with pytest.raises(EngineError) as caught:
        copy.add([content], to="usr/lib64", wanted=everything)
    assert caught.value.message.startswith("copying /usr/lib64 from the image some/image failed: ")
    assert caught.value.hint == "the container engine stopped in the middle: try again"


def test_a_stream_that_ends_in_the_middle(copy: Copy) -> None:
    chunks = list(stream(member("lib/a.so", bytes(9000))))[:3]
    with pytest.raises(EngineError, match="copying /lib from the image some/image failed"):
        copy.add(chunks, to="lib", wanted=everything)
