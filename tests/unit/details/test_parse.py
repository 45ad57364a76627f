"""Reading and writing: everything wrong is reported at once, everything right survives a round trip."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.details_cases import FILES

from xbuild.details import BuildDetails, InvalidDetailsError, VersionInfo, dumps, load, loads
from xbuild.errors import DetailsError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = FILES / "relocatable-aarch64.json"
VALID = sorted(file for file in FILES.glob("*.json") if file.name != "c-api-include.json")


def document(**changes: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(GOOD.read_text("utf-8"))
    return loaded | changes


def problems(text: str) -> list[str]:
    with pytest.raises(InvalidDetailsError) as raised:
        loads(text)
    return [str(problem) for problem in raised.value.problems]


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.stem)
def test_a_file_survives_a_round_trip(file: Path) -> None:
    details = load(file)
    assert details.to_dict() == json.loads(file.read_text("utf-8"))
    assert loads(dumps(details)) == details
    assert dumps(loads(dumps(details))) == dumps(details)


def test_the_model_has_types() -> None:
    details = load(GOOD)
    assert isinstance(details, BuildDetails)
    assert details.language.version_info == VersionInfo(major=3, minor=14, micro=0, releaselevel="final", serial=0)
    assert details.implementation.extra == {
        "_multiarch": "aarch64-linux-gnu",
        "supports_isolated_interpreters": True,
    }
    assert details.abi is not None
    assert details.abi.flags == ()
    assert details.suffixes is not None
    assert details.suffixes["source"] == (".py",)
    assert details.libpython is not None
    assert details.libpython.link_extensions is False


def test_only_the_required_keys_are_needed() -> None:
    needed = {
        key: document()[key] for key in ("schema_version", "base_prefix", "platform", "language", "implementation")
    }
    details = loads(json.dumps(needed))
    assert (details.abi, details.suffixes, details.libpython, details.c_api, details.arbitrary_data) == (None,) * 5
    assert details.to_dict() == needed


def test_arbitrary_data_is_kept() -> None:
    details = loads(json.dumps(document(arbitrary_data={"a": [1, {"b": None}]})))
    assert details.to_dict()["arbitrary_data"] == {"a": [1, {"b": None}]}


def test_whole_numbers_may_be_written_as_floats() -> None:
    text = json.dumps(document()).replace('"micro": 0', '"micro": 0.0')
    assert loads(text) == load(GOOD)


def test_all_problems_are_reported_at_once() -> None:
    broken = document(platform=None, colour="red", abi={"flags": [1, "t"], "extension_suffix": 2}, suffixes=[])
    del broken["base_prefix"], broken["language"]
    broken["implementation"] = {
        "name": "cpython",
        "version": {"major": "3", "releaselevel": "gamma"},
        "hexversion": 1.5,
    }
    broken["libpython"] = {"link_extensions": 1, "shared": "x"}
    broken["c_api"] = {"include": "x"}
    broken["arbitrary_data"] = "x"
    assert problems(json.dumps(broken)) == [
        "/base_prefix: missing; expected a string [XBD110]",
        "/platform: expected a string, found null [XBD111]",
        "/language: missing; expected an object [XBD110]",
        '/implementation/version/major: expected a whole number, found the string "3" [XBD111]',
        "/implementation/version/minor: missing; expected a whole number [XBD110]",
        "/implementation/version/micro: missing; expected a whole number [XBD110]",
        "/implementation/version/serial: missing; expected a whole number [XBD110]",
        (
            "/implementation/version/releaselevel: "
            'expected one of alpha, beta, candidate, final, found the string "gamma" [XBD113]'
        ),
        "/implementation/hexversion: expected a whole number, found the number 1.5 [XBD111]",
        "/implementation/cache_tag: missing; expected a string [XBD110]",
        "/abi/flags/0: expected a string, found the number 1 [XBD111]",
        "/abi/extension_suffix: expected a string, found the number 2 [XBD111]",
        "/suffixes: expected an object, found an empty array [XBD111]",
        "/libpython/link_extensions: expected true or false, found the number 1 [XBD111]",
        (
            "/libpython/shared: unknown key; "
            "version 1.0 has dynamic, dynamic_stableabi, static, link_extensions here [XBD112]"
        ),
        "/c_api/headers: missing; expected a string [XBD110]",
        "/c_api/include: c_api.include is a draft's name; expected c_api.headers [XBD114]",
        '/arbitrary_data: expected an object, found the string "x" [XBD111]',
        (
            "/colour: unknown key; version 1.0 has schema_version, base_prefix, base_interpreter, platform, language, "
            "implementation, abi, suffixes, libpython, c_api, arbitrary_data here [XBD112]"
        ),
    ]


def test_a_problem_has_values() -> None:
    with pytest.raises(InvalidDetailsError) as raised:
        loads(json.dumps(document(platform=3, implementation={}, colour="red")))
    assert [(each.pointer, each.expected, each.found) for each in raised.value.problems[:2]] == [
        ("/platform", "a string", 3),
        ("/implementation/name", "a string", None),
    ]
    assert raised.value.problems[-1].found == "colour"
    assert raised.value.problems[-1].expected == [*document(), "arbitrary_data"]


def test_one_problem_is_one_line() -> None:
    with pytest.raises(InvalidDetailsError) as raised:
        loads(json.dumps(document(language={"version": True})), source="x/build-details.json")
    assert raised.value.message == "x/build-details.json: /language/version: expected a string, found true [XBD111]"
    assert raised.value.exit_code == 10


def test_several_problems_are_a_list() -> None:
    with pytest.raises(InvalidDetailsError) as raised:
        loads(json.dumps(document(language=[], c_api=[1])), source="x")
    assert raised.value.message == (
        "x: 2 problems:\n"
        "  /language: expected an object, found an empty array [XBD111]\n"
        "  /c_api: expected an object, found an array [XBD111]"
    )


def test_a_long_list_is_cut() -> None:
    with pytest.raises(InvalidDetailsError) as raised:
        loads(json.dumps(document(**{f"key{number}": 1 for number in range(1000)})), source="x")
    assert len(raised.value.problems) == 1000
    assert raised.value.message.splitlines()[-1] == "  and 970 more"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "b: not JSON: the file is empty [XBD102]", "the file was truncated, or its writer was interrupted"),
        ('{"a": 1', "b:1:8: not JSON: expecting ',' delimiter: the file ends there [XBD102]", None),
        ('{"schema', "b:1:2: not JSON: unterminated string: the file ends there [XBD102]", None),
        ("{\n  1}", "b:2:3: not JSON: expecting property name enclosed in double quotes [XBD102]", None),
        ('{"a": NaN}', "b:1:7: not JSON: NaN is not a JSON number [XBD102]", None),
        ('{"a": 1e999}', "b:1:7: not JSON: 1e999 is too large a number [XBD102]", None),
        ('{"a": "\\ud800"}', "b:1:7: not JSON: a string has half of a surrogate pair [XBD102]", None),
        ("[-Infinity]", "b:1:2: not JSON: -Infinity is not a JSON number [XBD102]", None),
        (
            '["\\u00e5", -1.5e9, true, 1.5, "é",\n  1E+400]',
            "b:2:3: not JSON: 1E+400 is too large a number [XBD102]",
            None,
        ),
        (f"[{'1' * 5000}]", f"b:1:2: not JSON: {'1' * 60}… is too large a number [XBD102]", None),
        (
            "\ufeff{}",
            "b: not JSON: the file begins with a byte order mark [XBD102]",
            "save the file as UTF-8 without it",
        ),
        ('{"a": 1, "a": 2}', 'b:1:10: /a: the key "a" is there twice in one object [XBD103]', None),
        ("[]", "b: expected an object, found an empty array [XBD111]", None),
        ("7", "b: expected an object, found the number 7 [XBD111]", None),
        (
            "{}",
            "b: /schema_version: missing; expected a string such as '1.0' [XBD110]",
            "this does not look like a build-details.json: check that the path names the file you mean",
        ),
        (
            '{"schema_version": 1.0}',
            "b: /schema_version: expected a string such as '1.0', found the number 1.0 [XBD111]",
            None,
        ),
        (
            '{"schema_version": "1"}',
            "b: /schema_version: expected a string such as '1.0', found the string \"1\" [XBD111]",
            None,
        ),
        (
            '{"schema_version": "2.0"}',
            "b: /schema_version: version 2.0 of the format is unknown; this xbuild reads 1.x [XBD104]",
            "a newer xbuild may read it",
        ),
        ("[" * 10_000, "b: nested deeper than 64 levels [XBD101]", None),
        (f'{{"a": [{"0, " * 20_001}0]}}', "b: more than 20000 values [XBD101]", None),
        (f'{{"{"a" * 201}": 0}}', "b: a key longer than 200 characters [XBD101]", None),
        ('{"a": ' * 10_000, "b: nested deeper than 64 levels [XBD101]", None),
        (" " * 2_000_000, "b: larger than 1024 KiB, so this is no file of a Python installation [XBD101]", None),
    ],
)
def test_what_is_no_document_is_refused(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(InvalidDetailsError) as raised:
        loads(text, source="b")
    assert (raised.value.message, raised.value.hint) == (message, hint)


def test_a_newer_minor_version_is_read_with_a_warning_and_kept(caplog: pytest.LogCaptureFixture) -> None:
    newer = document(schema_version="1.7", signatures=["one"])
    newer["abi"] |= {"machine": "armv9"}
    newer["language"] |= {"edition": 1}
    newer["language"]["version_info"] |= {"codename": "x"}
    newer["libpython"] |= {"lto": True}
    newer["c_api"] |= {"limited": "x"}
    with caplog.at_level(logging.WARNING):
        details = loads(json.dumps(newer), source="b")
    assert details.to_dict() == newer
    assert details.extra == {"signatures": ["one"]}
    assert [record.getMessage() for record in caplog.records] == [
        "b: version 1.7 of the format is newer than 1.0, which this xbuild knows; what it adds is kept, not used"
    ]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DetailsError) as raised:
        load(tmp_path / "build-details.json")
    assert raised.value.message == (
        f"{tmp_path}/build-details.json: cannot be read: No such file or directory [XBD101]"
    )


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "b.json").write_bytes('{"å": 1}'.encode("latin-1"))
    with pytest.raises(DetailsError) as raised:
        load(tmp_path / "b.json")
    assert raised.value.message == f"{tmp_path}/b.json: not UTF-8: byte 2 is 0xe5 [XBD101]"


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "b.json").open("wb") as file:
        file.truncate(100 * 1024**2)
    with pytest.raises(DetailsError) as raised:
        load(tmp_path / "b.json")
    assert raised.value.message.endswith("larger than 1024 KiB, so this is no file of a Python installation [XBD101]")
    assert raised.value.hint == "check that the path names the file you mean"


def test_reading_imports_no_schema_library() -> None:
    program = "import sys; from xbuild.details import load, resolve, complete; print('jsonschema' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_an_unknown_name_of_the_package() -> None:
    import xbuild.details

    with pytest.raises(AttributeError, match=r"module 'xbuild\.details' has no attribute 'nothing'"):
        xbuild.details.nothing  # noqa: B018


def test_every_public_name_is_there() -> None:
    import xbuild.details

    assert all(getattr(xbuild.details, name) is not None for name in xbuild.details.__all__)


def test_a_hostile_key_is_one_line_of_the_error() -> None:
    text = json.dumps(json.loads(GOOD.read_bytes()) | {"a\n/x:1:1: \x9b31m": 1})
    with pytest.raises(InvalidDetailsError) as raised:
        loads(text)
    [problem] = raised.value.problems
    assert problem.pointer == "/a\n~1x:1:1: \x9b31m"
    assert str(problem).startswith("/a\\n~1x:1:1: \\u009b31m: unknown key; ")
    assert str(raised.value).isprintable()
