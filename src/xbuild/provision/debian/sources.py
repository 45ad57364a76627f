"""Which mirror to use: a setting, else the machine's own apt sources, else the public snapshot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from xbuild.errors import UsageError
from xbuild.provision.debian.catalog import debian_catalog

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_SCHEMES = ("http", "https", "file")
_ONE_LINE = re.compile(r"\s*(?:\[(?P<options>[^\]]*)\])?\s*(?P<uri>\S+)\s*(?P<rest>.*)")
_MOMENT = re.compile(r"/\d{8}T\d{6}Z/?$")
_UNCHECKED = re.compile(r"\bCheck-Valid-Until\s+\"?(?:false|no|off|0)\b", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|^\s*#[^\n]*", re.DOTALL | re.MULTILINE)


class _Entry(NamedTuple):
    """One line of apt's sources."""

    uri: str
    suites: list[str]
    components: list[str]
    options: dict[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchiveSettings:
    """A mirror of Debian's main archive: its base URL (no slash at the end), and how far to trust it.

    ``keyrings`` are files of OpenPGP certificates to trust besides Debian's own.
    ``origin`` says who chose the mirror, for messages.
    """

    url: str
    check_valid_until: bool = True
    keyrings: tuple[Path, ...] = ()
    origin: str = "a setting"

    @classmethod
    def discover(
        cls, option: str | None, environ: Mapping[str, str], *, apt_dirs: Sequence[Path] = (Path("/etc/apt"),)
    ) -> ArchiveSettings:
        """Return the mirror to use.

        ``option`` and ``XBUILD_ARCHIVE`` are a URL or an absolute path, optionally after apt's own
        ``[check-valid-until=no signed-by=/file]``. Raises :class:`UsageError` where they are neither.
        """
        if option:
            return _from_text(option, origin="the archive option")
        if chosen := environ.get("XBUILD_ARCHIVE"):
            return _from_text(chosen, origin="XBUILD_ARCHIVE")
        found = next((settings for folder in apt_dirs for settings in _from_apt(folder)), None)
        return found or _settings(debian_catalog().snapshot, origin="the public snapshot")


def _settings(uri: str, *, origin: str, options: Mapping[str, str] | None = None) -> ArchiveSettings:
    options = options or {}
    url = uri.rstrip("/")
    return ArchiveSettings(
        url=url,
        # A moment of the past is meant to stay as it is.
        check_valid_until=not _MOMENT.search(url) and not _is_no(options.get("check-valid-until", "yes")),
        keyrings=tuple(Path(key) for key in re.split(r"[,\s]+", options.get("signed-by", "")) if key.startswith("/")),
        origin=origin,
    )


def _from_text(text: str, *, origin: str) -> ArchiveSettings:
    match = _ONE_LINE.fullmatch(text)
    uri = match["uri"] if match and not match["rest"] else ""
    if uri.startswith("/"):
        uri = Path(uri).as_uri()
    parts = urlsplit(uri)
    if match is None or parts.scheme not in _SCHEMES or (parts.scheme != "file" and not parts.hostname):
        raise UsageError(
            f"{origin}: expected the address of a Debian mirror, found {text!r}",
            hint="give a URL such as https://mirror.example/debian, or an absolute path",
        )
    return _settings(uri, origin=origin, options=_options(match["options"]))


def _options(text: str | None) -> dict[str, str]:
    """``"arch=amd64 check-valid-until=no"`` -> a mapping with lower-case keys."""
    return {key.lower(): value for key, _, value in (word.partition("=") for word in (text or "").split())}


def _is_no(value: str) -> bool:
    return value.strip().lower() in ("no", "false", "off", "0", "without", "disable")


def _from_apt(folder: Path) -> Iterator[ArchiveSettings]:
    """Yield the mirrors of Debian itself that apt's configuration in ``folder`` names."""
    checked = not any(_UNCHECKED.search(_COMMENT.sub("", text)) for _, text in _read(_configuration(folder)))
    for file, text in _read([folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]):
        if file.suffix == ".sources":
            entries = _parse_sources(text)
        elif file.suffix == ".list":
            entries = _parse_list(text)
        else:
            continue
        for entry in filter(_is_debian, entries):
            defaults = {} if checked else {"check-valid-until": "no"}
            yield _settings(entry.uri, origin=str(file), options=defaults | entry.options)


def _configuration(folder: Path) -> list[Path]:
    return [folder / "apt.conf", *sorted((folder / "apt.conf.d").glob("*"))]


def _read(files: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    for file in files:
        try:
            yield file, file.read_text("utf-8", errors="replace")
        except OSError:
            continue  # what apt's user cannot read is not for us


def _parse_list(text: str) -> Iterator[_Entry]:
    """One-line style: ``deb [options] uri suite component...``."""
    for line in text.splitlines():
        kind, _, rest = line.partition("#")[0].strip().partition(" ")
        if kind == "deb" and (match := _ONE_LINE.fullmatch(rest)):
            suite, *components = match["rest"].split() or [""]
            yield _Entry(match["uri"], [suite], components, _options(match["options"]))


def _parse_sources(text: str) -> Iterator[_Entry]:
    """Deb822 style. Read by hand: python-debian takes 100 ms to import, and every warm run comes by here."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", lines):
        unfolded = re.sub(r"\n[ \t]+", " ", stanza)
        pairs = (line.partition(":") for line in unfolded.splitlines())
        fields = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if "deb" not in fields.get("types", "").split() or _is_no(fields.get("enabled", "yes")):
            continue
        for uri in fields.get("uris", "").split():
            yield _Entry(uri, fields.get("suites", "").split(), fields.get("components", "").split(), fields)


def _is_debian(entry: _Entry) -> bool:
    """Whether it is Debian's main archive itself: not its security archive, another project's, or backports alone."""
    catalog = debian_catalog()
    path = _MOMENT.sub("", urlsplit(entry.uri).path).rstrip("/")
    return (
        urlsplit(entry.uri).scheme in _SCHEMES
        and path.endswith("/debian")
        and catalog.component in entry.components
        and any(catalog.suite(suite) for suite in entry.suites)
    )
