"""Complete details from what lies in a tree, each value with its origin."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.support.details_cases import FILES, TREES

from xbuild.details import (
    Fix,
    InvalidDetailsError,
    Origin,
    check,
    compare,
    complete,
    discover,
    dumps,
    repair,
    synthesise,
)
from xbuild.errors import DetailsError
from xbuild.targets import get_target

if TYPE_CHECKING:
    from pathlib import Path

DEBIAN = sorted(TREES.glob("debian-*"))
RISCV = get_target("riscv64")
PATCHLEVEL_3_8 = """\
#define PY_MAJOR_VERSION        3
#define PY_MINOR_VERSION        8
#define PY_MICRO_VERSION        18
#define PY_RELEASE_LEVEL        PY_RELEASE_LEVEL_FINAL
#define PY_RELEASE_SERIAL       0
"""
VARIABLES_3_8 = """\
# system configuration generated and used by the sysconfig module
build_time_vars = {'ABIFLAGS': '',
 'BINDIR': '/opt/py/bin',
 'CC': 'aarch64-linux-gnu-gcc '
       '-pthread',
 'EXT_SUFFIX': '.cpython-38-aarch64-linux-gnu.so',
 'INCLUDEPY': '/opt/py/include/python3.8',
 'LDLIBRARY': 'libpython3.8.a',
 'LDVERSION': '3.8',
 'LIBDEST': '/opt/py/lib/python3.8',
 'LIBDIR': '/opt/py/lib',
 'LIBPL': '/opt/py/lib/python3.8/config-3.8-aarch64-linux-gnu',
 'LIBPYTHON': '',
 'LIBRARY': 'libpython3.8.a',
 'MULTIARCH': 'aarch64-linux-gnu',
 'Py_ENABLE_SHARED': 0,
 'SOABI': 'cpython-38-aarch64-linux-gnu',
 'VERSION': '3.8',
 'prefix': '/opt/py'}
"""
VERSION_3_8 = {"major": 3, "minor": 8, "micro": 18, "releaselevel": "final", "serial": 0}


def stdlib_of(tree: Path) -> Path:
    [stdlib] = tree.glob("usr/lib/python3*")
    return stdlib


def copy(name: str, tmp_path: Path) -> Path:
    return shutil.copytree(TREES / name, tmp_path / "tree")


@pytest.mark.parametrize("tree", DEBIAN, ids=lambda path: path.name)
def test_every_tree_of_debian_is_completed(tree: Path) -> None:
    _, version, name = tree.name.split("-")
    target, stdlib, nodot = get_target(name), stdlib_of(tree), version.replace(".", "")
    completed = complete(stdlib, prefix=tree / "usr", target=target)
    details = completed.details
    assert (details.base_prefix, details.platform) == ("../..", target.platform)
    assert details.abi is not None
    assert details.abi.extension_suffix == f".cpython-{nodot}-{target.triplet}.so"
    stable = f".abi3-{target.triplet}.so" if version == "3.15" else ".abi3.so"
    assert details.abi.stable_abi_suffix == stable
    assert details.libpython is not None
    assert details.libpython.dynamic == f"lib/{target.triplet}/libpython{version}.so"
    assert details.libpython.link_extensions is False
    assert completed.file == discover(stdlib)
    assert complete(stdlib, prefix=tree / "usr", target=target) == completed


@pytest.mark.parametrize("tree", DEBIAN, ids=lambda path: path.name)
def test_a_synthesised_file_means_what_the_repaired_one_does(tree: Path) -> None:
    made = synthesise(stdlib_of(tree))
    assert made.file is None
    target = get_target(tree.name.split("-")[2])
    assert compare(made.details, complete(stdlib_of(tree), prefix=tree / "usr", target=target).details) == ()


def test_a_file_for_a_built_3_8_is_made_from_its_python_variables_and_headers(tmp_path: Path) -> None:
    """As CPython's own `make install` lays it out, with a static library only."""
    stdlib, headers = tmp_path / "py/lib/python3.8", tmp_path / "py/include/python3.8"
    library = stdlib / "config-3.8-aarch64-linux-gnu"
    for folder in (library, headers):
        folder.mkdir(parents=True)
    (library / "libpython3.8.a").touch()
    (headers / "Python.h").touch()
    (headers / "pyconfig.h").write_text("#define SIZEOF_VOID_P 8\n/* #undef Py_DEBUG */\n")
    (headers / "patchlevel.h").write_text(PATCHLEVEL_3_8)
    (stdlib / "os.py").touch()
    (stdlib / "_sysconfigdata__linux_aarch64-linux-gnu.py").write_text(VARIABLES_3_8)
    assert synthesise(stdlib).details.to_dict() == {
        "schema_version": "1.0",
        "base_prefix": "/opt/py",
        "base_interpreter": "/opt/py/bin/python3.8",
        "platform": "linux-aarch64",
        "language": {"version": "3.8", "version_info": VERSION_3_8},
        "implementation": {
            "name": "cpython",
            "version": VERSION_3_8,
            "hexversion": 0x030812F0,
            "cache_tag": "cpython-38",
            "_multiarch": "aarch64-linux-gnu",
        },
        "abi": {
            "flags": [],
            "extension_suffix": ".cpython-38-aarch64-linux-gnu.so",
            "stable_abi_suffix": ".abi3.so",
        },
        "suffixes": {
            "source": [".py"],
            "bytecode": [".pyc"],
            "extensions": [".cpython-38-aarch64-linux-gnu.so", ".abi3.so", ".so"],
        },
        "libpython": {
            "static": "/opt/py/lib/python3.8/config-3.8-aarch64-linux-gnu/libpython3.8.a",
            "link_extensions": False,
        },
        "c_api": {"headers": "/opt/py/include/python3.8"},
    }
    assert synthesise(stdlib, relative=True).details.base_prefix == "../.."


