"""A check's findings in full: place, words, fix; and what it does with odd surroundings."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.details_cases import FILES, TREES

from xbuild.details import (
    CODES,
    Finding,
    Fix,
    InvalidDetailsError,
    Severity,
    check,
    check_text,
    discover_all,
    repair,
    synthesise,
)
from xbuild.details.evidence import gather
from xbuild.errors import DetailsError
from xbuild.targets import get_target

if TYPE_CHECKING:
    from xbuild.targets import Target


def said(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{each.line}:{each.column} {each.code} {each.pointer}: {each.message}" for each in findings]


def test_debians_file_for_armhf() -> None:
    [file] = discover_all(TREES / "debian-3.14-armv7l")
    assert said(check(file)) == [
        "1:1 XBD106 : the file is called build-details..arm-linux-gnueabihf.json, and not build-details.json",
        '5:3 XBD139 /platform: "linux-armv8l" is "linux-armv7l" in wheel tags',
        '30:3 XBD121 /abi/extension_suffix: missing; expected ".cpython-314-arm-linux-gnueabihf.so"',
        '30:3 XBD122 /abi/stable_abi_suffix: missing; expected ".abi3.so"',
        '47:3 XBD124 /libpython/dynamic: missing; expected "/usr/lib/arm-linux-gnueabihf/libpython3.14.so"',
        "47:3 XBD127 /libpython/link_extensions: missing; expected false",
        (
            "51:5 XBD163 /c_api/headers: include/python3.14/pyconfig.h only includes the real one, "
            "include/arm-linux-gnueabihf/python3.14/pyconfig.h"
        ),
    ]


def test_a_finding() -> None:
    [file] = discover_all(TREES / "debian-3.14-riscv64")
    variables = "_sysconfig_vars__linux_riscv64-linux-gnu.json"
    finding = next(each for each in check(file) if each.code == "XBD121")
    assert finding == Finding(
        file=file,
        code="XBD121",
        severity=Severity.ERROR,
        pointer="/abi/extension_suffix",
        line=30,
        column=3,
        message='missing; expected ".cpython-314-riscv64-linux-gnu.so"',
        expected=".cpython-314-riscv64-linux-gnu.so",
        reference="PEP 739, abi.extension_suffix; cpython#136267",
        url="https://packaging.python.org/en/latest/specifications/build-details/v1.0/",
        fix=Fix(value=".cpython-314-riscv64-linux-gnu.so", origin=f"{variables}: EXT_SUFFIX"),
    )
    assert finding.to_dict() == {
        "file": str(file),
        "code": "XBD121",
        "severity": "error",
        "pointer": "/abi/extension_suffix",
        "line": 30,
        "column": 3,
        "message": 'missing; expected ".cpython-314-riscv64-linux-gnu.so"',
        "expected": ".cpython-314-riscv64-linux-gnu.so",
        "found": None,
        "reference": "PEP 739, abi.extension_suffix; cpython#136267",
        "url": "https://packaging.python.org/en/latest/specifications/build-details/v1.0/",
        "fix": {"value": ".cpython-314-riscv64-linux-gnu.so", "origin": f"{variables}: EXT_SUFFIX"},
    }


def test_a_syntax_error_is_found_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "build-details.json"
    file.write_text('{\n  "schema_version": "1.0"\n  "platform": ""\n}')
    assert said(check(file)) == ["3:3 XBD102 : not JSON: expecting ',' delimiter"]


def test_a_key_twice_is_found_where_it_is(tmp_path: Path) -> None:
    file = tmp_path / "build-details.json"
    file.write_text('{\n  "a": [{"b": 1,\n  "b": 2}], "c": ]')
    assert said(check(file)) == ['3:3 XBD103 /a/0/b: the key "b" is there twice in one object']


@pytest.mark.parametrize("known", [True, False])
def test_an_empty_platform_is_told_from_the_rest_of_the_file(tmp_path: Path, known: bool) -> None:
    file = tmp_path / "build-details.json"
    text = (FILES / "empty-platform.json").read_text("utf-8")
    document = json.loads(text) if known else json.loads(text.replace("-linux-gnu", "-unknown"))
    file.write_text(json.dumps(document))
    finding = next(each for each in check(file) if each.code == "XBD130")
    expected = "linux-aarch64" if known else 'the platform, such as "linux-riscv64"'
    assert (finding.expected, finding.found) == (expected, "")
    assert finding.message == f"empty; expected {json.dumps(expected) if known else expected}"


def test_a_large_value_is_said_to_be_one_and_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "build-details.json"
    shutil.copyfile(FILES / "relocatable-aarch64.json", file)
    document = json.loads(file.read_bytes())
    for value, found in (({"a": 1}, {"a": 1}), ({"a": "x" * 1000}, "an object"), ([1] * 1000, "an array")):
        file.write_text(json.dumps(document | {"platform": value}))
        [finding] = check(file)
        assert (finding.code, finding.expected, finding.found) == ("XBD111", "a string", found)


def machines(tmp_path: Path, platform: str, multiarch: str | None, suffix: str | None) -> list[str]:
    """What a check says of the three keys that name the machine."""
    document = json.loads((FILES / "musl-x86_64.json").read_bytes())
    document["platform"] = platform
    for place, key, form, value in (
        ("implementation", "_multiarch", "{}", multiarch),
        ("abi", "extension_suffix", ".cpython-314-{}.so", suffix),
    ):
        if value is None:
            del document[place][key]
        else:
            document[place][key] = form.format(value)
    file = tmp_path / "build-details.json"
    file.write_text(json.dumps(document))
    return [f"{each.pointer}: {each.message}" for each in check(file) if each.code == "XBD138"]


@pytest.mark.parametrize(
    ("platform", "multiarch", "suffix", "expected"),
    [
        (
            "linux-riscv64",
            "powerpc64le-linux-musl",
            "powerpc64le-linux-musl",
            (
                '/platform: expected "linux-ppc64le", found "linux-riscv64": /abi/extension_suffix is of '
                "powerpc64le-linux-musl"
            ),
        ),
        (
            "linux-riscv64",
            "sparc64-linux-musl",
            None,
            (
                '/implementation/_multiarch: expected "riscv64-linux-gnu", found "sparc64-linux-musl": /platform is of '
                "riscv64"
            ),
        ),
        (
            "linux-riscv64",
            None,
            "sparc64-linux-gnu",
            '/platform: expected "linux-sparc64", found "linux-riscv64": /abi/extension_suffix is of sparc64-linux-gnu',
        ),
        (
            "linux-x86_64",
            "x86_64-linux-musl",
            "aarch64-linux-musl",
            (
                '/abi/extension_suffix: expected ".cpython-314-x86_64-linux-musl.so", found '
                '".cpython-314-aarch64-linux-musl.so": /implementation/_multiarch is of x86_64-linux-musl'
            ),
        ),
        (
            "linux-x86_64",
            "x86_64-linux-gnu",
            "x86_64-linux-musl",
            (
                '/implementation/_multiarch: expected "x86_64-linux-musl", found "x86_64-linux-gnu": '
                "/abi/extension_suffix is of x86_64-linux-musl"
            ),
        ),
        ("linux-x86_64", "x86_64-linux-musl", None, None),
        ("linux-x86_64", None, "x86_64-linux-musl", None),
        ("linux-sparc64", "sparc64-linux-gnu", "sparc64-linux-gnu", None),
    ],
)
def test_the_platform_names_the_machine_and_not_the_c_library(
    tmp_path: Path, platform: str, multiarch: str | None, suffix: str | None, expected: str | None
) -> None:
    assert machines(tmp_path, platform, multiarch, suffix) == ([expected] if expected else [])


def test_the_suffix_of_another_version(tmp_path: Path) -> None:
    file = shutil.copytree(TREES / "good-3.14-riscv64", tmp_path / "tree") / "lib/python3.14/build-details.json"
    file.write_text(file.read_text("utf-8").replace(".cpython-314", ".cpython-313"))
    found = {each.pointer: each for each in check(file)}
    assert sorted(found) == ["/abi/extension_suffix", "/suffixes/extensions"]
    finding, right = found["/abi/extension_suffix"], ".cpython-314-riscv64-linux-gnu.so"
    assert (finding.code, finding.expected, finding.message) == (
        "XBD134",
        right,
        f'expected "{right}" after language.version, found ".cpython-313-riscv64-linux-gnu.so"',
    )
    assert finding.fix is not None
    assert finding.fix.value == right


@pytest.mark.parametrize("suffix", [".so", ".cpython-314-riscv64-linux-gnu.so"])
def test_the_stable_abis_suffix_is_its_own(tmp_path: Path, suffix: str) -> None:
    file = shutil.copytree(TREES / "good-3.14-riscv64", tmp_path / "tree") / "lib/python3.14/build-details.json"
    file.write_text(file.read_text("utf-8").replace('_suffix": ".abi3.so"', f'_suffix": "{suffix}"'))
    [finding] = check(file)
    assert finding.message == f'expected the stable ABI\'s suffix, found "{suffix}"'
    assert finding.fix is not None
    assert (finding.expected, finding.fix.value) == (".abi3.so", ".abi3.so")


def test_a_target_can_be_given(tmp_path: Path) -> None:
    file = tmp_path / "build-details.json"
    shutil.copyfile(FILES / "relocatable-aarch64.json", file)
    assert said(check(file, target=get_target("riscv64"))) == [
        '5:3 XBD139 /platform: expected "linux-riscv64", found "linux-aarch64"'
    ]


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    assert said(check(tmp_path)) == ["1:1 XBD101 : cannot be read: Is a directory"]


def test_text_alone_is_checked_against_nothing() -> None:
    [file] = discover_all(TREES / "debian-3.14-riscv64")
    assert [finding.code for finding in check_text(file.read_text("utf-8"), file=file)] == [
        "XBD106",
        "XBD121",
        "XBD122",
    ]


def test_names_that_no_file_system_has(tmp_path: Path) -> None:
    tree = shutil.copytree(TREES / "good-3.14-riscv64", tmp_path / "tree")
    file = tree / "lib/python3.14/build-details.json"
    document = json.loads(file.read_bytes())
    document["libpython"]["static"], document["c_api"]["headers"] = "a\0b", "x" * 5000
    document["c_api"]["pkgconfig_path"] = "x" * 5000
    file.write_text(json.dumps(document))
    assert [(finding.code, finding.pointer) for finding in check(file)] == [
        ("XBD154", "/libpython/static"),
        ("XBD154", "/c_api/headers"),
        ("XBD154", "/c_api/pkgconfig_path"),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"language": []},
        {
            "language": {
                "version": "3.14",
                "version_info": {"major": -1, "minor": 0, "micro": 0, "releaselevel": "final", "serial": 0},
            }
        },
        {"implementation": []},
        {"implementation": {"name": [], "version": {"releaselevel": []}, "hexversion": {}, "cache_tag": None}},
        {"abi": {"flags": [], "extension_suffix": ".cpython-314-aarch64-linux-gnu.so"}, "suffixes": {}},
        {"abi": [], "suffixes": {"extensions": [1]}},
        {"abi": {"flags": {}}, "suffixes": []},
        {"libpython": []},
        {"libpython": {"dynamic": 1, "link_extensions": None}},
        {"c_api": []},
        {"platform": []},
        {"platform": "win-amd64"},
        {"platform": "linux"},
        {"platform": "linux-"},
        {"platform": "linux-sparc64"},
    ],
)
@pytest.mark.parametrize("tree", [False, True])
def test_malformed_members_are_no_trouble(tmp_path: Path, changes: dict[str, object], tree: bool) -> None:
    file = tmp_path / "tree/lib/python3.14/build-details.json"
    if tree:
        shutil.copytree(TREES / "good-3.14-riscv64", tmp_path / "tree")
    else:
        file.parent.mkdir(parents=True)
        shutil.copyfile(FILES / "relocatable-aarch64.json", file)
    file.write_text(json.dumps(json.loads(file.read_bytes()) | changes))
    assert all(finding.code in CODES for finding in check(file))


def test_a_file_for_another_machine_than_its_directory_knows(tmp_path: Path) -> None:
    """A triplet that is no target's, in the name and nowhere else."""
    file = tmp_path / "build-details..sparc64-linux-gnu.json"
    shutil.copyfile(FILES / "relocatable-aarch64.json", file)
    assert [finding.code for finding in check(file)] == ["XBD106", "XBD107"]


