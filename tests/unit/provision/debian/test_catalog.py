from __future__ import annotations

import json
import tomllib
from datetime import date
from typing import Any

import jsonschema
import pytest

from xbuild.provision.debian.catalog import SuiteFacts, debian_catalog
from xbuild.provision.debian.release import load_certificates
from xbuild.resources import data_path


def with_text_dates(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: with_text_dates(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_text_dates(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def test_the_file_is_of_its_schema() -> None:
    schema = json.loads(data_path("schemas", "archive.schema.json").read_text("utf-8"))
    data = tomllib.loads(data_path("archives", "debian.toml").read_text("utf-8"))
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(with_text_dates(data))


def test_suites_are_oldest_first() -> None:
    assert [suite.codename for suite in debian_catalog().suites] == ["bookworm", "trixie", "forky", "sid"]


@pytest.mark.parametrize(("name", "codename"), [("trixie", "trixie"), ("stable", "trixie"), ("unstable", "sid")])
def test_a_suite_is_found_by_codename_and_status(name: str, codename: str) -> None:
    found = debian_catalog().suite(name)
    assert found is not None
    assert found.codename == codename


def test_other_suites_are_not_found() -> None:
    assert debian_catalog().suite("trixie-security") is None


@pytest.mark.parametrize(("until", "maintained"), [(date(2028, 6, 30), True), (date(2028, 6, 29), False), (None, True)])
def test_support_ends_after_its_last_day(until: date | None, *, maintained: bool) -> None:
    suite = SuiteFacts(codename="x", status="stable", maintained_until=until)
    assert suite.maintained(date(2028, 6, 30)) is maintained


def test_the_keyring_has_the_keys_of_the_suites() -> None:
    names = [str(user) for key in load_certificates([debian_catalog().keyring]) for user in key.user_ids]
    assert [name.partition(" <")[0] for name in sorted(names)] == [
        "Debian Archive Automatic Signing Key (12/bookworm)",
        "Debian Archive Automatic Signing Key (13/trixie)",
        "Debian Stable Release Key (12/bookworm)",
        "Debian Stable Release Key (13/trixie)",
    ]
