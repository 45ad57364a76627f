"""RECORD's lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbuild.wheels.record import RecordEntry, entry_for, format_record, parse_record


def test_lines_are_parsed() -> None:
    assert parse_record('pkg/__init__.py,sha256=47DEQ,0\n"a, b.py",,\n\npkg-1.0.dist-info/RECORD,,\n') == (
        RecordEntry(name="pkg/__init__.py", algorithm="sha256", digest="47DEQ", size=0),
        RecordEntry(name="a, b.py"),
        RecordEntry(name="pkg-1.0.dist-info/RECORD"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n", "line 1 is not 'path,algorithm=hash,size'"),
        ("a,,\nb,c,d\n", "line 2 is not 'path,algorithm=hash,size'"),
        ("a,,-1\n", "line 1 is not 'path,algorithm=hash,size'"),
        ("a,,²\n", "line 1 is not 'path,algorithm=hash,size'"),
        ('"a,,\n', "it is not CSV: unexpected end of data"),
    ],
)
def test_what_is_not_record_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011, the whole message is compared below
        parse_record(text)
    assert str(caught.value) == message


def test_the_line_of_a_file() -> None:
    assert entry_for("a", b"") == RecordEntry(
        name="a", algorithm="sha256", digest="47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", size=0
    )


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1)


@given(
    entries=st.lists(
        st.builds(
            RecordEntry,
            name=NAMES,
            algorithm=st.just("sha256"),
            digest=st.text("abc-_=", min_size=1),
            size=st.none() | st.integers(min_value=0, max_value=2**60),
        )
    )
)
def test_what_is_written_is_read_again(entries: list[RecordEntry]) -> None:
    assert parse_record(format_record(entries)) == tuple(entries)


@given(text=st.text())
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse_record(text)
    except ValueError as error:
        assert str(error).startswith(("line ", "it is not CSV"))  # noqa: PT017, either outcome is right
