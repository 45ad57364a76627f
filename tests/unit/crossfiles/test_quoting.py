from __future__ import annotations

import ast
import re
import shlex
import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xbuild.crossfiles import quoting
from xbuild.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Callable

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


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
CONAN = st.text(st.characters(exclude_characters='\0"$`\\', exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1)


@given(TEXT)
def test_a_sysconfig_module_reads_the_value(value: str) -> None:
    assert ast.literal_eval(quoting.python(value)) == value


@given(TEXT)
@example("a\nEND\nb")
def test_github_reads_the_value(value: str) -> None:
    assert read_github(quoting.github("A", value) + quoting.github("B", "b")) == {"A": value, "B": "b"}


def read_github(text: str) -> dict[str, str]:
    """As the runner does: lines end at a newline alone, and ``NAME<<END`` takes all lines before ``END``."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n")[:-1])
    for each in lines:
        name, sign, value = each.partition("<<") if "<<" in each.partition("=")[0] else each.partition("=")
        if sign == "<<":
            value = "\n".join(iter(lambda: next(lines), value))
        found[name] = value
    return found


@given(TEXT)
def test_dotenv_reads_the_value_or_it_is_an_error(value: str) -> None:
    try:
        written = quoting.dotenv(value)
    except ToolchainError:
        return
    assert read_dotenv(written) == value


def read_dotenv(value: str) -> str:
    """What readers agree on: nothing is special in single quotes, and in double quotes a backslash and ``$`` are."""
    if value.startswith("'"):
        assert "'" not in value[1:-1]
        return value[1:-1]
    if not value.startswith('"'):
        assert re.fullmatch(r"[^\s#'\"$`\\]*", value)
        return value
    assert not re.search(r"[$`]", value)
    return re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), value[1:-1])


@given(TEXT)
def test_a_preset_is_expanded_to_the_value(value: str) -> None:
    assert re.sub(r"\$\{dollar\}", "$", quoting.preset(value)) == value
    assert not re.search(r"\$(?!\{dollar\})", quoting.preset(value))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/a b/it's ü", "/a b/it's ü"),
        ("/{{x}}", '{{ "/{{x}}" }}'),
        (f"{quoting.HERE}/cc", '{{ profile_dir ~ "/cc" }}'),
    ],
)
def test_conan(value: str, expected: str) -> None:
    assert quoting.conan(value) == expected


def test_conan_collections() -> None:
    assert quoting.conan_list(["/a", "/b"]) == '["/a", "/b"]'
    assert quoting.conan_list([f"{quoting.HERE}/a"]) == '{{ [profile_dir ~ "/a"] }}'
    assert quoting.conan_dict({"c": "/a"}) == '{"c": "/a"}'
    assert quoting.conan_dict({"c": "/a", "cpp": f"{quoting.HERE}/b"}) == '{{ {"c": "/a", "cpp": profile_dir ~ "/b"} }}'


@given(CONAN)
def test_conan_reads_the_literal(value: str) -> None:
    try:
        written = quoting.conan_list([value])
    except ToolchainError:
        return
    assert ast.literal_eval(written.removeprefix("{{ ").removesuffix(" }}")) == [value]


@pytest.mark.parametrize("value", ["/a$b", '/a"b', "/a\\b", "/a+=b", "/a=!b", "/a\u2028b", " /a", "/a\nb"])
def test_what_conan_cannot_hold_is_an_error(value: str) -> None:
    with pytest.raises(ToolchainError, match="a Conan profile has no way to write"):
        quoting.conan(value)


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        (quoting.meson, "'@DIRNAME@/a b'"),
        (quoting.cmake, '"${CMAKE_CURRENT_LIST_DIR}/a b"'),
        (quoting.preset, "${fileDir}/a b"),
        (quoting.shell, "\"$xbuild_here\"'/a b'"),
        (quoting.python, "_here + '/a b'"),
    ],
)
def test_each_format_has_a_word_for_where_the_file_is(quote: Callable[[str], str], expected: str) -> None:
    assert quote(f"{quoting.HERE}/a b") == expected


def test_a_search_path_has_no_folder_with_a_colon() -> None:
    assert quoting.search_path(["/a", "/b"], "PATH") == "/a:/b"
    with pytest.raises(ToolchainError, match="PATH has no way to write '/a:b'"):
        quoting.search_path(["/a:b"], "PATH")
