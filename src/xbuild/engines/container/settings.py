"""What of the user's environment a container needs to reach networks: proxies, package indexes, certificates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY")
_PACKAGES = re.compile(
    r"PIP_(INDEX_URL|EXTRA_INDEX_URL|NO_INDEX|FIND_LINKS|TRUSTED_HOST|DEFAULT_TIMEOUT|RETRIES|PROXY|PRE|PREFER_BINARY)"
    r"|UV_(INDEX|DEFAULT_INDEX|INDEX_URL|EXTRA_INDEX_URL|NO_INDEX|FIND_LINKS|INSECURE_HOST|INDEX_STRATEGY|HTTP_TIMEOUT"
    r"|HTTP_RETRIES|PRERELEASE|EXCLUDE_NEWER)"
    r"|UV_INDEX_\w+_(USERNAME|PASSWORD)"
)
_CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE")


def network_mode(environ: Mapping[str, str]) -> str | None:
    """Return the network of containers that fetch something; None is the engine's own default."""
    return environ.get("XBUILD_CONTAINER_NETWORK") or None


def proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the proxies that are set, under the names they are set by."""
    wanted = {*_PROXIES, *(name.lower() for name in _PROXIES)}
    return {name: value for name, value in environ.items() if name in wanted and value}


def index_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what pip and uv are told of package indexes. What names a place on this machine's disk is left out.

    The values may hold passwords.
    """
    return {
        name: value
        for name, value in sorted(environ.items())
        if _PACKAGES.fullmatch(name) and value and not re.search(r"(^|\s|=)(/|\.|~|file:)", value)
    }


def certificates(environ: Mapping[str, str]) -> bytes | None:
    """Return the bundle of certificate authorities that the user's environment names, or None."""
    for name in _CERTIFICATES:
        try:
            return Path(environ[name]).read_bytes()
        except (KeyError, OSError):
            continue
    return None


def certificate_settings(path: str) -> dict[str, str]:
    """Return the variables that make every program in a container use the bundle at ``path``."""
    return dict.fromkeys(_CERTIFICATES, path)


def pip_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what makes pip use the indexes: those that the user gave uv alone, too."""
    settings = index_settings(environ)
    ours = {name: value for name, value in settings.items() if name.startswith("PIP_")}
    default = settings.get("UV_DEFAULT_INDEX") or settings.get("UV_INDEX_URL")
    further = " ".join(_urls(settings.get("UV_INDEX", ""), settings.get("UV_EXTRA_INDEX_URL", "")))
    if default:
        ours.setdefault("PIP_INDEX_URL", default.partition("=")[2] if _is_named(default) else default)
    if further:
        ours.setdefault("PIP_EXTRA_INDEX_URL", further)
    return ours


def _urls(*values: str) -> Iterator[str]:
    for word in " ".join(values).split():
        yield word.partition("=")[2] if _is_named(word) else word


def _is_named(index: str) -> bool:
    """Whether it is uv's ``name=URL``."""
    return re.match(r"[\w-]+=", index) is not None