def test_the_origins_of_a_repair() -> None:
    tree = TREES / "debian-3.14-armv7l"
    variables = "_sysconfig_vars__linux_arm-linux-gnueabihf.json"
    library = "lib/arm-linux-gnueabihf/libpython3.14.so"
    assert complete(stdlib_of(tree), prefix=tree / "usr", target=get_target("armv7l")).origins == (
        Origin(pointer="/platform", origin="target armv7l", old="linux-armv8l"),
        Origin(pointer="/abi/extension_suffix", origin=f"{variables}: EXT_SUFFIX"),
        Origin(pointer="/abi/stable_abi_suffix", origin=f"{variables}: EXT_SUFFIX"),
        Origin(pointer="/libpython/dynamic", origin=f"{library}, after {variables}: LIBDIR, LDLIBRARY"),
        Origin(pointer="/libpython/link_extensions", origin=f"{variables}: LIBPYTHON"),
    )


def test_the_origins_of_a_synthesis() -> None:
    tree = TREES / "debian-3.11-aarch64"
    variables, headers = "_sysconfigdata__aarch64-linux-gnu.py", "include/python3.11/patchlevel.h: PY_VERSION"
    library = "lib/aarch64-linux-gnu/libpython3.11"
    assert {origin.pointer: origin.origin for origin in synthesise(stdlib_of(tree)).origins} == {
        "/schema_version": "the version of the specification that xbuild writes",
        "/base_interpreter": f"{variables}: BINDIR, LDVERSION",
        "/platform": f"{variables}: MULTIARCH",
        "/language/version": headers,
        "/language/version_info": headers,
        "/implementation/version": headers,
        "/implementation/hexversion": headers,
        "/implementation/name": f"{variables}: SOABI",
        "/implementation/cache_tag": headers,
        "/implementation/_multiarch": f"{variables}: MULTIARCH",
        "/abi/flags": f"{variables}: ABIFLAGS",
        "/abi/extension_suffix": f"{variables}: EXT_SUFFIX",
        "/suffixes/source": "CPython's importlib.machinery, of every version",
        "/suffixes/bytecode": "CPython's importlib.machinery, of every version",
        "/suffixes/extensions": f"{variables}: EXT_SUFFIX; the import table in {library}.so",
        "/abi/stable_abi_suffix": f"{variables}: EXT_SUFFIX; the import table in {library}.so",
        "/libpython/dynamic": f"{library}.so, after {variables}: LIBDIR, LDLIBRARY",
        "/libpython/static": f"{library}.a, after {variables}: LIBDIR, LIBRARY",
        "/libpython/link_extensions": f"{variables}: LIBPYTHON",
        "/c_api/headers": f"{variables}: INCLUDEPY",
        "/c_api/pkgconfig_path": f"lib/aarch64-linux-gnu/pkgconfig/python-3.11.pc, after {variables}: LIBPC",
    }


