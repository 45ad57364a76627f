"""The findings of a check as text, as SARIF and as GitHub's workflow commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_never
from urllib.parse import quote

from xbuild.details.codes import CODES, Severity
from xbuild.details.wording import printable, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xbuild.details.findings import Finding

SARIF_VERSION = "2.1.0"


def as_text(finding: Finding) -> str:
    """Return a line for people and editors: file, line, column, severity, code, pointer and message."""
    place = f"{finding.file}:{finding.line}:{finding.column}"
    return printable(f"{place}: {finding.severity} {finding.code}: {_said(finding)}")


def fix_text(finding: Finding) -> str | None:
    """Return a line that says what a repair would do, None if it would do nothing."""
    if finding.fix is None:
        return None
    return printable(f"repair writes {shorten(finding.fix.value)}, from {finding.fix.origin}")


def as_github(finding: Finding) -> str:
    """Return a workflow command that GitHub Actions shows at the line of the file."""
    match finding.severity:
        case Severity.ERROR | Severity.WARNING:
            level = str(finding.severity)
        case Severity.NOTE:
            level = "notice"
        case _:
            assert_never(finding.severity)
    properties = {
        "file": printable(str(finding.file)),
        "line": str(finding.line),
        "col": str(finding.column),
        "title": f"{finding.code} {CODES[finding.code].title}",
    }
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    fix = fix_text(finding)
    return f"::{level} {shown}::{_data(printable(_said(finding)))}{_data(chr(10) + fix) if fix else ''}"


def _said(finding: Finding) -> str:
    return f"{finding.pointer}: {finding.message}" if finding.pointer else finding.message


def as_sarif(findings: Sequence[Finding], *, version: str) -> dict[str, Any]:
    """Return a SARIF 2.1.0 log with one run; ``version`` is xbuild's."""
    used = sorted({finding.code for finding in findings})
    driver = {
        "name": "xbuild details check",
        "semanticVersion": version,
        "rules": [_sarif_rule(code) for code in used],
    }
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": SARIF_VERSION,
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(finding, used.index(finding.code)) for finding in findings],
            }
        ],
    }


def _sarif_rule(code: str) -> dict[str, Any]:
    entry = CODES[code]
    return {
        "id": code,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.explanation},
        "helpUri": entry.url,
        "defaultConfiguration": {"level": str(entry.severity)},
    }


def _sarif_result(finding: Finding, rule: int) -> dict[str, Any]:
    fix = fix_text(finding)
    message = finding.message if fix is None else f"{finding.message} ({fix})"
    physical = {
        "artifactLocation": {"uri": finding.file.as_uri() if finding.file.is_absolute() else quote(str(finding.file))},
        "region": {"startLine": finding.line, "startColumn": finding.column},
    }
    location: dict[str, Any] = {"physicalLocation": physical}
    if finding.pointer:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.pointer}]
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": str(finding.severity),
        "message": {"text": message},
        "locations": [location],
        "properties": {"expected": finding.expected, "found": finding.found},
    }


def _data(text: str) -> str:
    """Escape the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a property of a workflow command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
