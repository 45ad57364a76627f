"""What a check finds in real and in broken files, and that a repair mends what it says it would."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
from tests.support.details_cases import TREES, Case, load_cases, make

from xbuild.details import CODES, check, check_text, discover_all, repair
from xbuild.details.json_text import lookup
from xbuild.details.wording import describe, shorten
from xbuild.errors import DetailsError

if TYPE_CHECKING:
    from pathlib import Path

CASES = load_cases()
DEBIAN = sorted(path for path in TREES.glob("debian-3.1[45]-*"))
REFUSED = {"XBD101", "XBD102", "XBD103", "XBD104", "XBD160", "XBD161"}
MENDABLE = [case for case in CASES if not REFUSED & set(case.finds) and case.finds != {"XBD111": [""]}]
UNSAID = {"XBD101", "XBD103", "XBD112", "XBD137", "XBD160"}
"""Their messages say in other words what was expected."""
NOTHING_EXPECTED = {"XBD132", "XBD155"}
"""What should not be there, and what is not there although nothing shows a better place."""
EVERY_DEBIAN = {"XBD106", "XBD121", "XBD122", "XBD124", "XBD127", "XBD163"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_check_finds_exactly_this(case: Case, tmp_path: Path) -> None:
    found = defaultdict(list)
    for finding in check(make(case, tmp_path / "tree")):
        found[finding.code].append(finding.pointer)
    assert {code: sorted(pointers) for code, pointers in found.items()} == {
        code: sorted(pointers) for code, pointers in case.finds.items()
    }


def test_every_code_has_a_case() -> None:
    assert {code for case in CASES for code in case.finds} == set(CODES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_message_says_what_was_expected_and_found(case: Case, tmp_path: Path) -> None:
    for finding in check(make(case, tmp_path / "tree")):
        for value in (finding.expected, finding.found):
            assert json.loads(json.dumps(value)) == value
            if value is not None and finding.code not in UNSAID:
                each = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
                assert any(text in finding.message for text in (shorten(value), describe(value), each))


def test_every_code_says_what_was_expected_or_found(tmp_path: Path) -> None:
    said: set[str] = set()
    other: set[str] = set()
    for number, case in enumerate(CASES):
        for finding in check(make(case, tmp_path / str(number))):
            (said if finding.expected is not None or finding.found is not None else other).add(finding.code)
            if finding.code not in NOTHING_EXPECTED:
                assert finding.expected is not None, finding
    assert (said, other) == (set(CODES), set())


@pytest.mark.parametrize("tree", DEBIAN, ids=lambda path: path.name)
def test_debians_files_have_their_known_defects(tree: Path) -> None:
    [file] = discover_all(tree)
    expected = EVERY_DEBIAN | ({"XBD139"} if tree.name.endswith("armv7l") else set())
    assert {finding.code for finding in check(file)} == expected


def test_there_are_seven_machines_for_each_version() -> None:
    assert len(DEBIAN) == 14


@pytest.mark.parametrize("case", MENDABLE, ids=lambda case: case.name)
def test_a_repair_mends_what_has_a_fix_and_is_done_then(case: Case, tmp_path: Path) -> None:
    file = make(case, tmp_path / "tree")
    before = check(file)
    repaired = repair(file)
    after = check_text(repaired.after, file=file, evidence=repaired.evidence)
    assert not [finding for finding in after if finding.fix]
    mended = [finding.pointer for finding in before if finding.fix]
    assert not [finding for finding in after if finding.pointer in mended and finding.code < "XBD155"]
    assert bool(repaired.origins) == (repaired.after != repaired.before)
    file.write_text(repaired.after, "utf-8")
    again = repair(file)
    assert (again.after, again.origins, again.diff()) == (repaired.after, (), "")


@pytest.mark.parametrize("case", [case for case in CASES if case not in MENDABLE], ids=lambda case: case.name)
def test_a_repair_refuses_what_it_cannot_read_or_believe(case: Case, tmp_path: Path) -> None:
    with pytest.raises(DetailsError):
        repair(make(case, tmp_path / "tree"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fix_is_what_a_repair_writes(case: Case, tmp_path: Path) -> None:
    file = make(case, tmp_path / "tree")
    fixes = [(finding.pointer, finding.fix.value) for finding in check(file) if finding.fix]
    after = json.loads(repair(file).after) if fixes else {}
    for where, value in fixes:
        keys = tuple(where.split("/")[1:])
        written = [lookup(after, keys[:length]) for length in (len(keys), len(keys) - 1)]  # an item's is its list
        assert value in written, where


@pytest.mark.parametrize("tree", DEBIAN, ids=lambda path: path.name)
def test_a_repaired_file_of_debian_has_no_error_left(tree: Path) -> None:
    [file] = discover_all(tree)
    for relative in (False, True):
        repaired = repair(file, relative=relative)
        left = check_text(repaired.after, file=file, evidence=repaired.evidence)
        assert {finding.code for finding in left} == {"XBD106", "XBD163"}
