"""Whatever the text, reading raises the documented error and checking raises nothing."""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.details_cases import FILES, TREES

from xbuild.details import CODES, BuildDetails, InvalidDetailsError, check, check_text, dumps, loads, schema
from xbuild.details.completion import apply, changes_for
from xbuild.details.evidence import Evidence, gather

DOCUMENTS: list[dict[str, Any]] = [
    json.loads(file.read_text("utf-8"))
    for file in (*sorted(FILES.glob("*.json")), *sorted(TREES.rglob("build-details*.json"))[:4])
]
STDLIB = TREES / "debian-3.14-riscv64/usr/lib/python3.14"
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9)
)
VALUES = SCALARS | st.sampled_from([[], {}, [1], "", "/usr", "linux-arm", ".cpython-314t-x-y.so", ["t"], [".abi3.so"]])


def places(value: Any, keys: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    inner = (
        [place for key, each in value.items() for place in places(each, (*keys, key))]
        if isinstance(value, dict)
        else []
    )
    return [keys, *inner] if keys else inner


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A real document with some members replaced, removed or added."""
    document: dict[str, Any] = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(0, 4))):
        *folders, last = draw(st.sampled_from(places(document)))
        place = document
        for key in folders:
            place = place[key]
        match draw(st.integers(0, 2)):
            case 0:
                place[last] = draw(VALUES)
            case 1:
                del place[last]
            case _:
                place[draw(st.text(max_size=5))] = draw(VALUES)
        if not places(document):
            break
    return document


def read(text: str) -> BuildDetails | InvalidDetailsError:
    try:
        return loads(text)
    except InvalidDetailsError as error:
        return error


@cache
def evidence() -> Evidence:
    return gather(STDLIB)


@settings(deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: data.decode("latin-1")))
def test_any_text(text: str) -> None:
    outcome = read(text)
    if isinstance(outcome, InvalidDetailsError):
        assert {problem.code for problem in outcome.problems} <= set(CODES)
    assert all(finding.code in CODES for finding in check_text(text, file=Path("x"), evidence=evidence()))


@settings(max_examples=300, deadline=None)
@given(mutated())
def test_any_document(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    outcome = read(text)
    assert outcome.problems if isinstance(outcome, InvalidDetailsError) else loads(dumps(outcome)) == outcome
    findings = check_text(text, file=STDLIB / "build-details.json", evidence=evidence())
    assert all(finding.line >= 1 and finding.column >= 1 for finding in findings)


@settings(max_examples=300, deadline=None)
@given(mutated())
def test_a_repair_is_done_at_once(document: dict[str, Any]) -> None:
    repaired = apply(document, changes_for(document, evidence()))
    assert changes_for(repaired, evidence()) == ()


@settings(max_examples=300, deadline=None)
@given(mutated())
def test_what_is_read_is_what_the_schema_accepts(document: dict[str, Any]) -> None:
    """The parser is as strict as the schema, and stricter only where the schema leaves types open."""
    valid = jsonschema.Draft202012Validator(schema()).is_valid(document)
    outcome = read(json.dumps(document))
    if isinstance(outcome, InvalidDetailsError):
        assert not valid or {problem.code for problem in outcome.problems} == {"XBD111"}
    else:
        assert valid


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes_in_the_file_and_beside_it(content: bytes, beside: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("build-details.json", "_sysconfigdata__x.py"):
            Path(folder, name).write_bytes(content if name.endswith("json") else beside)
        assert all(finding.code in CODES for finding in check(Path(folder, "build-details.json")))


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["patchlevel.h", "pyconfig.h"]))
def test_any_bytes_in_the_headers(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tree = shutil.copytree(TREES / "good-3.14-riscv64", Path(folder, "tree"))
        (tree / "include/python3.14" / name).write_bytes(content)
        assert all(finding.code in CODES for finding in check(tree / "lib/python3.14/build-details.json"))
