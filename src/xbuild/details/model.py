"""The model of PEP 739's ``build-details.json``, version 1.0.

Values are as the file has them: a path may be relative (``base_prefix`` to the file's directory, every other path to
``base_prefix``) until something resolves it.
``extra`` holds the keys of an object that version 1.0 does not define: a newer minor version may have more, and they
are kept on a round trip.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

RELEASE_LEVELS = ("alpha", "beta", "candidate", "final")

Keys = tuple[str, ...]

PATH_KEYS: tuple[Keys, ...] = (
    ("base_interpreter",),
    ("libpython", "dynamic"),
    ("libpython", "dynamic_stableabi"),
    ("libpython", "static"),
    ("c_api", "headers"),
    ("c_api", "pkgconfig_path"),
)
"""Every path that is relative to ``base_prefix``."""

RENAMED: Mapping[Keys, Keys] = MappingProxyType(
    {("c_api", "include"): ("c_api", "headers"), ("interpreter", "path"): ("base_interpreter",)}
)
"""Keys of the drafts of PEP 739 that early builds of CPython 3.14 wrote, and their names in version 1.0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionInfo:
    """``language.version_info``: the fields of ``sys.version_info``."""

    major: int
    minor: int
    micro: int
    releaselevel: str
    serial: int
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def short(self) -> str:
        """Major and minor version: ``"3.14"``."""
        return f"{self.major}.{self.minor}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "major": self.major,
            "minor": self.minor,
            "micro": self.micro,
            "releaselevel": self.releaselevel,
            "serial": self.serial,
            **copy.deepcopy(dict(self.extra)),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """``language``: the version of the Python language, ``"3.14"``."""

    version: str
    version_info: VersionInfo | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        info = self.version_info.to_dict() if self.version_info else None
        return _present(self.extra, version=self.version, version_info=info)


@dataclass(frozen=True, kw_only=True, slots=True)
class Implementation:
    """``implementation``: the fields of ``sys.implementation``; ``extra`` has those PEP 421 does not require."""

    name: str
    version: VersionInfo
    hexversion: int
    cache_tag: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {
            "name": self.name,
            "version": self.version.to_dict(),
            "hexversion": self.hexversion,
            "cache_tag": self.cache_tag,
            **copy.deepcopy(dict(self.extra)),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Abi:
    """``abi``: flags such as ``t`` and ``d``, and the suffixes of extension modules (``.cpython-314-….so``)."""

    flags: tuple[str, ...]
    extension_suffix: str | None = None
    stable_abi_suffix: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return _present(
            self.extra,
            flags=list(self.flags),
            extension_suffix=self.extension_suffix,
            stable_abi_suffix=self.stable_abi_suffix,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Libpython:
    """``libpython``: where the interpreter's library is, and whether extension modules link to it."""

    dynamic: str | None = None
    dynamic_stableabi: str | None = None
    static: str | None = None
    link_extensions: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return _present(
            self.extra,
            dynamic=self.dynamic,
            dynamic_stableabi=self.dynamic_stableabi,
            static=self.static,
            link_extensions=self.link_extensions,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class CApi:
    """``c_api``: the folder of ``Python.h`` and the folder of its ``.pc`` files."""

    headers: str
    pkgconfig_path: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object."""
        return _present(self.extra, headers=self.headers, pkgconfig_path=self.pkgconfig_path)


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildDetails:
    """One ``build-details.json``."""

    schema_version: str
    base_prefix: str
    base_interpreter: str | None = None
    platform: str
    language: Language
    implementation: Implementation
    abi: Abi | None = None
    suffixes: Mapping[str, tuple[str, ...]] | None = None
    libpython: Libpython | None = None
    c_api: CApi | None = None
    arbitrary_data: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object: the inverse of parsing, keys in the order of the specification."""
        suffixes = None if self.suffixes is None else {kind: list(values) for kind, values in self.suffixes.items()}
        arbitrary = None if self.arbitrary_data is None else copy.deepcopy(dict(self.arbitrary_data))
        return _present(
            self.extra,
            schema_version=self.schema_version,
            base_prefix=self.base_prefix,
            base_interpreter=self.base_interpreter,
            platform=self.platform,
            language=self.language.to_dict(),
            implementation=self.implementation.to_dict(),
            abi=self.abi.to_dict() if self.abi else None,
            suffixes=suffixes,
            libpython=self.libpython.to_dict() if self.libpython else None,
            c_api=self.c_api.to_dict() if self.c_api else None,
            arbitrary_data=arbitrary,
        )


def _present(extra: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    known = {name: value for name, value in members.items() if value is not None}
    return known | copy.deepcopy(dict(extra))
