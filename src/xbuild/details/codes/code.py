"""What a code is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SPECIFICATION = "https://packaging.python.org/en/latest/specifications/build-details/v1.0/"
ISSUES = "https://github.com/python/cpython/issues"
CROSS = ("cpython#136267", f"{ISSUES}/136267")


class Severity(StrEnum):
    """How bad a finding is, worst first."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """One kind of problem. ``reference`` names what it goes by and ``url`` leads there."""

    id: str
    severity: Severity
    title: str
    explanation: str
    reference: str = "PEP 739"
    url: str = SPECIFICATION


def spec(key: str) -> str:
    """Return the reference to a part of the specification."""
    return f"PEP 739, {key}"
