"""The model of PEP 739's ``build-details.json``, version 1.0.

Values are as the file has them: a path may be relative (``base_prefix`` to the file's directory, every other path to
``base_prefix``) until something resolves it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionInfo:
    """``language.version_info``: the fields of ``sys.version_info``."""

    major: int
    minor: int
    micro: int
    releaselevel: str
    serial: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Language:
    """``language``: the version of the Python language, ``"3.14"``."""

    version: str
    version_info: VersionInfo | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Implementation:
    """``implementation``: the fields of ``sys.implementation``; ``extra`` has those that start with ``_``."""

    name: str
    version: VersionInfo
    hexversion: int
    cache_tag: str
    extra: Mapping[str, Any] = field(default=_EMPTY)


@dataclass(frozen=True, kw_only=True, slots=True)
class Abi:
    """``abi``: flags such as ``t`` and ``d``, and the suffixes of extension modules (``.cpython-314-….so``)."""

    flags: tuple[str, ...]
    extension_suffix: str | None = None
    stable_abi_suffix: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Libpython:
    """``libpython``: where the interpreter's library is, and whether extension modules link to it."""

    dynamic: str | None = None
    dynamic_stableabi: str | None = None
    static: str | None = None
    link_extensions: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CApi:
    """``c_api``: the folder of ``Python.h`` and the folder of its ``.pc`` files."""

    headers: str
    pkgconfig_path: str | None = None


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
    extra: Mapping[str, Any] = field(default=_EMPTY)
    """Unknown top-level keys of a newer minor version, kept on a round trip."""
