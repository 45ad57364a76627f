"""``build-details.json`` as text to and from :class:`BuildDetails`.

Parsing is strict and hand-written: it reports every problem with its JSON pointer at once, needs no schema library
(start-up time), and what it lets through has the types the model says.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from xbuild.details.findings import InvalidDetailsError, Json, Problem
from xbuild.details.json_text import parse_json, read_text
from xbuild.details.model import (
    RELEASE_LEVELS,
    RENAMED,
    Abi,
    BuildDetails,
    CApi,
    Implementation,
    Language,
    Libpython,
    VersionInfo,
)
from xbuild.details.wording import pointer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KNOWN = (1, 0)
SUPPORTED_VERSION = "1.0"

_MISSING = "missing; expected {expected:plain}"
_OTHER_KIND = "expected {expected:plain}, found {found:kind}"
_A_VERSION = "a string such as '1.0'"
_VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)", re.ASCII)
_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_KINDS: dict[str, type | tuple[type, ...]] = {"a string": str, "true or false": bool, "an array": list}


def load(path: Path) -> BuildDetails:
    """Read a ``build-details.json``.

    Raises :class:`DetailsError` if it cannot be read or is not JSON, and :class:`InvalidDetailsError`, which lists
    every problem, if it is not what the specification's schema says or has an unknown major version. A newer minor
    version is read with a logged warning.
    """
    return loads(read_text(path), source=str(path))


def loads(text: str, *, source: str = "build-details.json") -> BuildDetails:
    """Parse the text of a ``build-details.json``; ``source`` names it in errors. As :func:`load` otherwise."""
    value = parse_json(text, source=source)
    warn_of_newer(schema_version(value, source=source), source=source)
    return from_json(value, source=source)


def dumps(details: BuildDetails) -> str:
    """Return the text of a file: two-space indent as CPython writes it, keys in the specification's order."""
    return json.dumps(details.to_dict(), indent=2, ensure_ascii=False) + "\n"


def from_json(value: Any, *, source: str) -> BuildDetails:
    """Build the model from a parsed document. Raises as :func:`load` does, and warns of nothing."""
    problems: list[Problem] = []
    newer = schema_version(value, source=source) > KNOWN
    details = _document(_Reader(value=value, keys=(), problems=problems, newer=newer))
    if details is None or problems:
        raise InvalidDetailsError(source, problems)
    return details


def schema_version(value: Any, *, source: str) -> tuple[int, int]:
    """Return major and minor of a document's ``schema_version``, or raise if it is no document of a known major."""
    if not isinstance(value, dict):
        raise InvalidDetailsError(source, [Problem.make("XBD111", _OTHER_KIND, expected="an object", found=value)])
    if "schema_version" not in value:
        hint = "this does not look like a build-details.json: check that the path names the file you mean"
        missing = Problem.make("XBD110", _MISSING, pointer="/schema_version", expected=_A_VERSION)
        raise InvalidDetailsError(source, [missing], hint=hint)
    version = value["schema_version"]
    match = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if match is None or len(version) > 20:
        other = Problem.make("XBD111", _OTHER_KIND, pointer="/schema_version", expected=_A_VERSION, found=version)
        raise InvalidDetailsError(source, [other])
    major, minor = int(match[1]), int(match[2])
    if major != KNOWN[0]:
        unknown = Problem.make(
            "XBD104",
            "version {found:plain} of the format is unknown; this xbuild reads {expected:plain}",
            pointer="/schema_version",
            expected=f"{KNOWN[0]}.x",
            found=version,
        )
        raise InvalidDetailsError(source, [unknown], hint="a newer xbuild may read it")
    return major, minor


