"""PEP 739 ``build-details.json``: model, validation, discovery, repair, synthesis, comparison.

Everything public is here; each name's module is imported when the name is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xbuild.details.completion import Completed, Origin, complete
    from xbuild.details.discovery import discover, discover_all
    from xbuild.details.findings import InvalidDetailsError, Problem
    from xbuild.details.model import Abi, BuildDetails, CApi, Implementation, Language, Libpython, VersionInfo
    from xbuild.details.parse import dumps, load, loads
    from xbuild.details.paths import resolve
    from xbuild.details.variables import read_variables

_MODULES = {
    "completion": ("Completed", "Origin", "complete"),
    "discovery": ("discover", "discover_all"),
    "findings": ("InvalidDetailsError", "Problem"),
    "model": ("Abi", "BuildDetails", "CApi", "Implementation", "Language", "Libpython", "VersionInfo"),
    "parse": ("dumps", "load", "loads"),
    "paths": ("resolve",),
    "variables": ("read_variables",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "Abi",
    "BuildDetails",
    "CApi",
    "Completed",
    "Implementation",
    "InvalidDetailsError",
    "Language",
    "Libpython",
    "Origin",
    "Problem",
    "VersionInfo",
    "complete",
    "discover",
    "discover_all",
    "dumps",
    "load",
    "loads",
    "read_variables",
    "resolve",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
