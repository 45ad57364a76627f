"""JSON text: depth without recursion, pointers, and where each value is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbuild.details.json_text import extent, lookup
from xbuild.details.positions import positions
from xbuild.details.wording import describe, pointer, shorten

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


def measure(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(measure, value.values()), default=0)
    return 1 + max(map(measure, value), default=0) if isinstance(value, list) else 0


@settings(deadline=None)
@given(VALUES)
def test_depth(value: Any) -> None:
    assert extent(json.dumps(value))[0] == measure(value)


def test_items_and_keys() -> None:
    assert extent('{"a": [1, ",:,", {}], "longer" : "the longest", "b":"c"}') == (3, 4, 6)


@pytest.mark.parametrize("text", ['"[[[', '"\\"[[', '"\\', "]]]]", '"[" "', '"' + '\\"' * 400_000])
def test_depth_of_what_is_not_json_is_found_in_linear_time(text: str) -> None:
    assert extent(text)[0] == 0


def places(value: Any, keys: tuple[str | int, ...] = ()) -> list[str]:
    found = [pointer(*keys)]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += places(inner, (*keys, key))
    return found


@settings(deadline=None)
@given(VALUES, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_every_value_has_a_position(value: Any, indent: int | str | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    found = positions(text)
    assert list(found) == places(value)
    # Only a newline ends a line: a string may hold U+2028.
    lines = text.split("\n")
    for where, (line, column) in found.items():
        rest = lines[line - 1][column - 1 :]
        key = where.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        starts = (json.dumps(key, ensure_ascii=ascii_only), "[", "{", '"', "n", "t", "f", "-", *"0123456789")
        assert rest.startswith(starts)


def test_positions_are_those_of_keys_and_items() -> None:
    assert positions('{\n "a": {"b/~": [1, {"c": []}]},\n "d": ""}') == {
        "": (1, 1),
        "/a": (2, 2),
        "/a/b~1~0": (2, 8),
        "/a/b~1~0/0": (2, 16),
        "/a/b~1~0/1": (2, 19),
        "/a/b~1~0/1/c": (2, 20),
        "/d": (3, 2),
    }


def test_lookup() -> None:
    assert lookup({"a": {"b": 1}}, ("a", "b")) == 1
    assert lookup({"a": {"b": 1}}, ("a", "c")) is None
    assert lookup({"a": 1}, ("a", "b")) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        ("x", 'the string "x"'),
        (1, "the number 1"),
        (1.5, "the number 1.5"),
        ({}, "an empty object"),
        ({"a": 1}, "an object"),
        ([], "an empty array"),
        ([1], "an array"),
    ],
)
def test_describe(value: object, text: str) -> None:
    assert describe(value) == text


def test_shorten() -> None:
    assert shorten("é" * 100) == '"' + "é" * 59 + "…"