def test_the_targets_name_in_a_files_name_is_believed(tmp_path: Path) -> None:
    file = tmp_path / "build-details..arm-linux-gnueabihf.json"
    text = (TREES / "debian-3.14-armv7l/usr/lib/python3.14" / file.name).read_text("utf-8")
    file.write_text(text.replace("armv8l", "s390x"))
    finding = next(each for each in check(file) if each.pointer == "/platform")
    assert finding.fix == Fix(value="linux-armv7l", origin=f"the file's name, {file.name}")


def test_many_problems_take_no_more_than_linear_time(tmp_path: Path) -> None:
    text = json.dumps({"schema_version": "1.0"} | {f"key{number}": 1 for number in range(15_000)})
    assert len(check_text(text, file=tmp_path / "build-details.json")) > 15_000


BESIDE = (
    "lib/python3.14/_sysconfig_vars__linux_riscv64-linux-gnu.json",
    "lib/riscv64-linux-gnu/libpython3.14.so",
    "lib/riscv64-linux-gnu/libpython3.14.a",
    "lib/riscv64-linux-gnu/pkgconfig/python-3.14.pc",
    "bin/python3.14",
    "include/python3.14/pyconfig.h",
    "include/python3.14/patchlevel.h",
    "include/python3.14/Python.h",
)