def test_a_synthesised_file_is_absolute_or_relocatable() -> None:
    stdlib = stdlib_of(TREES / "debian-3.13-riscv64")
    absolute, relative = (synthesise(stdlib, relative=style).details for style in (False, True))
    assert (absolute.base_prefix, absolute.base_interpreter) == ("/usr", "/usr/bin/python3.13")
    assert (relative.base_prefix, relative.base_interpreter) == ("../..", "bin/python3.13")
    assert dumps(relative).startswith('{\n  "schema_version": "1.0",\n  "base_prefix": "../..",\n')


def test_without_a_library_the_interpreter_is_looked_into(tmp_path: Path) -> None:
    tree = copy("debian-3.13-riscv64", tmp_path)
    library = tree / "usr/lib/riscv64-linux-gnu/libpython3.13.so"
    library.rename(tree / "usr/bin/python3.13")
    details = synthesise(stdlib_of(tree)).details
    assert details.suffixes is not None
    assert ".abi3-riscv64-linux-gnu.so" in details.suffixes["extensions"]
    assert details.libpython is not None
    assert (details.libpython.dynamic, details.libpython.link_extensions) == (None, False)


@pytest.mark.parametrize("binary", ["no library", "another machine's", "another interpreter's"])
def test_a_binary_without_the_interpreters_table_proves_nothing(tmp_path: Path, binary: str) -> None:
    """A program that is linked to libpython has no import table; what the file says of it stays."""
    tree = copy("good-3.14-riscv64", tmp_path)
    library = tree / "lib/riscv64-linux-gnu/libpython3.14.so"
    match binary:
        case "no library":
            library.unlink()
        case "another machine's":
            other = TREES / "debian-3.14-x86_64/usr/lib/x86_64-linux-gnu/libpython3.14.so"
            library.write_bytes(other.read_bytes() + b".cpython-314-riscv64-linux-gnu.so\0")
        case _:
            library.write_bytes(library.read_bytes().replace(b"cpython-314", b"cpython-313"))
    file = tree / "lib/python3.14/build-details.json"
    assert [finding.code for finding in check(file) if finding.pointer == "/suffixes/extensions"] == []
    if binary != "another machine's":
        assert repair(file).diff() == ""


def test_without_binaries_the_rule_of_the_version_applies(tmp_path: Path) -> None:
    tree = copy("debian-3.13-riscv64", tmp_path)
    for file in (
        "usr/lib/riscv64-linux-gnu/libpython3.13.so",
        "usr/lib/riscv64-linux-gnu/libpython3.13.a",
        "usr/bin/python3.13",
    ):
        (tree / file).unlink()
    details = synthesise(stdlib_of(tree)).details
    assert details.suffixes is not None
    assert details.suffixes["extensions"] == (".cpython-313-riscv64-linux-gnu.so", ".abi3.so", ".so")
    assert details.libpython is not None
    assert details.libpython.static is None


def test_without_variables_headers_and_target_suffice_but_for_the_name(tmp_path: Path) -> None:
    tree = copy("good-3.14-riscv64", tmp_path)
    stdlib = tree / "lib/python3.14"
    for file in stdlib.glob("_sysconfig*"):
        file.unlink()
    (stdlib / "os.py").touch()
    completed = complete(stdlib, prefix=tree, target=RISCV)
    assert completed.origins == ()
    (stdlib / "build-details.json").unlink()
    with pytest.raises(InvalidDetailsError) as raised:
        synthesise(stdlib, target=RISCV)
    assert [str(problem) for problem in raised.value.problems] == [
        "/implementation/name: missing; expected a string [XBD110]"
    ]
    assert raised.value.hint == (
        "the files beside it do not say more: is this the standard library of a whole installation?"
    )


def test_without_variables_the_suffix_is_made_of_target_version_and_flags(tmp_path: Path) -> None:
    tree = copy("good-3.14-riscv64", tmp_path)
    stdlib = tree / "lib/python3.14"
    next(stdlib.glob("_sysconfig*")).unlink()
    document = json.loads((stdlib / "build-details.json").read_bytes())
    del document["abi"], document["suffixes"]
    (stdlib / "build-details.json").write_text(json.dumps(document))
    completed = complete(stdlib, prefix=tree, target=RISCV)
    assert completed.details.abi is not None
    assert completed.details.abi.extension_suffix == ".cpython-314-riscv64-linux-gnu.so"
    assert completed.origins[1] == Origin(
        pointer="/abi/extension_suffix",
        origin="target riscv64; include/python3.14/patchlevel.h: PY_VERSION; "
        "include/python3.14/pyconfig.h: Py_GIL_DISABLED, Py_DEBUG",
    )


