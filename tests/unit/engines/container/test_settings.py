from __future__ import annotations

from typing import TYPE_CHECKING

from xbuild.engines.container import settings

if TYPE_CHECKING:
    from pathlib import Path


def test_only_what_names_indexes_is_passed_on_and_nothing_of_this_disk() -> None:
    environ = {
        "PIP_INDEX_URL": "https://user:password@index.example/simple",
        "PIP_FIND_LINKS": "/opt/wheels",
        "PIP_CERT": "/etc/ca.pem",
        "PIP_TARGET": "x",
        "UV_INDEX": "mine=https://mine.example/simple",
        "UV_INDEX_MINE_PASSWORD": "secret",
        "UV_EXTRA_INDEX_URL": "file:///opt/simple",
        "UV_CACHE_DIR": "x",
        "HOME": "/root",
    }
    assert settings.index_settings(environ) == {
        "PIP_INDEX_URL": "https://user:password@index.example/simple",
        "UV_INDEX": "mine=https://mine.example/simple",
        "UV_INDEX_MINE_PASSWORD": "secret",
    }


def test_pip_gets_the_indexes_that_only_uv_was_told() -> None:
    environ = {
        "UV_DEFAULT_INDEX": "main=https://main.example/simple?a=b",
        "UV_INDEX": "x=https://x.example/simple https://y.example/simple",
        "UV_EXTRA_INDEX_URL": "https://z.example/simple",
    }
    assert settings.pip_settings(environ) == {
        "PIP_INDEX_URL": "https://main.example/simple?a=b",
        "PIP_EXTRA_INDEX_URL": "https://x.example/simple https://y.example/simple https://z.example/simple",
    }


def test_what_pip_was_told_stays() -> None:
    environ = {"PIP_INDEX_URL": "https://pip.example/simple", "UV_INDEX_URL": "https://uv.example/simple"}
    assert settings.pip_settings(environ) == {"PIP_INDEX_URL": "https://pip.example/simple"}


def test_proxies_keep_their_names() -> None:
    environ = {"http_proxy": "http://p:1", "HTTPS_PROXY": "http://p:2", "NO_PROXY": "", "PROXY": "x"}
    assert settings.proxies(environ) == {"http_proxy": "http://p:1", "HTTPS_PROXY": "http://p:2"}


def test_the_first_bundle_of_certificates_that_is_there_is_taken(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(b"certificates")
    environ = {"SSL_CERT_FILE": str(tmp_path / "no"), "PIP_CERT": str(tmp_path / "ca.pem")}
    assert settings.certificates(environ) == b"certificates"
    assert settings.certificates({}) is None


def test_the_network_is_the_engines_own_unless_chosen() -> None:
    assert settings.network_mode({}) is None
    assert settings.network_mode({"XBUILD_CONTAINER_NETWORK": "host"}) == "host"
