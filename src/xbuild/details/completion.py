"""Completing what a tree has: repairing its build-details file, or making one where there is none."""

from __future__ import annotations

import copy
import dataclasses
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xbuild.details.discovery import discover
from xbuild.details.evidence import gather
from xbuild.details.facts import Fact, derive, right_prefix
from xbuild.details.findings import InvalidDetailsError
from xbuild.details.json_text import lookup, parse_json, read_text
from xbuild.details.model import PATH_KEYS, RENAMED
from xbuild.details.parse import SUPPORTED_VERSION, from_json, schema_version, warn_of_newer
from xbuild.details.paths import relocatable
from xbuild.details.wording import pointer, printable
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
    changes = changes_for(document, evidence, everything=True)
    return _completed(document, changes, evidence=evidence, file=file, relative=True)


def synthesise(
    stdlib: Path, *, prefix: Path | None = None, target: Target | None = None, relative: bool = False
) -> Completed:
    """Return details made from what lies beside them alone; a build-details file that is there is not looked at.

    Paths are absolute, as on the machine the tree is for, or with ``relative`` as :func:`complete` has them; they are
    relative too if no sysconfig variables say what the prefix is called there.
    Raises :class:`DetailsError` if the tree does not support a required value.
    """
    evidence = gather(stdlib, prefix=prefix, target=target)
    require_machine(evidence)
    document = {} if relative or evidence.text("prefix") is None else {"base_prefix": evidence.variables["prefix"]}
    changes = changes_for(document, evidence, everything=True)
    return _completed(document, changes, evidence=evidence, file=None, relative=not document)


def _completed(
    document: Mapping[str, Any], changes: tuple[Fact, ...], *, evidence: Evidence, file: Path | None, relative: bool
) -> Completed:
    result = apply(document, changes)
    if relative:
        result = relocate(result, evidence)
    source = str(file) if file else f"the build details of {evidence.stdlib}"
    try:
        details = from_json(result, source=source)
    except InvalidDetailsError as error:
        hint = "the files beside it do not say more: is this the standard library of a whole installation?"
        raise InvalidDetailsError(error.source, error.problems, hint=hint) from error
    return Completed(details=details, origins=origins(document, changes), file=file)


def changes_for(document: Mapping[str, Any], evidence: Evidence, *, everything: bool = False) -> tuple[Fact, ...]:
    """Return every change that ``evidence`` asks of ``document``, in the path style of the document."""
    first = (*modernise(document), *prefix_changes(document, evidence))
    begun = apply(document, first)
    found = derive(evidence, relocate(begun, evidence), everything=everything)
    return (*first, *(_restyled(fact, begun.get("base_prefix")) for fact in found))


def prefix_changes(document: Mapping[str, Any], evidence: Evidence) -> tuple[Fact, ...]:
    """Return the change of ``base_prefix`` that ``evidence`` asks for, which every other path depends on."""
    right = right_prefix(evidence, document)
    if right is None or not right.origin:
        return ()
    return (Fact(keys=("base_prefix",), value=right.value, origin=right.origin),)


def relocate(document: Mapping[str, Any], evidence: Evidence) -> dict[str, Any]:
    """Return ``document`` with every path relative, as a file in the standard library's folder has them."""
    installed = evidence.installed_prefix
    return relocatable(
        document,
        folder=posixpath.abspath(evidence.stdlib),
        prefix=posixpath.abspath(evidence.prefix),
        installed=installed.value if installed else None,
    )


def _restyled(fact: Fact, base_prefix: Any) -> Fact:
    if fact.keys in PATH_KEYS and isinstance(base_prefix, str) and posixpath.isabs(base_prefix):
        return dataclasses.replace(fact, value=posixpath.normpath(posixpath.join(base_prefix, fact.value)))
    return fact


def read_document(file: Path) -> dict[str, Any]:
    """Return the JSON object of a build-details file of a known major version, otherwise unchecked."""
    document = parse_json(read_text(file), source=str(file))
    warn_of_newer(schema_version(document, source=str(file)), source=str(file))
    return dict(document)


def require_machine(evidence: Evidence) -> None:
    """Raise :class:`DetailsError` if what lies in the tree is for another machine than the target."""
    target = evidence.target
    if target is None:
        return
    multiarch = evidence.text("MULTIARCH")
    if multiarch is not None and multiarch.value != target.triplet:
        raise DetailsError(
            f"{evidence.stdlib}: files of {printable(multiarch.value)}, expected {target.triplet} ({multiarch.origin})",
            hint=f"give the target these files are for, or files of {target.name}",
        )
    if evidence.elf is not None and evidence.binary is not None and not evidence.elf.matches(target.elf):
        raise DetailsError(
            f"{evidence.prefix / printable(evidence.binary.value)}: {evidence.elf}; expected a file of {target.name}",
            hint=f"give the target these files are for, or files of {target.name}",
        )


def modernise(document: Mapping[str, Any]) -> tuple[Fact, ...]:
    """Return the changes that give keys the names they have in version 1.0, where a draft's are used."""
    changes = []
    if "schema_version" not in document:
        origin = "the version of the specification that xbuild writes"
        changes.append(Fact(keys=("schema_version",), value=SUPPORTED_VERSION, origin=origin))
    for old, new in RENAMED.items():
        value = lookup(document, old)
        if isinstance(value, str):
            if lookup(document, new) is None:
                changes.append(Fact(keys=new, value=value, origin=f"{'.'.join(old)}, its name in a draft"))
            changes.append(Fact(keys=old, value=None, origin=f"{'.'.join(new)} is its name now", remove=True))
    draft, rest = ("interpreter",), document.get("interpreter")
    if isinstance(rest, dict) and all(key == "path" and isinstance(value, str) for key, value in rest.items()):
        changes.append(Fact(keys=draft, value=None, origin="a draft's object, with nothing left in it", remove=True))
    return tuple(changes)


def apply(document: Mapping[str, Any], changes: Iterable[Fact]) -> dict[str, Any]:
    """Return a copy of ``document`` with ``changes`` made. A container that is not an object is replaced by one."""
    result = copy.deepcopy(dict(document))
    for fact in changes:
        place = result
        for key in fact.keys[:-1]:
            if not isinstance(place.get(key), dict):
                place[key] = {}
            place = place[key]
        if fact.remove:
            place.pop(fact.keys[-1], None)
        else:
            place[fact.keys[-1]] = copy.deepcopy(fact.value)
    return result


def origins(document: Mapping[str, Any], changes: Iterable[Fact]) -> tuple[Origin, ...]:
    """Return the record of ``changes`` to ``document``."""
    return tuple(
        Origin(pointer=pointer(*fact.keys), origin=fact.origin, old=lookup(document, fact.keys)) for fact in changes
    )