def test_without_headers_the_variables_know_the_version(tmp_path: Path) -> None:
    tree = copy("debian-3.14-riscv64", tmp_path)
    shutil.rmtree(tree / "usr/include")
    details = synthesise(stdlib_of(tree)).details
    assert details.language.version == "3.14"
    assert details.c_api is not None
    assert details.c_api.headers == "/usr/include/python3.14"


def test_a_build_needs_the_headers(tmp_path: Path) -> None:
    tree = copy("debian-3.14-riscv64", tmp_path)
    shutil.rmtree(tree / "usr/include")
    with pytest.raises(DetailsError) as raised:
        complete(stdlib_of(tree), prefix=tree / "usr", target=RISCV)
    assert raised.value.message == f"{tree}/usr: no Python.h: expected it in include/python3.14"
    assert raised.value.hint == "Debian has the headers in libpython3.X-dev"


def test_nothing_to_go_by(tmp_path: Path) -> None:
    with pytest.raises(DetailsError) as raised:
        complete(tmp_path, prefix=tmp_path, target=RISCV)
    assert raised.value.message == f"{tmp_path}: no Python.h: expected it in include/pythonX.Y"
    with pytest.raises(InvalidDetailsError) as invalid:
        synthesise(tmp_path)
    assert "/language: missing; expected an object [XBD110]" in map(str, invalid.value.problems)


def test_another_machines_tree_is_refused() -> None:
    tree = TREES / "debian-3.14-aarch64"
    with pytest.raises(DetailsError) as raised:
        complete(stdlib_of(tree), prefix=tree / "usr", target=RISCV)
    assert raised.value.message == (
        f"{stdlib_of(tree)}: files of aarch64-linux-gnu, expected riscv64-linux-gnu "
        "(_sysconfig_vars__linux_aarch64-linux-gnu.json: MULTIARCH)"
    )
    assert raised.value.hint == "give the target these files are for, or files of riscv64"


def test_another_machines_library_is_refused(tmp_path: Path) -> None:
    tree = copy("debian-3.14-riscv64", tmp_path)
    library = tree / "usr/lib/riscv64-linux-gnu/libpython3.14.so"
    shutil.copyfile(TREES / "debian-3.14-x86_64/usr/lib/x86_64-linux-gnu/libpython3.14.so", library)
    with pytest.raises(DetailsError) as raised:
        complete(stdlib_of(tree), prefix=tree / "usr", target=RISCV)
    assert raised.value.message == (f"{library}: 64-bit little-endian EM_X86_64, flags 0x0; expected a file of riscv64")


def test_the_prefix_is_where_the_variables_place_the_library(tmp_path: Path) -> None:
    """A standard library three folders below its prefix, as LIBDEST says."""
    tree = copy("debian-3.14-riscv64", tmp_path) / "usr"
    deep = tree / "lib/x/python3.14"
    deep.parent.mkdir()
    (tree / "lib/python3.14").rename(deep)
    file = deep / "_sysconfig_vars__linux_riscv64-linux-gnu.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"LIBDEST": "/usr/lib/x/python3.14"}))
    assert synthesise(deep, relative=True).details.base_prefix == "../../.."
    for unusable in ("/elsewhere", "", "lib"):
        file.write_text(json.dumps(json.loads(file.read_bytes()) | {"LIBDEST": unusable}))
        assert synthesise(deep, relative=True).details.base_prefix == "../.."
        assert synthesise(deep, prefix=tree, relative=True).details.base_prefix == "../../.."


def test_a_free_threaded_build_with_headers_found_by_the_librarys_name(tmp_path: Path) -> None:
    stdlib, include = tmp_path / "lib/python3.14t", tmp_path / "include/python3.14t"
    shutil.copytree(TREES / "good-3.14-riscv64/include/python3.14", include)
    (include / "pyconfig.h").write_text("#define Py_GIL_DISABLED 1\n#define SIZEOF_VOID_P 8\n")
    stdlib.mkdir(parents=True)
    shutil.copyfile(FILES / "free-threaded-ppc64le-without-t.json", stdlib / "build-details.json")
    completed = complete(stdlib, prefix=tmp_path, target=get_target("ppc64le"))
    assert completed.details.abi is not None
    assert completed.details.abi.flags == ("t",)
    assert completed.details.abi.stable_abi_suffix is None
    assert completed.details.c_api is not None
    assert completed.details.c_api.headers == "include/python3.14t"


