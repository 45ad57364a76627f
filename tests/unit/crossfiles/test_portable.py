from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xbuild.crossfiles import bundle, portable, quoting
from xbuild.crossfiles.layout import Layout

if TYPE_CHECKING:
    from tests.unit.crossfiles.conftest import MakeSpec

    from xbuild.crossfiles.spec import CrossSpec

ROOT = Path("/sdk")
FOLDER = ROOT / "riscv64-cp313"


@pytest.fixture
def inside(make_spec: MakeSpec) -> CrossSpec:
    """A description with everything below the root."""
    return make_spec(root=FOLDER)


def seen(spec: CrossSpec, file: Path) -> tuple[CrossSpec, Layout]:
    return portable.as_seen_from(file, (spec, Layout.of(spec, FOLDER)), root=ROOT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/old", "/new"),
        ("/old/x", "/new/x"),
        ("/older", "/older"),
        ("/x/old/y", "/x/old/y"),
        ("-L/old/x", "-L/new/x"),
        ("--sysroot=/old", "--sysroot=/new"),
        ("/old/a:/b:/old/c", "/new/a:/b:/new/c"),
        ("/old/deep/x", "/other/x"),
    ],
)
def test_paths_in_texts_are_moved(text: str, expected: str) -> None:
    assert portable.moved(text, {Path("/old"): Path("/new"), Path("/old/deep"): Path("/other")}) == expected


def test_a_whole_description_is_moved(inside: CrossSpec) -> None:
    there = portable.moved(inside, {FOLDER: Path("/elsewhere")})
    assert "/sdk/" not in repr(there)
    assert there.toolchain.cc == Path("/elsewhere/toolchain/cc")
    assert there.python.details.base_prefix == "/elsewhere/python"
    assert portable.moved(there, {Path("/elsewhere"): FOLDER}) == inside


@pytest.mark.parametrize("name", sorted(bundle.RENDERERS))
def test_no_format_names_the_place(name: str, inside: CrossSpec) -> None:
    for file in (ROOT / "file", FOLDER / "file", FOLDER / "sysconfig" / "file"):
        text = bundle.render(name, *seen(inside, file))
        assert "/sdk" not in text
        assert "\0" not in text


def test_a_file_in_the_folder_looks_up_for_the_root(inside: CrossSpec) -> None:
    above = portable.as_seen_from(FOLDER / "file", (ROOT / "sysroot", FOLDER / "x"), root=ROOT)
    assert above == (Path(quoting.HERE, "..", "sysroot"), Path(quoting.HERE, "x"))
    text = bundle.render("cmake", *seen(inside, FOLDER / "toolchain.cmake"))
    assert 'set(CMAKE_C_COMPILER "${CMAKE_CURRENT_LIST_DIR}/toolchain/cc")' in text


def test_presets_say_which_cmake_knows_where_a_file_is(inside: CrossSpec) -> None:
    document = json.loads(bundle.render("presets", *seen(inside, ROOT / "presets.json")))
    assert (document["version"], document["cmakeMinimumRequired"]["minor"]) == (4, 23)
    assert document["configurePresets"][0]["toolchainFile"] == "${fileDir}/riscv64-cp313/toolchain.cmake"


def test_pkg_config_finds_the_headers_from_the_sysroot(inside: CrossSpec) -> None:
    """``${pcfiledir}`` has the sysroot put before it."""
    renderings = dict(bundle.renderings(inside, Layout.of(inside, FOLDER)))
    path = FOLDER / "pkgconfig" / "python3.pc"
    text = renderings[path](*seen(inside, path))
    assert "Cflags: --include-directory=${pc_sysrootdir}/../python/include/python3.13\n" in text


def test_the_sysconfig_module_finds_itself(inside: CrossSpec, tmp_path: Path) -> None:
    file = tmp_path / "moved" / "module.py"
    file.parent.mkdir()
    file.write_text(bundle.render("sysconfigdata", *seen(inside, FOLDER / "sysconfig" / "module.py")), "utf-8")
    variables: dict[str, object] = {"__file__": str(file)}
    exec(compile(file.read_text("utf-8"), str(file), "exec"), variables)  # noqa: S102, it is ours
    values = variables["build_time_vars"]
    assert isinstance(values, dict)
    assert values["prefix"] == f"{tmp_path}/moved/../python"
    assert values["CC"] == f'"{tmp_path}/moved/../toolchain/cc"'


def test_python_config_finds_itself(inside: CrossSpec, tmp_path: Path) -> None:
    script = tmp_path / "a b" / "python3.13-config"
    script.parent.mkdir()
    script.write_text(bundle.render("python_config", *seen(inside, FOLDER / "bin" / "x")), "utf-8")
    done = subprocess.run(["/bin/sh", str(script), "--prefix"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{script.parent}/../python\n"


def test_cargo_takes_paths_from_the_folder_above(inside: CrossSpec) -> None:
    parts = (inside, Layout.of(inside, FOLDER))
    text = bundle.render("cargo_config", *portable.moved(parts, {ROOT: Path("sdk")}))
    assert 'linker = "sdk/riscv64-cp313/toolchain/cc"\n' in text
    assert 'PYO3_CONFIG_FILE = { value = "sdk/riscv64-cp313/pyo3-config.txt", relative = true }\n' in text
    assert 'PYO3_CROSS = "1"\n' in text


@pytest.mark.parametrize(("name", "first"), [("meson", "# one\n# two\n"), ("env", "# one\n# two\n")])
def test_a_note_is_a_comment(name: str, first: str) -> None:
    assert portable.with_note(name, "text\n", ["one", "two"]) == f"{first}text\n"


def test_a_note_in_presets_is_the_vendors(inside: CrossSpec) -> None:
    text = portable.with_note("presets", bundle.render("presets", *seen(inside, ROOT / "x")), ["one"])
    assert json.loads(text)["vendor"] == {"xbuild": {"note": ["one"]}}


@pytest.mark.parametrize("variables", [{"A": "x"}, {"A": "x", "PYTHONPATH": f"{quoting.HERE}/p"}])
def test_a_sourced_file_sets_variables_and_leaves_no_others(variables: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "it's here.env"
    file.write_text(portable.sourced(file, variables), "utf-8")
    command = f'. "./{file.name}"; echo "$A ${{PYTHONPATH-}} ${{xbuild_here-none}}"'
    done = subprocess.run(
        ["/bin/sh", "-ec", command], cwd=tmp_path, env={"PYTHONPATH": "/u"}, capture_output=True, text=True, check=True
    )
    path = f"{tmp_path}/p:/u" if len(variables) > 1 else "/u"
    assert done.stdout == f"x {path} none\n"


def test_a_script_finds_what_is_beside_it(tmp_path: Path) -> None:
    script = tmp_path / "a $b" / "tool"
    script.parent.mkdir()
    arguments = ["%s|%s|%s|%s", f"{quoting.HERE}/../x", "it's"]
    script.write_text(portable.script("printf", arguments, {"B": "b"}), "utf-8")
    done = subprocess.run(["/bin/sh", str(script), "c d"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{script.parent}/../x|it's|c d|"
