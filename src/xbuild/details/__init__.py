"""PEP 739 ``build-details.json``: model, validation, discovery, repair, synthesis, comparison.

Everything public is here; each name's module is imported when the name is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xbuild.details.checking import check, check_text, schema
    from xbuild.details.codes import CODES, Code, Severity
    from xbuild.details.comparison import ABSENT, Difference, compare
    from xbuild.details.completion import Completed, Origin, complete, synthesise
    from xbuild.details.discovery import discover, discover_all
    from xbuild.details.findings import Finding, Fix, InvalidDetailsError, Problem
    from xbuild.details.model import Abi, BuildDetails, CApi, Implementation, Language, Libpython, VersionInfo
    from xbuild.details.parse import dumps, load, loads
    from xbuild.details.paths import resolve
    from xbuild.details.repairing import Repaired, repair
    from xbuild.details.variables import read_variables

_MODULES = {
    "checking": ("check", "check_text", "schema"),
    "codes": ("CODES", "Code", "Severity"),
    "comparison": ("ABSENT", "Difference", "compare"),
    "completion": ("Completed", "Origin", "complete", "synthesise"),
    "discovery": ("discover", "discover_all"),
    "findings": ("Finding", "Fix", "InvalidDetailsError", "Problem"),
    "model": ("Abi", "BuildDetails", "CApi", "Implementation", "Language", "Libpython", "VersionInfo"),
    "parse": ("dumps", "load", "loads"),
    "paths": ("resolve",),
    "repairing": ("Repaired", "repair"),
    "variables": ("read_variables",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "ABSENT",
    "CODES",
    "Abi",
    "BuildDetails",
    "CApi",
    "Code",
    "Completed",
    "Difference",
    "Finding",
    "Fix",
    "Implementation",
    "InvalidDetailsError",
    "Language",
    "Libpython",
    "Origin",
    "Problem",
    "Repaired",
    "Severity",
    "VersionInfo",
    "check",
    "check_text",
    "compare",
    "complete",
    "discover",
    "discover_all",
    "dumps",
    "load",
    "loads",
    "read_variables",
    "repair",
    "resolve",
    "schema",
    "synthesise",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