def test_what_an_armv6_says_of_itself_is_left_alone(tmp_path: Path) -> None:
    """Raspbian shares Debian's triplet; its machine is older."""
    tree = copy("debian-3.14-armv7l", tmp_path)
    file = discover(tree)
    assert file is not None
    file.write_text(file.read_text("utf-8").replace("armv8l", "armv6l"))
    assert json.loads(repair(file).after)["platform"] == "linux-armv6l"
    assert not [finding for finding in check(file) if finding.pointer == "/platform"]


def test_a_repair_keeps_the_indent(tmp_path: Path) -> None:
    file = tmp_path / "build-details.json"
    document = json.loads((FILES / "empty-platform.json").read_bytes())
    file.write_text(json.dumps(document, indent="\t"))
    repaired = repair(file)
    assert '\n\t"platform": "linux-aarch64",\n' in repaired.after
    assert "\\ No newline at end of file" in repaired.diff()
    file.write_text(json.dumps(document))
    assert '\n  "platform": "linux-aarch64",\n' in repair(file).after


def test_a_diff_of_a_repair() -> None:
    file = FILES / "empty-platform.json"
    assert repair(file).diff() == (
        f"--- {file}\n"
        f"+++ {file} (repaired)\n"
        "@@ -2,7 +2,7 @@\n"
        '   "schema_version": "1.0",\n'
        '   "base_prefix": "/usr/local",\n'
        '   "base_interpreter": "/usr/local/bin/python3.14",\n'
        '-  "platform": "",\n'
        '+  "platform": "linux-aarch64",\n'
        '   "language": {\n'
        '     "version": "3.14",\n'
        '     "version_info": {\n'
    )


def test_the_old_name_of_the_interpreter(tmp_path: Path) -> None:
    file = tmp_path / "build-details.json"
    document = json.loads((FILES / "relocatable-aarch64.json").read_bytes())
    document["interpreter"] = {"path": document.pop("base_interpreter")}
    file.write_text(json.dumps(document))
    repaired = repair(file)
    after = json.loads(repaired.after)
    assert (after["base_interpreter"], "interpreter" in after) == ("./bin/python3.14", False)
    assert repaired.origins == (
        Origin(pointer="/base_interpreter", origin="interpreter.path, its name in a draft"),
        Origin(pointer="/interpreter/path", origin="base_interpreter is its name now", old="./bin/python3.14"),
        Origin(
            pointer="/interpreter",
            origin="a draft's object, with nothing left in it",
            old={"path": "./bin/python3.14"},
        ),
    )


def test_an_empty_object_of_a_draft_is_removed_with_an_origin(tmp_path: Path) -> None:
    file = tmp_path / "build-details.json"
    document = json.loads((FILES / "relocatable-aarch64.json").read_bytes())
    for left in ({}, {"path": 5}, {"path": "./bin/python3.14", "colour": "red"}):
        file.write_text(json.dumps(document | {"interpreter": left}))
        repaired = repair(file)
        assert ("interpreter" in json.loads(repaired.after)) == bool(left)
        assert bool(repaired.origins) == bool(repaired.diff())


def test_both_names_are_one_too_many(tmp_path: Path) -> None:
    file = tmp_path / "build-details.json"
    document = json.loads((FILES / "relocatable-aarch64.json").read_bytes())
    document["c_api"]["include"] = "elsewhere"
    file.write_text(json.dumps(document))
    assert json.loads(repair(file).after)["c_api"] == {
        "headers": "./include/python3.14",
        "pkgconfig_path": "./lib/pkgconfig",
    }


PREFIX_KNOWN = "_sysconfig_vars__linux_riscv64-linux-gnu.json: LIBDEST, prefix"


