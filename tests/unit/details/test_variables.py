"""Sysconfig variables are read as data, whatever the files hold."""

from __future__ import annotations

import ast
import contextlib
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.details_cases import TREES

from xbuild.details import read_variables
from xbuild.details.variables import parse_sysconfigdata
from xbuild.errors import DetailsError
from xbuild.targets import get_target

if TYPE_CHECKING:
    from pathlib import Path


def read(text: str) -> dict[str, str | int]:
    return parse_sysconfigdata(text, source="s.py")


def test_debians_json() -> None:
    variables = read_variables(TREES / "debian-3.14-riscv64/usr/lib/python3.14")
    assert variables["EXT_SUFFIX"] == ".cpython-314-riscv64-linux-gnu.so"
    assert variables["SIZEOF_VOID_P"] == 8


def test_debians_python() -> None:
    variables = read_variables(TREES / "debian-3.13-riscv64/usr/lib/python3.13")
    assert variables["EXT_SUFFIX"] == ".cpython-313-riscv64-linux-gnu.so"
    assert variables["Py_GIL_DISABLED"] == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("build_time_vars = {}", {}),
        ("# a comment\nbuild_time_vars = {'A': 1, 'B': -2}\n", {"A": 1, "B": -2}),
        ("build_time_vars = {'A': 'x' ' y'\n  \"z\", }", {"A": "x yz"}),
        ("build_time_vars = {'A': ('x'\n 'y')}", {"A": "xy"}),
        ("build_time_vars = {'A': '\\'\\n\\x41\\u00e9 \\d'}", {"A": "'\nA\u00e9 \\d"}),
        ("build_time_vars = \\\n{'A': 'a\\\nb'}", {"A": "ab"}),
    ],
)
def test_the_forms_of_the_python_file(text: str, expected: dict[str, str | int]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1: expected 'build_time_vars', found ''"),
        ("import os\n", "1: expected 'build_time_vars', found 'import'"),
        ("from _sysconfigdata import *", "1: expected 'build_time_vars', found 'from'"),
        ("build_time_vars: dict = {}", "1: expected '=', found ':'"),
        ("build_time_vars = dict(A=1)", "1: expected '{', found 'dict'"),
        ("build_time_vars = {}\nprint()", "2: code after the table: 'print'"),
        ("build_time_vars = {'A': f()}", "1: expected a string or a number, found 'f'"),
        ("build_time_vars = {'A': 1 + 1}", '1: unexpected "+ 1}"'),
        ("build_time_vars = {'A': 'x' 1}", "1: expected ',' or '}', found '1'"),
        ("build_time_vars = {'A': ('x', 'y')}", "1: expected ')', found ','"),
        ("build_time_vars = {'A': ['x']}", "1: unexpected \"['x']}\""),
        ("build_time_vars = {'A': None}", "1: expected a string or a number, found 'None'"),
        ("build_time_vars = {\n1: 'A'}", "2: expected the name of a variable, found '1'"),
        ("build_time_vars = {'A', 'B'}", "1: expected ':', found ','"),
        ("build_time_vars = {'A': 'B'", "1: expected ',' or '}', found ''"),
        ("build_time_vars = {'A': '\\ud800'}", "1: expected a string or a number, found \"'\\\\ud800'\""),
        ("build_time_vars = {'A': '\\x4'}", "1: expected a string or a number, found \"'\\\\x4'\""),
        (f"build_time_vars = {{'A': {'9' * 41}}}", f"1: expected a string or a number, found '{'9' * 41}'"),
    ],
)
def test_anything_else_is_refused(text: str, problem: str) -> None:
    with pytest.raises(DetailsError) as raised:
        read(text)
    line, _, said = problem.partition(": ")
    assert raised.value.message == f"s.py:{line}: not a plain table of build_time_vars: {said}"
    assert raised.value.hint == "xbuild reads this file without executing it, so it may hold nothing but one literal"


def test_code_is_never_executed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.touch()
    code = f"__import__('os').remove({str(victim)!r})"
    for text in (f"{code}\nbuild_time_vars = {{}}", f"build_time_vars = {{'A': {code}}}", f"build_time_vars = {code}"):
        (tmp_path / "_sysconfigdata__linux_x.py").write_text(text)
        with pytest.raises(DetailsError):
            read_variables(tmp_path)
    assert victim.exists()


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=20), st.text(max_size=40) | st.integers(-(10**20), 10**20)))
def test_what_python_writes_is_read_as_python_reads_it(table: dict[str, str | int]) -> None:
    text = f"build_time_vars = {table!r}\n"
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return
    assert read(text) == ast.literal_eval(text.partition("=")[2].strip())


@settings(deadline=None)
@given(st.text(alphabet="build_time_vars ={}'\"\\:,()#\n1-a", max_size=60))
def test_nothing_but_the_documented_error_is_raised(text: str) -> None:
    with contextlib.suppress(DetailsError):
        read(f"build_time_vars = {{{text}")


def test_a_directory_without_variables(tmp_path: Path) -> None:
    with pytest.raises(DetailsError) as raised:
        read_variables(tmp_path)
    assert raised.value.message == (
        f"{tmp_path}: no sysconfig variables: expected _sysconfig_vars_*.json or _sysconfigdata_*.py"
    )


def test_the_target_chooses_among_several(tmp_path: Path) -> None:
    for triplet in ("aarch64-linux-gnu", "riscv64-linux-gnu"):
        (tmp_path / f"_sysconfig_vars__linux_{triplet}.json").write_text(json.dumps({"MULTIARCH": triplet}))
    with pytest.raises(DetailsError) as raised:
        read_variables(tmp_path)
    assert raised.value.message == (
        f"{tmp_path}: sysconfig variables of several interpreters: "
        "_sysconfig_vars__linux_aarch64-linux-gnu.json, _sysconfig_vars__linux_riscv64-linux-gnu.json"
    )
    assert read_variables(tmp_path, target=get_target("riscv64")) == {"MULTIARCH": "riscv64-linux-gnu"}
    with pytest.raises(DetailsError):
        read_variables(tmp_path, target=get_target("s390x"))


def test_links_to_the_same_file_are_one(tmp_path: Path) -> None:
    (tmp_path / "_sysconfigdata__linux_x.py").write_text("build_time_vars = {'A': 1}")
    (tmp_path / "_sysconfigdata__x.py").symlink_to("_sysconfigdata__linux_x.py")
    assert read_variables(tmp_path) == {"A": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", ": expected an object, found an empty array"),
        ('{"A": [1]}', ": A: expected a string or a whole number, found an array"),
        ('{"A": 1.5}', ": A: expected a string or a whole number, found the number 1.5"),
        ("{", ":1:2: not JSON: expecting property name enclosed in double quotes: the file ends there [XBD102]"),
    ],
)
def test_json_that_is_no_table_of_variables(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "_sysconfig_vars__x.json"
    file.write_text(text)
    with pytest.raises(DetailsError) as raised:
        read_variables(tmp_path)
    assert raised.value.message == f"{file}{message}"


def test_null_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    (tmp_path / "_sysconfig_vars__x.json").write_text('{"A": null, "B": "b"}')
    assert read_variables(tmp_path) == {"B": "b"}
