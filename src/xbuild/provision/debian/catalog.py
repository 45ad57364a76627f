"""What is known of the archive beforehand: ``archives/debian.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from xbuild.resources import data_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

SuiteStatus = Literal["oldstable", "stable", "testing", "unstable"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteFacts:
    """One suite; ``maintained_until`` is None while the end of its support is not known."""

    codename: str
    status: SuiteStatus
    maintained_until: date | None

    def maintained(self, today: date) -> bool:
        """Whether the suite still gets fixes."""
        return self.maintained_until is None or today <= self.maintained_until


@dataclass(frozen=True, kw_only=True, slots=True)
class Catalog:
    """The archive's facts; see ``schemas/archive.schema.json`` for each field. ``suites`` are oldest first."""

    name: str
    component: str
    keyring: Path
    machine_keyrings: tuple[Path, ...]
    snapshot: str
    suites: tuple[SuiteFacts, ...]

    def suite(self, name: str) -> SuiteFacts | None:
        """Return the suite called ``name``, by codename or by status, or None."""
        return next((suite for suite in self.suites if name in (suite.codename, suite.status)), None)


@cache
def debian_catalog() -> Catalog:
    """Return the catalog that is shipped with xbuild."""
    file = data_path("archives", "debian.toml")
    return catalog_from_dict(tomllib.loads(file.read_text("utf-8")), folder=file.parent)


def catalog_from_dict(data: Mapping[str, Any], *, folder: Path) -> Catalog:
    """Convert what the file says. Shipped files are held to the schema by a test."""
    return Catalog(
        name=data["name"],
        component=data["component"],
        keyring=folder / data["keyring"],
        machine_keyrings=tuple(Path(path) for path in data["machine_keyrings"]),
        snapshot=data["snapshot"],
        suites=tuple(
            SuiteFacts(
                codename=suite["codename"], status=suite["status"], maintained_until=suite.get("maintained_until")
            )
            for suite in data["suites"]
        ),
    )