@pytest.mark.parametrize("name", BESIDE)
@pytest.mark.parametrize("kind", ["pipe", "link to a pipe", "folder", "link to itself"])
def test_what_lies_beside_is_read_only_if_it_is_a_file(tmp_path: Path, name: str, kind: str) -> None:
    """A pipe that nobody writes to would be waited for, for ever."""
    tree = shutil.copytree(TREES / "good-3.14-riscv64", tmp_path / "tree")
    stdlib, odd = tree / "lib/python3.14", tree / name
    if name.startswith("bin/"):
        (tree / "lib/riscv64-linux-gnu/libpython3.14.so").unlink()
    odd.unlink()
    match kind:
        case "pipe":
            os.mkfifo(odd)
        case "link to a pipe":
            os.mkfifo(tmp_path / "pipe")
            odd.symlink_to(tmp_path / "pipe")
        case "folder":
            odd.mkdir()
        case _:
            odd.symlink_to(odd)
    assert all(finding.code in CODES for finding in check(stdlib / "build-details.json"))
    with contextlib.suppress(DetailsError):
        synthesise(stdlib)


def test_variables_under_a_name_of_a_pipe_are_those_of_the_files(tmp_path: Path) -> None:
    tree = shutil.copytree(TREES / "good-3.14-riscv64", tmp_path / "tree")
    os.mkfifo(tree / "lib/python3.14/_sysconfig_vars__linux_s390x-linux-gnu.json")
    assert check(tree / "lib/python3.14/build-details.json") == ()


