"""The schemas say what the code's values are."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from xbuild.provision.model import Component, PackageRecord, Provenance
from xbuild.toolchains.model import Family, ToolchainKind
from xbuild.wheels.report import CODES, Finding, Severity

SCHEMAS = Path(__file__).parents[2] / "schemas"
REPORT: dict[str, Any] = json.loads((SCHEMAS / "report.schema.json").read_text("utf-8"))["$defs"]


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_every_schema_is_a_schema(path: Path) -> None:
    schema = json.loads(path.read_text("utf-8"))
    jsonschema.validators.validator_for(schema).check_schema(schema)


@pytest.mark.parametrize(
    ("definition", "value"), [("provenance", Provenance), ("package", PackageRecord), ("finding", Finding)]
)
def test_the_report_has_every_field_of_a_value(definition: str, value: type) -> None:
    assert list(REPORT[definition]["properties"]) == [field.name for field in dataclasses.fields(value)]


@pytest.mark.parametrize(
    ("enumeration", "literal"),
    [
        (REPORT["provenance"]["properties"]["component"], Component),
        (REPORT["build"]["properties"]["toolchain"]["properties"]["kind"], ToolchainKind),
        (REPORT["build"]["properties"]["toolchain"]["properties"]["family"], Family),
        (REPORT["finding"]["properties"]["severity"], Severity),
    ],
)
def test_the_report_has_every_choice_of_a_value(enumeration: dict[str, Any], literal: object) -> None:
    assert tuple(enumeration["enum"]) == get_args(literal)


def test_the_report_has_every_code_of_a_finding() -> None:
    finding = {"code": "", "severity": "error", "message": "m"}
    for code in CODES:
        jsonschema.validate({**finding, "code": code}, REPORT["finding"])