@pytest.mark.parametrize(
    ("changes", "expected", "origin"),
    [
        ({"base_prefix": ".."}, "../..", PREFIX_KNOWN),
        ({"base_prefix": "../../../tree"}, "../../../tree", None),
        ({"base_prefix": None}, "../..", PREFIX_KNOWN),
        ({"base_prefix": 7}, "../..", PREFIX_KNOWN),
        ({"base_prefix": ""}, "../..", PREFIX_KNOWN),
        ({"base_prefix": "/opt/py"}, "/usr", "_sysconfig_vars__linux_riscv64-linux-gnu.json: prefix"),
        (
            {"base_prefix": None, "base_interpreter": "/usr/bin/python3.14"},
            "/usr",
            "_sysconfig_vars__linux_riscv64-linux-gnu.json: prefix",
        ),
        ({"base_prefix": "/usr/"}, "/usr/", None),
    ],
)
def test_a_repair_of_the_prefix(tmp_path: Path, changes: dict[str, object], expected: str, origin: str | None) -> None:
    file = copy("good-3.14-riscv64", tmp_path) / "lib/python3.14/build-details.json"
    document = json.loads(file.read_bytes()) | changes
    old = document["base_prefix"]
    file.write_text(json.dumps({key: value for key, value in document.items() if value is not None}))
    repaired = repair(file)
    after = json.loads(repaired.after)
    assert after["base_prefix"] == expected
    assert repaired.origins == (() if origin is None else (Origin(pointer="/base_prefix", origin=origin, old=old),))
    [*fixes] = [(each.pointer, each.fix.value, each.fix.origin) for each in check(file) if each.fix]
    assert fixes == ([] if origin is None else [("/base_prefix", expected, origin)])
    file.write_text(repaired.after)
    assert check(file) == ()


def test_a_prefix_that_is_only_supposed_is_not_written(tmp_path: Path) -> None:
    """Without variables, a standard library lies two folders below the prefix, most often."""
    stdlib = copy("good-3.14-riscv64", tmp_path) / "lib/python3.14"
    next(stdlib.glob("_sysconfig*")).unlink()
    (stdlib / "os.py").touch()
    file = stdlib / "build-details.json"
    file.write_text(file.read_text("utf-8").replace('"../.."', '".."'))
    [finding] = check(file)
    assert (finding.code, finding.expected, finding.fix) == ("XBD158", "../..", None)
    assert repair(file).diff() == ""


def test_the_prefix_of_a_relocatable_synthesis_has_an_origin() -> None:
    origins = {
        each.pointer: each.origin
        for each in synthesise(TREES / "good-3.14-riscv64/lib/python3.14", relative=True).origins
    }
    assert origins["/base_prefix"] == PREFIX_KNOWN


def test_a_wrong_cache_tag_is_repaired(tmp_path: Path) -> None:
    file = copy("good-3.14-riscv64", tmp_path) / "lib/python3.14/build-details.json"
    file.write_text(file.read_text("utf-8").replace('cpython-314"', 'cpython-313"'))
    [finding] = check(file)
    origin = "include/python3.14/patchlevel.h: PY_VERSION"
    assert (finding.code, finding.fix) == ("XBD134", Fix(value="cpython-314", origin=origin))
    assert json.loads(repair(file).after)["implementation"]["cache_tag"] == "cpython-314"


def with_paths(tmp_path: Path, **changes: str) -> Path:
    file = copy("good-3.14-riscv64", tmp_path) / "lib/python3.14/build-details.json"
    document = json.loads(file.read_bytes())
    document["c_api"] |= changes
    file.write_text(json.dumps(document))
    return file


def test_absolute_paths_beside_a_relative_prefix_are_the_trees(tmp_path: Path) -> None:
    file = with_paths(tmp_path, headers="/usr/include/python3.14", pkgconfig_path="/usr/lib/pkgconfig")
    assert [finding.message for finding in check(file)] == [
        'expected "lib/riscv64-linux-gnu/pkgconfig", found "/usr/lib/pkgconfig", where there is no python*.pc'
    ]
    assert json.loads(repair(file, relative=True).after)["c_api"] == {
        "headers": "include/python3.14",
        "pkgconfig_path": "lib/riscv64-linux-gnu/pkgconfig",
    }


def test_an_absolute_path_that_nothing_places_in_the_tree_is_left_alone(tmp_path: Path) -> None:
    """And is not looked for on the build machine, which has folders of these names."""
    file = with_paths(tmp_path, headers="/usr/include", pkgconfig_path="/nowhere")
    next(file.parent.glob("_sysconfig*")).unlink()
    (file.parent / "os.py").touch()
    assert check(file) == ()
    assert repair(file, relative=True).diff() == ""