def warn_of_newer(version: tuple[int, int], *, source: str) -> None:
    """Log a warning if ``version`` is newer than what this code knows."""
    if version > KNOWN:
        _log.warning(
            "%s: version %d.%d of the format is newer than %s, which this xbuild knows; what it adds is kept, not used",
            source,
            *version,
            SUPPORTED_VERSION,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reader:
    """One JSON object on its way into the model. A member that is wrong is noted and read as None."""

    value: dict[str, Any]
    keys: tuple[str, ...]
    problems: list[Problem]
    newer: bool

    def note(self, code: str, template: str, *keys: str | int, expected: Json, found: Json = None) -> None:
        where = pointer(*self.keys, *keys)
        self.problems.append(Problem.make(code, template, pointer=where, expected=expected, found=found))

    def missing(self, key: str, *, expected: str) -> None:
        self.note("XBD110", _MISSING, key, expected=expected)

    def other_kind(self, *keys: str | int, expected: str, found: Any) -> None:
        self.note("XBD111", _OTHER_KIND, *keys, expected=expected, found=found)

    def _take(self, key: str, *, expected: str, required: bool) -> Any:
        if key not in self.value:
            if required:
                self.missing(key, expected=expected)
            return None
        found = self.value[key]
        kind = _KINDS.get(expected)
        if kind is not None and not isinstance(found, kind):
            self.other_kind(key, expected=expected, found=found)
            return None
        return found

    def text(self, key: str, *, required: bool = False) -> Any:
        return self._take(key, expected="a string", required=required)

    def flag(self, key: str) -> Any:
        return self._take(key, expected="true or false", required=False)

    def whole(self, key: str) -> Any:
        number = self._take(key, expected="a whole number", required=True)
        if key in self.value and (isinstance(number, bool) or not isinstance(number, int)):
            if isinstance(number, float) and number.is_integer():
                return int(number)
            self.other_kind(key, expected="a whole number", found=number)
            return None
        return number

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...] | None:
        found = self._take(key, expected="an array", required=required)
        if found is None:
            return None
        wrong = [(index, item) for index, item in enumerate(found) if not isinstance(item, str)]
        for index, item in wrong:
            self.other_kind(key, index, expected="a string", found=item)
        return None if wrong else tuple(found)

    def open_object(self, key: str) -> dict[str, Any] | None:
        if key not in self.value:
            return None
        found = self.value[key]
        if not isinstance(found, dict):
            self.other_kind(key, expected="an object", found=found)
            return None
        return found

    def child(self, key: str, build: Callable[[_Reader], _T | None], *, required: bool = False) -> _T | None:
        if required and key not in self.value:
            self.missing(key, expected="an object")
        found = self.open_object(key)
        if found is None:
            return None
        return build(_Reader(value=found, keys=(*self.keys, key), problems=self.problems, newer=self.newer))

    def rest(self, *known: str) -> dict[str, Any]:
        """Return the members that are not ``known``: none of version 1.0 may be, a newer version's are kept."""
        unknown = {key: value for key, value in self.value.items() if key not in known}
        if not self.newer:
            for key in unknown:
                self._unknown(key, known)
            return {}
        return unknown

    def _unknown(self, key: str, known: tuple[str, ...]) -> None:
        keys = (*self.keys, key)
        new = next((name for old, name in RENAMED.items() if keys in (old, old[:-1])), None)
        if new is None:
            template = f"unknown key; version {SUPPORTED_VERSION} has {{expected:each}} here"
            self.note("XBD112", template, key, expected=list(known), found=key)
        else:
            template = "{found:plain} is a draft's name; expected {expected:plain}"
            self.note("XBD114", template, key, expected=".".join(new), found=".".join(keys))


def _document(reader: _Reader) -> BuildDetails | None:
    before = len(reader.problems)
    fields = {
        "schema_version": reader.text("schema_version"),
        "base_prefix": reader.text("base_prefix", required=True),
        "base_interpreter": reader.text("base_interpreter"),
        "platform": reader.text("platform", required=True),
        "language": reader.child("language", _language, required=True),
        "implementation": reader.child("implementation", _implementation, required=True),
        "abi": reader.child("abi", _abi),
        "suffixes": reader.child("suffixes", _suffixes),
        "libpython": reader.child("libpython", _libpython),
        "c_api": reader.child("c_api", _c_api),
        "arbitrary_data": reader.open_object("arbitrary_data"),
    }
    extra = reader.rest(*fields)
    return BuildDetails(**fields, extra=extra) if len(reader.problems) == before else None


def _language(reader: _Reader) -> Language | None:
    version = reader.text("version", required=True)
    info = reader.child("version_info", _version_info)
    extra = reader.rest("version", "version_info")
    return None if version is None else Language(version=version, version_info=info, extra=extra)


def _version_info(reader: _Reader) -> VersionInfo | None:
    before = len(reader.problems)
    numbers = {key: reader.whole(key) for key in ("major", "minor", "micro", "serial")}
    level = reader.text("releaselevel", required=True)
    if level is not None and level not in RELEASE_LEVELS:
        template = "expected one of {expected:each}, found {found:kind}"
        reader.note("XBD113", template, "releaselevel", expected=list(RELEASE_LEVELS), found=level)
    extra = reader.rest("major", "minor", "micro", "releaselevel", "serial")
    return VersionInfo(**numbers, releaselevel=level, extra=extra) if len(reader.problems) == before else None


def _implementation(reader: _Reader) -> Implementation | None:
    before = len(reader.problems)
    fields = {
        "name": reader.text("name", required=True),
        "version": reader.child("version", _version_info, required=True),
        "hexversion": reader.whole("hexversion"),
        "cache_tag": reader.text("cache_tag", required=True),
    }
    extra = {key: value for key, value in reader.value.items() if key not in fields}
    return Implementation(**fields, extra=extra) if len(reader.problems) == before else None


def _abi(reader: _Reader) -> Abi | None:
    flags = reader.texts("flags", required=True)
    suffix, stable = reader.text("extension_suffix"), reader.text("stable_abi_suffix")
    extra = reader.rest("flags", "extension_suffix", "stable_abi_suffix")
    return None if flags is None else Abi(flags=flags, extension_suffix=suffix, stable_abi_suffix=stable, extra=extra)


def _suffixes(reader: _Reader) -> dict[str, tuple[str, ...]] | None:
    lists = {kind: reader.texts(kind) for kind in reader.value}
    return {kind: values for kind, values in lists.items() if values is not None}


def _libpython(reader: _Reader) -> Libpython | None:
    paths = {key: reader.text(key) for key in ("dynamic", "dynamic_stableabi", "static")}
    return Libpython(
        **paths, link_extensions=reader.flag("link_extensions"), extra=reader.rest(*paths, "link_extensions")
    )


def _c_api(reader: _Reader) -> CApi | None:
    headers = reader.text("headers", required=True)
    pkgconfig = reader.text("pkgconfig_path")
    extra = reader.rest("headers", "pkgconfig_path")
    return None if headers is None else CApi(headers=headers, pkgconfig_path=pkgconfig, extra=extra)
