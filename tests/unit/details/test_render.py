"""Findings as text, GitHub's commands and SARIF."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from xbuild.details import Finding, Fix, Severity
from xbuild.details.render import as_github, as_sarif, as_text, fix_text

FINDING = Finding(
    file=Path("usr/lib/a b.json"),
    code="XBD121",
    severity=Severity.ERROR,
    pointer="/abi/extension_suffix",
    line=3,
    column=5,
    message="missing",
    expected=".so",
    found=["x"],
    reference="PEP 739",
    url="https://example.org",
    fix=Fix(value=".so", origin="a: EXT_SUFFIX"),
)
BARE = replace(FINDING, pointer="", expected=None, found=None, fix=None, message="100%\nwrong")


def test_text() -> None:
    assert as_text(FINDING) == "usr/lib/a b.json:3:5: error XBD121: /abi/extension_suffix: missing"
    assert fix_text(FINDING) == 'repair writes ".so", from a: EXT_SUFFIX'
    assert as_text(BARE) == "usr/lib/a b.json:3:5: error XBD121: 100%\\nwrong"
    assert fix_text(BARE) is None


@pytest.mark.parametrize(("severity", "command"), [("error", "error"), ("warning", "warning"), ("note", "notice")])
def test_github(severity: str, command: str) -> None:
    assert as_github(replace(FINDING, severity=Severity(severity))) == (
        f"::{command} file=usr/lib/a b.json,line=3,col=5,title=XBD121 abi.extension_suffix is missing::"
        '/abi/extension_suffix: missing%0Arepair writes ".so", from a: EXT_SUFFIX'
    )


def test_github_escapes() -> None:
    assert as_github(replace(BARE, file=Path("a,b:c"))) == (
        "::error file=a%2Cb%3Ac,line=3,col=5,title=XBD121 abi.extension_suffix is missing::100%25\\nwrong"
    )


def test_a_hostile_text_is_one_line_without_commands_to_the_terminal() -> None:
    forged = "a\n/etc/x:1:1: error XBD999: boo\x1b[31m\x9b31m\x7f\u202e\u2028é"
    finding = replace(
        FINDING,
        file=Path(f"{forged}.json"),
        pointer=f"/{forged}",
        message=f"found {forged}",
        fix=Fix(value=forged, origin=forged),
    )
    shown = "a\\n/etc/x:1:1: error XBD999: boo\\u001b[31m\\u009b31m\\u007f\\u202e\\u2028é"
    assert as_text(finding) == f"{shown}.json:3:5: error XBD121: /{shown}: found {shown}"
    assert fix_text(finding) == f'repair writes "{shown}", from {shown}'
    command, _, said = as_github(finding).removeprefix("::").partition("::")
    assert all(part.isprintable() for part in (command, said))
    assert said == f'/{shown}: found {shown}%0Arepair writes "{shown}", from {shown}'
    assert finding.to_dict()["pointer"] == f"/{forged}"


def test_sarif() -> None:
    absolute = replace(BARE, file=Path("/x y"), code="XBD106", severity=Severity.WARNING)
    log = as_sarif([FINDING, absolute], version="1.2")
    [run] = log["runs"]
    driver = run["tool"]["driver"]
    assert (log["version"], driver["semanticVersion"]) == ("2.1.0", "1.2")
    assert [rule["id"] for rule in driver["rules"]] == ["XBD106", "XBD121"]
    assert driver["rules"][0]["defaultConfiguration"] == {"level": "warning"}
    assert run["results"] == [
        {
            "ruleId": "XBD121",
            "ruleIndex": 1,
            "level": "error",
            "message": {"text": 'missing (repair writes ".so", from a: EXT_SUFFIX)'},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "usr/lib/a%20b.json"},
                        "region": {"startLine": 3, "startColumn": 5},
                    },
                    "logicalLocations": [{"fullyQualifiedName": "/abi/extension_suffix"}],
                }
            ],
            "properties": {"expected": ".so", "found": ["x"]},
        },
        {
            "ruleId": "XBD106",
            "ruleIndex": 0,
            "level": "warning",
            "message": {"text": "100%\nwrong"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "file:///x%20y"},
                        "region": {"startLine": 3, "startColumn": 5},
                    }
                }
            ],
            "properties": {"expected": None, "found": None},
        },
    ]
