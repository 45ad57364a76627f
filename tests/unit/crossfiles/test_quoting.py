from __future__ import annotations

import shlex
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbuild.crossfiles import quoting
from xbuild.errors import ToolchainError

ODD = '/a b/it\'s "q" $HOME ${x} `y` \\n ü#;%@z@/[=[x]=]'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/usr/bin/cc", "'/usr/bin/cc'"),
        ("/a b/$HOME/ü%s#", "'/a b/$HOME/ü%s#'"),
        ("C:\\x", "'C:\\x'"),
        ("/it's/cc", "'''/it's/cc'''"),
        ("'first", "''''first'''"),
        ("/a\\b/it's", "'/a\\b/it' + ''''s'''"),
        ("/@DIRNAME@/@", "'/@' + 'DIRNAME@/@'"),
    ],
)
def test_meson(value: str, expected: str) -> None:
    assert quoting.meson(value) == expected


@pytest.mark.parametrize("value", ["/a\nb", "/it'", "/it'\\s", "/it'''s"])
def test_what_meson_cannot_read_is_an_error(value: str) -> None:
    with pytest.raises(ToolchainError) as caught:
        quoting.meson(value)
    assert caught.value.message == f"a Meson cross file has no way to write {value!r}"
    assert caught.value.hint == "move it to a path without quotes, colons, backslashes and line breaks"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/usr/bin/cc", '"/usr/bin/cc"'),
        ("/a b/it's ü#%", '"/a b/it\'s ü#%"'),
        ("/$HOME", '"/\\$HOME"'),
        ("@x@;\\", '"\\@x\\@;\\\\"'),
        ('a"b', '"a\\"b"'),
    ],
)
def test_cmake(value: str, expected: str) -> None:
    assert quoting.cmake(value) == expected


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_a_shell_reads_one_word(value: str) -> None:
    assert shlex.split(quoting.shell(value)) == [value]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_toml_reads_the_value(value: str) -> None:
    assert tomllib.loads(f"x = {quoting.toml(value)}") == {"x": value}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/usr/bin/cc", "/usr/bin/cc"),
        ("/a $HOME `b` #", "'/a $HOME `b` #'"),
        ("it's a", '"it\'s a"'),
        ('it\'s "a\\b"\n', '"it\'s \\"a\\\\b\\"\\n"'),
    ],
)
def test_dotenv(value: str, expected: str) -> None:
    assert quoting.dotenv(value) == expected


@pytest.mark.parametrize("value", ["it's $HOME", "it's `x`"])
def test_what_readers_of_dotenv_read_differently_is_an_error(value: str) -> None:
    with pytest.raises(ToolchainError, match="a dotenv file has no way to write"):
        quoting.dotenv(value)


def test_a_line_is_written_as_it_is() -> None:
    assert quoting.line(ODD, "x") == ODD
    with pytest.raises(ToolchainError, match=r"x has no way to write 'a\\nb'"):
        quoting.line("a\nb", "x")
