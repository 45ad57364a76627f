"""Checking a build-details file: its schema, its meaning, and what lies beside it."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from xbuild.details.codes import CODES
from xbuild.details.completion import RENAMED, apply, changes_for
from xbuild.details.consistency import disagreements, surroundings
from xbuild.details.discovery import PLAIN_NAME, flags_of, triplet_of
from xbuild.details.evidence import gather
from xbuild.details.findings import Finding, Fix, InvalidDetailsError, Problem
from xbuild.details.json_text import describe, lookup, parse_json, pointer, read_text, shorten
from xbuild.details.meaning import meaning
from xbuild.details.parse import KNOWN, SUPPORTED_VERSION, from_json, schema_version
from xbuild.details.positions import positions
from xbuild.errors import DetailsError
from xbuild.resources import data_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import jsonschema

    from xbuild.details.evidence import Evidence
    from xbuild.details.facts import Fact
    from xbuild.targets import Target

_SCHEMA_CODES = {"required": "XBD110", "additionalProperties": "XBD112", "enum": "XBD113"}
_NEWER_MAY = frozenset({"const", "additionalProperties"})


def check(file: Path, *, target: Target | None = None) -> tuple[Finding, ...]:
    """Return everything that is wrong with ``file``, in the order of its lines; nothing is raised for bad input.

    ``target`` says what the file is for; it is otherwise told from the sysconfig variables beside it or its name.
    """
    try:
        text = read_text(file)
    except InvalidDetailsError as error:
        return _findings(file, "", error.problems)
    try:
        evidence: Evidence | None = gather(file.parent, target=target, file=file)
        beside: tuple[Problem, ...] = ()
    except DetailsError as error:
        evidence, beside = None, (Problem(code="XBD160", message=error.message),)
    return check_text(text, file=file, evidence=evidence, also=beside)


def check_text(
    text: str, *, file: Path, evidence: Evidence | None = None, also: Sequence[Problem] = ()
) -> tuple[Finding, ...]:
    """Check ``text`` as the content of ``file``, against ``evidence`` if there is any. ``also`` is reported with it."""
    try:
        document = parse_json(text, source=str(file))
        newer = schema_version(document, source=str(file)) > KNOWN
    except InvalidDetailsError as error:
        return _findings(file, text, (*error.problems, *also))
    problems = [*also, *_named(document, file=file)]
    if newer:
        message = f"{document['schema_version']} is newer than {SUPPORTED_VERSION}; what it adds is not checked"
        problems.append(Problem(code="XBD105", pointer="/schema_version", message=message))
    problems += _schema(document, newer=newer)
    problems += meaning(document)
    facts: tuple[Fact, ...] = ()
    if evidence is not None:
        facts = changes_for(document, evidence)
        problems += disagreements(document, facts)
        problems += surroundings(document, evidence, file=file)
    return _findings(file, text, _first_of_each_place(problems), document=document, facts=facts)


def schema() -> dict[str, Any]:
    """Return the JSON schema of version 1.0."""
    loaded: dict[str, Any] = json.loads(data_path("schemas", "build-details-v1.0.schema.json").read_text("utf-8"))
    return loaded


@cache
def _validator() -> jsonschema.protocols.Validator:
    import jsonschema  # slow to import, and only a check needs it

    return jsonschema.Draft202012Validator(schema())


def _named(document: Mapping[str, Any], *, file: Path) -> Iterator[Problem]:
    if file.name == PLAIN_NAME:
        return
    yield Problem(code="XBD106", message=f"the file is called {file.name}, and not {PLAIN_NAME}")
    triplet, multiarch = triplet_of(file), lookup(document, ("implementation", "_multiarch"))
    if triplet is not None and isinstance(multiarch, str) and triplet != multiarch:
        message = f"{shorten(multiarch)}, but the file is called {file.name}"
        yield Problem(code="XBD107", pointer="/implementation/_multiarch", message=message)
    letters, flags = flags_of(file), lookup(document, ("abi", "flags"))
    if letters is not None and isinstance(flags, list) and flags != list(letters):
        message = f"{shorten(flags)}, but the file is called {file.name}"
        yield Problem(code="XBD107", pointer="/abi/flags", message=message)


def _schema(document: Mapping[str, Any], *, newer: bool) -> Iterator[Problem]:
    """Yield what the schema refuses, then what the model's stricter types do (``flags`` of strings, whole numbers)."""
    for error in _validator().iter_errors(document):
        if not (newer and error.validator in _NEWER_MAY):
            yield from _schema_problems(error)
    try:
        from_json(document, source="")
    except InvalidDetailsError as error:
        yield from error.problems


