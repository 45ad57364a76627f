"""Completing what a tree has: repairing its build-details file, or making one where there is none."""

from __future__ import annotations

import copy
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xbuild.details.discovery import discover
from xbuild.details.evidence import gather
from xbuild.details.facts import Fact, derive
from xbuild.details.json_text import lookup, parse_json, pointer, read_text
from xbuild.details.parse import SUPPORTED_VERSION, from_json, schema_version
from xbuild.details.paths import relocatable
from xbuild.errors import DetailsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from xbuild.details.evidence import Evidence
    from xbuild.details.model import BuildDetails
    from xbuild.targets import Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where the value at ``pointer`` came from; ``old`` is the JSON value it replaced, None where there was none."""

    pointer: str
    origin: str
    old: Any = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """Complete details, and the origin of each value that the file did not have, or had wrong."""

    details: BuildDetails
    origins: tuple[Origin, ...]
    file: Path | None
    """The file that was repaired; None if the details were synthesised."""


def complete(stdlib: Path, *, prefix: Path, target: Target) -> Completed:
    """Return what ``<stdlib>/build-details.json`` should say: the file that is there repaired, or a synthesised one.

    Relocatable: ``base_prefix`` relative to ``stdlib``, the other paths relative to ``base_prefix``. Deterministic.
    Raises :class:`DetailsError` if the tree is another machine's, has no ``Python.h``, or leaves a required value open.
    """
    file = discover(stdlib, target=target)
    document = read_document(file) if file else {}
    evidence = gather(stdlib, prefix=prefix, target=target, file=file)
    require_machine(evidence)
    if not evidence.has_headers:
        expected = evidence.headers.value if evidence.headers else "include/pythonX.Y"
        raise DetailsError(
            f"{prefix}: no Python.h: expected it in {expected}", hint="Debian has the headers in libpython3.X-dev"
        )
    relative = relocatable(document, folder=os.fspath(stdlib.absolute()), prefix=os.fspath(prefix.absolute()))
    changes = (*modernise(relative), *derive(evidence, relative))
    source = str(file) if file else f"build-details of {stdlib}"
    details = from_json(apply(relative, changes), source=source)
    return Completed(details=details, origins=origins(relative, changes), file=file)


def read_document(file: Path) -> dict[str, Any]:
    """Return the JSON object of a build-details file of a known major version, otherwise unchecked."""
    document = parse_json(read_text(file), source=str(file))
    schema_version(document, source=str(file))
    return dict(document)


def require_machine(evidence: Evidence) -> None:
    """Raise :class:`DetailsError` if what lies in the tree is for another machine than the target."""
    target = evidence.target
    if target is None:
        return
    multiarch = evidence.text("MULTIARCH")
    if multiarch is not None and multiarch.value != target.triplet:
        raise DetailsError(
            f"{evidence.stdlib}: files of {multiarch.value}, expected {target.triplet} ({multiarch.origin})",
            hint=f"give the target these files are for, or files of {target.name}",
        )
    if evidence.elf is not None and evidence.binary is not None and not evidence.elf.matches(target.elf):
        raise DetailsError(
            f"{evidence.prefix / evidence.binary.value}: {evidence.elf}; expected a file of {target.name}",
            hint=f"give the target these files are for, or files of {target.name}",
        )


def modernise(document: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Return the changes that turn what drafts of the format had into what version 1.0 has."""
    if not isinstance(document.get("schema_version"), str):
        return (Fact(keys=("schema_version",), value=SUPPORTED_VERSION, origin="this version of the specification"),)
    return ()


def apply(document: Mapping[str, Any], changes: Iterable[Fact]) -> dict[str, Any]:
    """Return a copy of ``document`` with ``changes`` made. A container that is not an object is replaced by one."""
    result = copy.deepcopy(dict(document))
    for fact in changes:
        place = result
        for key in fact.keys[:-1]:
            if not isinstance(place.get(key), dict):
                place[key] = {}
            place = place[key]
        place[fact.keys[-1]] = copy.deepcopy(fact.value)
    return result


def origins(document: Mapping[str, Any], changes: Iterable[Fact]) -> tuple[Origin, ...]:
    """Return the record of ``changes`` to ``document``."""
    return tuple(
        Origin(pointer=pointer(*fact.keys), origin=fact.origin, old=lookup(document, fact.keys)) for fact in changes
    )
