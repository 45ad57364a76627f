"""Checking a build-details file: its schema, its meaning, and what lies beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from xbuild.details.codes import CODES
from xbuild.details.completion import apply, changes_for, require_machine
from xbuild.details.consistency import disagreements, surroundings
from xbuild.details.discovery import PLAIN_NAME, flags_of, triplet_of
from xbuild.details.evidence import gather
from xbuild.details.findings import Finding, Fix, InvalidDetailsError, Problem
from xbuild.details.json_text import lookup, parse_json, read_text
from xbuild.details.meaning import meaning
from xbuild.details.parse import KNOWN, SUPPORTED_VERSION, from_json, schema_version
from xbuild.details.positions import positions
from xbuild.errors import DetailsError
from xbuild.resources import data_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from xbuild.details.evidence import Evidence
    from xbuild.details.facts import Fact
    from xbuild.targets import Target

_SAY_WHAT_IS_WRITTEN = frozenset({"XBD110", *(f"XBD{number}" for number in range(120, 130))})
"""What is missing: the installation knows what should be there, the document at most that something should."""

_OF_OTHER_FILES = "XBD160"
"""From here on, codes are about files beside the document."""


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
        expected = "plain data about one interpreter"
        evidence, beside = None, (Problem.make("XBD160", "{found:plain}", expected=expected, found=error.message),)
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
        template = "{found:plain} is newer than {expected:plain}; what it adds is not checked"
        version = document["schema_version"]
        newer_minor = Problem.make(
            "XBD105", template, pointer="/schema_version", expected=SUPPORTED_VERSION, found=version
        )
        problems.append(newer_minor)
    facts = changes_for(document, evidence) if evidence is not None else ()
    disagreeing = list(disagreements(document, facts))
    known = {(each.code, each.pointer): each for each in disagreeing if each.code in _SAY_WHAT_IS_WRITTEN}
    meant = [each for each in meaning(document) if not _goes_by_a_wrong_version(each, facts)]
    problems += (known.get((each.code, each.pointer), each) for each in (*_schema(document), *meant))
    problems += disagreeing
    if evidence is not None:
        problems += surroundings(document, evidence)
    mended = facts if evidence is not None and _can_be_repaired(evidence) else ()
    return _findings(file, text, _first_of_each_place(problems), document=document, facts=mended)


def schema() -> dict[str, Any]:
    """Return the JSON schema of version 1.0."""
    loaded: dict[str, Any] = json.loads(data_path("schemas", "build-details-v1.0.schema.json").read_text("utf-8"))
    return loaded


def _named(document: Mapping[str, Any], *, file: Path) -> Iterator[Problem]:
    if file.name == PLAIN_NAME:
        return
    template = "the file is called {found:plain}, and not {expected:plain}"
    yield Problem.make("XBD106", template, expected=PLAIN_NAME, found=file.name)
    template = "expected {expected} after the name of the file, found {found}"
    triplet, multiarch = triplet_of(file), lookup(document, ("implementation", "_multiarch"))
    if triplet is not None and isinstance(multiarch, str) and triplet != multiarch:
        yield Problem.make("XBD107", template, pointer="/implementation/_multiarch", expected=triplet, found=multiarch)
    letters, flags = flags_of(file), lookup(document, ("abi", "flags"))
    if letters is not None and isinstance(flags, list) and flags != list(letters):
        yield Problem.make("XBD107", template, pointer="/abi/flags", expected=list(letters), found=flags)


def _schema(document: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Return what breaks the schema. The parser is as strict, which a test shows; a schema library is slow to load."""
    try:
        from_json(document, source="")
    except InvalidDetailsError as error:
        return error.problems
    return ()


def _can_be_repaired(evidence: Evidence) -> bool:
    """Whether a repair believes what lies beside the file."""
    try:
        require_machine(evidence)
    except DetailsError:
        return False
    return True


def _goes_by_a_wrong_version(problem: Problem, facts: Sequence[Fact]) -> bool:
    """Whether a value only differs from ``language.version``, which is wrong itself by what lies beside the file."""
    if problem.code != "XBD134":
        return False
    changed = {fact.pointer for fact in facts}
    return "/language/version" in changed and problem.pointer not in changed


def _first_of_each_place(problems: Sequence[Problem]) -> Iterator[Problem]:
    """Drop what repeats an earlier problem: at the same place, inside what is missing, or about its parts.

    Notes and what is about other files than the document stand by themselves.
    """
    taken: set[str] = set()
    above: set[str] = set()
    for problem in problems:
        where = problem.pointer
        folders = {where[:index] for index, char in enumerate(where) if char == "/" and index}
        if problem.code >= _OF_OTHER_FILES or not where:
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
        expected=problem.expected,
        found=problem.found,
        reference=code.reference,
        url=code.url,
        fix=fix,
    )


def _fix(problem: Problem, facts: tuple[Fact, ...], after: Any) -> Fix | None:
    """The repair of what is at the problem's pointer, or of the list it is an item of."""
    if problem.code >= _OF_OTHER_FILES:
        return None
    for fact in facts:
        if problem.pointer and not fact.remove and _overlap(problem.pointer, fact.pointer):
            keys = tuple(problem.pointer.split("/")[1:])[: len(fact.keys)]
            return Fix(value=lookup(after, keys), origin=fact.origin)
    return None