@pytest.mark.parametrize(
    "variables",
    [
        {"MULTIARCH": "x" * 300},
        {"MULTIARCH": "/tmp/abs"},
        {"MULTIARCH": "../../.."},
        {"MULTIARCH": "a\0b"},
        {"MULTIARCH": 7},
        {"INCLUDEPY": "/usr/" + "x" * 300},
        {"INCLUDEPY": "/usr/include/python3.14\0"},
        {"INCLUDEPY": "/"},
        {"LIBDIR": "/usr/" + "x" * 5000},
        {"LIBPC": "x" * 300},
        {"EXENAME": "x" * 300},
        {"LDLIBRARY": "a\0b.so"},
        {"LIBDEST": "/" * 300, "prefix": "/" * 300},
        {"LIBDEST": "/" + "x/" * 300, "prefix": "/"},
        {"LIBDEST": "/usr", "prefix": "/usr"},
    ],
    ids=str,
)
@pytest.mark.parametrize("target", [None, get_target("riscv64")])
def test_variables_that_no_file_system_has(tmp_path: Path, variables: dict[str, str], target: Target | None) -> None:
    tree = shutil.copytree(TREES / "good-3.14-riscv64", tmp_path / "tree")
    [file] = tree.rglob("_sysconfig_vars*")
    file.write_text(json.dumps(json.loads(file.read_bytes()) | variables))
    (file.parent / "os.py").touch()
    assert all(finding.code in CODES for finding in check(file.parent / "build-details.json", target=target))
    with contextlib.suppress(DetailsError):
        synthesise(file.parent, target=target)