def _schema_problems(error: jsonschema.ValidationError) -> Iterator[Problem]:
    keys = tuple(error.absolute_path)
    code = _SCHEMA_CODES.get(str(error.validator), "XBD111")
    if code == "XBD112":
        known = error.schema["properties"]
        for key in sorted(set(error.instance) - set(known)):
            new = RENAMED.get((*map(str, keys), key)) or (RENAMED.get((key, "path")) if not keys else None)
            where = pointer(*keys, key)
            if new is not None:
                yield Problem(code="XBD114", pointer=where, message=f"a draft's name; expected {'.'.join(new)}")
            else:
                message = f"unknown key; version {SUPPORTED_VERSION} has {', '.join(known)} here"
                yield Problem(code=code, pointer=where, message=message)
    elif code == "XBD110":
        for key in error.validator_value:
            if key not in error.instance:
                yield Problem(code=code, pointer=pointer(*keys, key), message="missing")
    elif code == "XBD113":
        message = f"expected one of {', '.join(error.validator_value)}, found {describe(error.instance)}"
        yield Problem(code=code, pointer=pointer(*keys), message=message)
    else:
        message = f"expected {_TYPES.get(str(error.validator_value), error.validator_value)}, found "
        yield Problem(code=code, pointer=pointer(*keys), message=message + describe(error.instance))


_TYPES = {
    "string": "a string",
    "number": "a number",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
}


def _first_of_each_place(problems: Sequence[Problem]) -> Iterator[Problem]:
    """Drop what repeats an earlier problem: at the same place, inside what is missing, or about its parts.

    Notes and what is about other files than the document stand by themselves.
    """
    taken: set[str] = set()
    above: set[str] = set()
    for problem in problems:
        where = problem.pointer
        folders = {where[:index] for index, char in enumerate(where) if char == "/" and index}
        if problem.code >= "XBD160" or not where:
            yield problem
        elif where not in taken and where not in above and not folders & taken:
            taken.add(where)
            above |= folders
            yield problem


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _findings(
    file: Path,
    text: str,
    problems: Sequence[Problem] | Iterator[Problem],
    *,
    document: Mapping[str, Any] | None = None,
    facts: tuple[Fact, ...] = (),
) -> tuple[Finding, ...]:
    places = positions(text) if document is not None else {}
    fixed = apply(document, facts) if document is not None else {}
    found = [_finding(file, problem, places, _fix(problem, facts, fixed)) for problem in problems]
    return tuple(sorted(found, key=lambda finding: (finding.line, finding.column, finding.code, finding.pointer)))


def _finding(file: Path, problem: Problem, places: Mapping[str, tuple[int, int]], fix: Fix | None) -> Finding:
    code = CODES[problem.code]
    line, column = problem.line, problem.column
    where = problem.pointer
    while not line and where and where not in places:
        where = where.rpartition("/")[0]
    if not line:
        line, column = places.get(where, (1, 1))
    return Finding(
        file=file,
        code=code.id,
        severity=code.severity,
        pointer=problem.pointer,
        line=line,
        column=column,
        message=problem.message,
        reference=code.reference,
        url=code.url,
        fix=fix,
    )


def _fix(problem: Problem, facts: tuple[Fact, ...], after: Any) -> Fix | None:
    """The repair of what is at the problem's pointer, or of the list it is an item of."""
    for fact in facts:
        if problem.pointer and not fact.remove and _overlap(problem.pointer, fact.pointer):
            keys = tuple(problem.pointer.split("/")[1:])[: len(fact.keys)]
            return Fix(value=lookup(after, keys), origin=fact.origin)
    return None
