"""Members of a tar archive stay in their folder, by tarfile's own checks and by those for Pythons without them."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from xbuild.build.tar_member import HAS_FILTERS, UnsafeMemberError, extract_member

if TYPE_CHECKING:
    from pathlib import Path

WAYS = [True, False] if HAS_FILTERS else [True]


def _member(name: str, *, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode, member.mtime = kind, link, mode, 1600000000
    member.uid, member.gid, member.uname = 12345, 12345, "somebody"
    return member


def _extract(members: list[tarfile.TarInfo], into: Path, *, own: bool) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for member in members:
            archive.addfile(member)
    stream.seek(0)
    into.mkdir()
    with tarfile.open(fileobj=stream) as archive:
        for member in archive:
            extract_member(archive, member, into, own=own)


@pytest.mark.parametrize("own", WAYS)
def test_files_folders_and_links_inside_are_unpacked_as_the_callers(tmp_path: Path, *, own: bool) -> None:
    members = [
        _member("a", kind=tarfile.DIRTYPE, mode=0o777),
        _member("a/run", mode=0o4777),
        _member("a/soft", kind=tarfile.SYMTYPE, link="../a/run"),
        _member("a/hard", kind=tarfile.LNKTYPE, link="a/run", mode=0o4777),
    ]
    _extract(members, tmp_path / "into", own=own)
    folder = tmp_path / "into" / "a"
    assert sorted(path.name for path in folder.iterdir()) == ["hard", "run", "soft"]
    assert (folder / "run").stat().st_mode & 0o7777 == 0o755
    assert (folder / "run").stat().st_uid == os.getuid()
    assert (folder / "run").stat().st_mtime == 1600000000
    assert (folder / "soft").resolve() == (folder / "run").resolve()
    assert (folder / "hard").samefile(folder / "run")


@pytest.mark.parametrize("own", WAYS)
@pytest.mark.parametrize(
    "members",
    [
        [_member("../x")],
        [_member("a/../../x")],
        [_member("link", kind=tarfile.SYMTYPE, link="/etc")],
        [_member("link", kind=tarfile.SYMTYPE, link="../outside")],
        [_member("a/link", kind=tarfile.SYMTYPE, link="../../outside")],
        [_member("link", kind=tarfile.LNKTYPE, link="/etc/passwd")],
        [_member("link", kind=tarfile.LNKTYPE, link="../x")],
        [_member("link", kind=tarfile.SYMTYPE, link="."), _member("link/../../x")],
        [_member("pipe", kind=tarfile.FIFOTYPE)],
        [_member("device", kind=tarfile.CHRTYPE)],
    ],
    ids=["parent", "hidden", "absolute", "outside", "deeper", "hard", "hard outside", "through", "pipe", "device"],
)
def test_what_leaves_the_folder_or_is_no_data_is_refused(
    tmp_path: Path, members: list[tarfile.TarInfo], *, own: bool
) -> None:
    with pytest.raises(UnsafeMemberError):
        _extract(members, tmp_path / "into", own=own)
    assert [path.name for path in tmp_path.iterdir()] == ["into"]