@pytest.mark.parametrize("variables", [{"prefix": "usr"}, {"INCLUDEPY": "include/python3.14"}], ids=str)
def test_relative_variables_are_not_seen_from_the_current_folder(tmp_path: Path, variables: dict[str, str]) -> None:
    tree = shutil.copytree(TREES / "good-3.14-riscv64", tmp_path / "tree")
    [file] = tree.rglob("_sysconfig_vars*")
    file.write_text(json.dumps(json.loads(file.read_bytes()) | variables))
    assert check(file.parent / "build-details.json") == ()
    api = synthesise(file.parent, relative=True).details.c_api
    assert api is not None
    assert api.headers == "include/python3.14"


def test_a_standard_library_at_the_root_has_no_folders_above_it() -> None:
    root = Path("/")
    with pytest.raises(InvalidDetailsError):
        synthesise(root)
    assert said(check(root / "build-details.json")) == ["1:1 XBD101 : cannot be read: No such file or directory"]
    assert gather(root).prefix == root


@pytest.mark.parametrize("folder", ["lib/python3.14", "lib/python3.14/test", "bin"])
def test_a_file_may_be_named_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    tree = shutil.copytree(TREES / "good-3.14-riscv64", tmp_path / "tree")
    (tree / "lib/python3.14/test").mkdir()
    monkeypatch.chdir(tree / folder)
    name = os.path.relpath(tree / "lib/python3.14/build-details.json")
    assert check(Path(name)) == ()
    assert synthesise(Path(name).parent, relative=True).details.base_prefix == "../.."


@pytest.mark.parametrize("defect", ["another machine's library", "another machine's variables", "none"])
def test_no_fix_is_offered_that_a_repair_refuses(tmp_path: Path, defect: str) -> None:
    tree = shutil.copytree(TREES / "debian-3.14-riscv64", tmp_path / "tree")
    [file], target = discover_all(tree), get_target("riscv64")
    if defect == "another machine's library":
        library = "lib/x86_64-linux-gnu/libpython3.14.so"
        other = TREES / "debian-3.14-x86_64/usr" / library
        shutil.copyfile(other, tree / "usr" / library.replace("x86_64", "riscv64"))
    elif defect == "another machine's variables":
        target = get_target("s390x")
    findings = check(file, target=target)
    assert len(findings) > 5
    if defect == "none":
        assert {each.code for each in findings if each.fix} == {"XBD121", "XBD122", "XBD124", "XBD127"}
    else:
        assert not [each for each in findings if each.fix]
        with pytest.raises(DetailsError):
            repair(file, target=target)


def test_a_finding_about_another_file_has_no_fix(tmp_path: Path) -> None:
    """The headers' path and pyconfig.h have the same pointer; a repair of the one does not mend the other."""
    tree = shutil.copytree(TREES / "debian-3.14-riscv64", tmp_path / "tree")
    [file] = discover_all(tree)
    file.write_text(file.read_text("utf-8").replace('"/usr/include/python3.14"', '"/usr/include"'))
    found = {each.code: each.fix for each in check(file) if each.pointer == "/c_api/headers"}
    assert found["XBD163"] is None
    assert found["XBD154"] is not None
