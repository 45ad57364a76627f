from __future__ import annotations

from pathlib import Path

import pytest

from xbuild.errors import UsageError
from xbuild.provision.debian.catalog import debian_catalog
from xbuild.provision.debian.sources import ArchiveSettings


def discover(apt: Path, *, option: str | None = None, environ: dict[str, str] | None = None) -> ArchiveSettings:
    return ArchiveSettings.discover(option, environ or {}, apt_dirs=(apt,))


def apt_with(tmp_path: Path, **files: str) -> Path:
    for name, text in files.items():
        path = tmp_path / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


MODERN = """\
# a comment
Types: deb deb-src
URIs: https://mirror.example/debian/
# in the middle
Suites: trixie
 trixie-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


class TestExplicit:
    def test_the_option_comes_first(self, tmp_path: Path) -> None:
        found = discover(tmp_path, option="http://a.example/debian/", environ={"XBUILD_ARCHIVE": "http://b.example"})
        assert found == ArchiveSettings(url="http://a.example/debian", origin="the archive option")

    def test_then_the_environment(self, tmp_path: Path) -> None:
        apt = apt_with(tmp_path, sources_DOT_list="deb http://c.example/debian trixie main\n")
        found = discover(apt, environ={"XBUILD_ARCHIVE": "http://b.example:8080/x"})
        assert found == ArchiveSettings(url="http://b.example:8080/x", origin="XBUILD_ARCHIVE")

    def test_apt_options(self, tmp_path: Path) -> None:
        text = "[ check-valid-until=no signed-by=/keys/a.pgp,/keys/b.asc arch=amd64 ] https://b.example/debian"
        found = discover(tmp_path, option=text)
        assert not found.check_valid_until
        assert found.keyrings == (Path("/keys/a.pgp"), Path("/keys/b.asc"))

    @pytest.mark.parametrize(
        ("text", "url"),
        [("/srv/a mirror", None), ("/srv/mirror/", "file:///srv/mirror"), ("file:///srv", "file:///srv")],
    )
    def test_a_folder(self, tmp_path: Path, text: str, url: str | None) -> None:
        if url is None:
            with pytest.raises(UsageError):
                discover(tmp_path, option=text)
        else:
            assert discover(tmp_path, option=text).url == url

    def test_a_moment_of_the_past_does_not_expire(self, tmp_path: Path) -> None:
        found = discover(tmp_path, option="https://s.example/archive/debian/20260101T000000Z/")
        assert not found.check_valid_until
        assert found.url == "https://s.example/archive/debian/20260101T000000Z"

    @pytest.mark.parametrize(
        "text", ["mirror.example/debian", "ftp://mirror.example/debian", "http://", "http://a b", "[x"]
    )
    def test_anything_else_is_refused(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(UsageError) as caught:
            discover(tmp_path, environ={"XBUILD_ARCHIVE": text})
        assert caught.value.message == f"XBUILD_ARCHIVE: expected the address of a Debian mirror, found {text!r}"
        assert caught.value.hint == "give a URL such as https://mirror.example/debian, or an absolute path"


class TestApt:
    def test_deb822_style(self, tmp_path: Path) -> None:
        apt = apt_with(tmp_path, sources_DOT_list_DOT_d__debian_DOT_sources=MODERN)
        assert discover(apt) == ArchiveSettings(
            url="https://mirror.example/debian",
            keyrings=(Path("/usr/share/keyrings/debian-archive-keyring.gpg"),),
            origin=f"{apt}/sources.list.d/debian.sources",
        )

    def test_one_line_style(self, tmp_path: Path) -> None:
        text = """\
# deb http://commented.example/debian trixie main
deb-src http://source.example/debian trixie main
deb [arch=amd64 signed-by=/keys/a.pgp] http://mirror.example/debian bookworm main  # the first
"""
        apt = apt_with(tmp_path, sources_DOT_list=text)
        assert discover(apt) == ArchiveSettings(
            url="http://mirror.example/debian", keyrings=(Path("/keys/a.pgp"),), origin=f"{apt}/sources.list"
        )

    @pytest.mark.parametrize(
        "line",
        [
            "deb http://archive.example/ubuntu noble main",
            "deb http://mirror.example/debian-security bookworm-security main",
            "deb http://deb.example.org/node_20.x nodistro main",
            "deb http://mirror.example/debian trixie-backports main",
            "deb http://mirror.example/debian trixie contrib",
            "deb http://vendor.example/debian vendor main",
            "deb cdrom:[Debian]/debian trixie main",
            "deb mirror+file:/etc/mirrors/debian trixie main",
            "deb http://mirror.example/debian",
            "deb",
            "nonsense",
        ],
    )
    def test_what_is_not_debian_is_passed_over(self, tmp_path: Path, line: str) -> None:
        apt = apt_with(tmp_path, sources_DOT_list=f"{line}\ndeb http://last.example/debian stable main\n")
        assert discover(apt).url == "http://last.example/debian"

    def test_disabled_entries_are_passed_over(self, tmp_path: Path) -> None:
        text = MODERN.replace("# a comment", "Enabled: no")
        second = MODERN.replace("mirror.example", "second.example")
        apt = apt_with(tmp_path, sources_DOT_list_DOT_d__x_DOT_sources=f"{text}\n\n{second}")
        assert discover(apt).url == "https://second.example/debian"

    def test_files_of_other_kinds_are_not_read(self, tmp_path: Path) -> None:
        line = "deb http://old.example/debian trixie main\n"
        apt = apt_with(tmp_path, sources_DOT_list_DOT_d__a_DOT_list_DOT_save=line)
        assert discover(apt).url == debian_catalog().snapshot

    def test_a_snapshot_of_the_machine(self, tmp_path: Path) -> None:
        line = "deb [check-valid-until=no] http://s.example/archive/debian/20260101T000000Z trixie main\n"
        found = discover(apt_with(tmp_path, sources_DOT_list=line))
        assert found.url == "http://s.example/archive/debian/20260101T000000Z"
        assert not found.check_valid_until

    def test_check_valid_until_of_an_entry(self, tmp_path: Path) -> None:
        apt = apt_with(tmp_path, sources_DOT_list_DOT_d__x_DOT_sources=f"{MODERN}Check-Valid-Until: no\n")
        assert not discover(apt).check_valid_until

    @pytest.mark.parametrize(
        ("text", "checked"),
        [
            ('Acquire::Check-Valid-Until "false";', False),
            ("Acquire { Check-Valid-Until false; };", False),
            ('Acquire::Check-Valid-Until "true";', True),
            ('// Acquire::Check-Valid-Until "false";', True),
            ('# Acquire::Check-Valid-Until "false";', True),
            ('/* Acquire::Check-Valid-Until "false"; */', True),
        ],
    )
    def test_check_valid_until_of_the_machine(self, tmp_path: Path, text: str, *, checked: bool) -> None:
        line = "deb http://mirror.example/debian trixie main\n"
        apt = apt_with(tmp_path, sources_DOT_list=line, apt_DOT_conf_DOT_d__99x=text)
        assert discover(apt).check_valid_until is checked


def test_the_public_snapshot_is_the_last_resort(tmp_path: Path) -> None:
    assert discover(tmp_path / "none") == ArchiveSettings(
        url=debian_catalog().snapshot, check_valid_until=False, origin="the public snapshot"
    )
