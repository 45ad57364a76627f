"""A toolchain file of the user's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from xbuild.errors import ToolchainError
from xbuild.resources import data_path
from xbuild.targets import get_target
from xbuild.toolchains import Command, Settings, ToolchainPlan, materialise, with_pkg_config
from xbuild.toolchains.own import file_plan
from xbuild.toolchains.own_file import read_own_file, read_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from xbuild.targets import Target

GNU = ("t-gcc-13", "t-g++-13", "t-gfortran-13", "t-ar", "t-ranlib", "t-strip", "t-nm", "ar", "g++")
HINT = 'the least it needs: [toolchain] family = "gcc" and [tools] cc = "/path/to/<triplet>-gcc"'


@pytest.fixture
def load(tmp_path: Path, riscv64: Target, fake_run: Callable[..., Any]) -> Callable[..., ToolchainPlan]:
    """Return what plans from the text of a file in ``tmp_path``, with ``bin`` there on the search path."""

    def plan(text: str) -> ToolchainPlan:
        file = tmp_path / "own.toml"
        file.write_text(text, encoding="utf-8")
        run = fake_run(**{"--version": "t-gcc (X) 13.2.0\n"})
        return file_plan(file, target=riscv64, search_path=str(tmp_path / "bin"), run=run)

    return plan


def problem(load: Callable[..., ToolchainPlan], text: str) -> str:
    with pytest.raises(ToolchainError) as caught:
        load(text)
    assert caught.value.hint == HINT
    return caught.value.message


def test_the_schema_is_a_schema() -> None:
    schema = json.loads(data_path("schemas", "toolchain.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)


def test_tools_that_are_left_out_are_derived_from_the_compilers_name(
    load: Callable[..., ToolchainPlan], programs: Callable[..., Path]
) -> None:
    home = programs(*GNU, folder="x/bin")
    plan = load('[toolchain]\nfamily = "gcc"\n[tools]\ncc = ["x/bin/t-gcc-13", "-mabi=lp64d"]\n')
    assert plan.tools == {
        "cc": Command(program=home / "t-gcc-13", arguments=("-mabi=lp64d",)),
        "cxx": Command(program=home / "t-g++-13", arguments=("-mabi=lp64d",)),
        "fc": Command(program=home / "t-gfortran-13", arguments=("-mabi=lp64d",)),
        "ar": Command(program=home / "t-ar"),
        "ranlib": Command(program=home / "t-ranlib"),
        "strip": Command(program=home / "t-strip"),
        "nm": Command(program=home / "t-nm"),
    }
    assert (plan.kind, plan.family, plan.version, plan.triplet) == ("file", "gcc", "13.2.0", "riscv64-linux-gnu")


def test_what_is_given_is_taken_and_a_bare_name_is_looked_up_on_the_search_path(
    load: Callable[..., ToolchainPlan], programs: Callable[..., Path]
) -> None:
    home = programs("t-cc", "t-ar", "t-ranlib", "t-strip", "better-ar", "c++")
    plan = load(
        '[toolchain]\nfamily = "gcc"\nversion = "mine"\n[tools]\n'
        'cc = "t-cc"\ncxx = ["c++", "-x"]\nar = ["better-ar", "--plugin"]\n'
    )
    assert plan.tools["cc"] == Command(program=home / "t-cc")
    assert plan.tools["cxx"] == Command(program=home / "c++", arguments=("-x",))
    assert plan.tools["ar"] == Command(program=home / "better-ar", arguments=("--plugin",))
    assert plan.version == "mine"


def test_clangs_tools_have_llvms_names(load: Callable[..., ToolchainPlan], programs: Callable[..., Path]) -> None:
    programs("clang-19", "clang++-19", "llvm-ar-19", "llvm-ranlib", "llvm-strip-19", "ar", "ld")
    plan = load('[toolchain]\nfamily = "clang"\n[tools]\ncc = ["clang-19", "--target=riscv64-linux-gnu"]\n')
    assert {name: tool.program.name for name, tool in plan.tools.items()} == {
        "cc": "clang-19",
        "cxx": "clang++-19",
        "ar": "llvm-ar-19",
        "ranlib": "llvm-ranlib",
        "strip": "llvm-strip-19",
    }
    assert plan.tools["cxx"].arguments == ("--target=riscv64-linux-gnu",)


def test_without_a_prefix_nothing_is_taken_from_the_search_path(
    load: Callable[..., ToolchainPlan], programs: Callable[..., Path], tmp_path: Path
) -> None:
    programs("g++", "ar", "ranlib", "strip")
    home = programs("gcc", folder="x")
    assert problem(load, '[toolchain]\nfamily = "gcc"\n[tools]\ncc = "x/gcc"\n') == (
        f"{tmp_path}/own.toml is not a valid toolchain file: "
        f"\n  tools.ar: missing, and there is none beside {home}/gcc"
        f"\n  tools.ranlib: missing, and there is none beside {home}/gcc"
        f"\n  tools.strip: missing, and there is none beside {home}/gcc"
    )


def test_a_compiler_with_a_name_of_its_own_has_no_siblings(
    load: Callable[..., ToolchainPlan], programs: Callable[..., Path]
) -> None:
    programs("own", "a", "b", "c")
    plan = load('[toolchain]\nfamily = "gcc"\n[tools]\ncc = "own"\nar = "a"\nranlib = "b"\nstrip = "c"\n')
    assert set(plan.tools) == {"cc", "ar", "ranlib", "strip"}


def test_the_sysroot_goes_to_the_compilers_in_front(
    load: Callable[..., ToolchainPlan], programs: Callable[..., Path], tmp_path: Path
) -> None:
    programs(*GNU)
    (tmp_path / "root").mkdir()
    plan = load('[toolchain]\nfamily = "gcc"\nsysroot = "root"\n[tools]\ncc = ["t-gcc-13", "-m64"]\n')
    assert plan.tools["cc"].arguments == (f"--sysroot={tmp_path}/root", "-m64")
    assert plan.tools["cxx"].arguments == (f"--sysroot={tmp_path}/root", "-m64")
    assert plan.tools["ar"].arguments == ()


def test_all_that_is_missing_is_said_at_once(load: Callable[..., ToolchainPlan], tmp_path: Path) -> None:
    text = '[toolchain]\nfamily = "gcc"\nsysroot = "s"\n[tools]\ncc = ["x/gcc", "-m64"]\nar = "no-ar"\n'
    assert problem(load, text) == (
        f"{tmp_path}/own.toml is not a valid toolchain file: "
        f"\n  tools.cc[0]: no executable {tmp_path}/x/gcc"
        "\n  tools.ar: no 'no-ar' on PATH"
        f"\n  toolchain.sysroot: no folder {tmp_path}/s"
    )


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("", "\n  top level: 'toolchain' is a required property\n  top level: 'tools' is a required property"),
        (
            '[toolchain]\nfamily = "msvc"\nversion = 3\n[tools]\ncc = 4\nld = []\nlinker = "x"\n',
            (
                "\n  toolchain.family: expected one of 'gcc', 'clang', found 'msvc'"
                "\n  toolchain.version: expected string, found 3"
                "\n  tools: Additional properties are not allowed ('linker' was unexpected)"
                "\n  tools.cc: expected a program, or a list of a program and its arguments, found 4"
                "\n  tools.ld: expected a program, or a list of a program and its arguments, found []"
            ),
        ),
        ('[toolchain]\nfamily = "gcc"\n[tools]\n', "tools: 'cc' is a required property"),
    ],
)
def test_every_breach_of_the_schema_is_said_with_its_key(
    load: Callable[..., ToolchainPlan], tmp_path: Path, text: str, listed: str
) -> None:
    assert problem(load, text) == f"{tmp_path}/own.toml is not a valid toolchain file: {listed}"


def test_what_is_not_toml_is_said_with_its_place(load: Callable[..., ToolchainPlan], tmp_path: Path) -> None:
    assert problem(load, "[toolchain\n").startswith(f"{tmp_path}/own.toml is not TOML: ")


def test_a_file_that_is_not_there_is_named(tmp_path: Path, riscv64: Target) -> None:
    with pytest.raises(ToolchainError) as caught:
        file_plan(tmp_path / "x.toml", target=riscv64, search_path="")
    assert caught.value.message == f"cannot read the toolchain file {tmp_path}/x.toml: No such file or directory"


class TestWhatBelongsToTheCompilers:
    def read(self, folder: Path, tables: str) -> Settings:
        file = folder / "own.toml"
        file.write_text(f'[toolchain]\nfamily = "gcc"\n[tools]\ncc = "x/gcc"\n{tables}', encoding="utf-8")
        return read_own_file(file, search_path=str(folder / "bin")).settings

    def test_is_read(self, programs: Callable[..., Path], tmp_path: Path) -> None:
        programs("gcc", folder="x")
        home = programs("qemu-riscv64", "python3.14", "cc", "c++", "pkgconf")
        (tmp_path / "root").mkdir()
        (tmp_path / "details.json").touch()
        tables = """\
[target]
name = "riscv"
sysroot = "root"
python = "3.14t"
build-details = "details.json"
pkg-config-dirs = ["more/pkgconfig"]
[emulator]
qemu = "qemu-riscv64"
cpu = "rv64"
[build]
python = "python3.14"
cc = "cc"
cxx = "bin/c++"
pkg-config = "pkgconf"
"""
        assert self.read(tmp_path, tables) == Settings(
            target=get_target("riscv64"),
            sysroot=tmp_path / "root",
            python="3.14t",
            build_details=tmp_path / "details.json",
            pkg_config_dirs=(tmp_path / "more/pkgconfig",),
            qemu=home / "qemu-riscv64",
            cpu="rv64",
            build_python=home / "python3.14",
            tools={"cc": home / "cc", "c++": home / "c++", "pkg-config": home / "pkgconf"},
        )

    def test_the_compilers_sysroot_is_the_targets(self, programs: Callable[..., Path], tmp_path: Path) -> None:
        programs("gcc", folder="x")
        (tmp_path / "root").mkdir()
        file = tmp_path / "own.toml"
        file.write_text('[toolchain]\nfamily = "gcc"\nsysroot = "root"\n[tools]\ncc = "x/gcc"\n', encoding="utf-8")
        assert read_own_file(file, search_path="").settings == Settings(sysroot=tmp_path / "root")

    def test_what_is_not_there_is_said_at_once(self, tmp_path: Path) -> None:
        tables = """\
[target]
name = "rscv64"
sysroot = "s"
build-details = "d.json"
[emulator]
qemu = "qemu"
[build]
cc = "x/cc"
"""
        with pytest.raises(ToolchainError) as caught:
            self.read(tmp_path, tables)
        listed = caught.value.message.split("\n  ")
        assert listed[0] == f"{tmp_path}/own.toml is not a valid toolchain file: "
        assert listed[1] == f"tools.cc: no executable {tmp_path}/x/gcc"
        assert listed[2].startswith("target.name: unknown target 'rscv64' (did you mean 'riscv64'?")
        assert listed[3:] == [
            f"target.sysroot: no folder {tmp_path}/s",
            f"build.cc: no executable {tmp_path}/x/cc",
            f"target.build-details: no file {tmp_path}/d.json",
            "emulator.qemu: no 'qemu' on PATH",
        ]

    def test_the_target_can_be_asked_for_alone(self, tmp_path: Path) -> None:
        file = tmp_path / "own.toml"
        least = '[toolchain]\nfamily = "gcc"\n[tools]\ncc = "none"\n'
        file.write_text(least, encoding="utf-8")
        assert read_target(file) is None
        file.write_text(f'{least}[target]\nname = "ppc64le"\n', encoding="utf-8")
        assert read_target(file) == get_target("ppc64le")


class TestWrappersOfAnotherToolchain:
    @pytest.fixture
    def plan(self, programs: Callable[..., Path]) -> ToolchainPlan:
        home = programs("real-cc", "real-ar")
        tools = {name: Command(program=home / "real-ar") for name in ("ar", "ranlib", "strip")}
        cc = Command(program=home / "real-cc", arguments=("-target", "x"), environment={"A": "1"}, unset=("B",))
        return ToolchainPlan(
            kind="zig",
            family="clang",
            version="zig 1",
            triplet="riscv64-linux-gnu",
            tools={"cc": cc, **tools},  # type: ignore[dict-item]  # the names are those of tools
        )

    def test_mean_that_toolchain(self, plan: ToolchainPlan, load: Callable[..., ToolchainPlan], tmp_path: Path) -> None:
        wrapped = with_pkg_config(plan, Path("/usr/bin/pkg-config"), sysroot=tmp_path, directories=[])
        toolchain = materialise(wrapped, tmp_path / "wrappers")
        assert load(f'[toolchain]\nfamily = "gcc"\n[tools]\ncc = "{toolchain.cc}"\nar = "{toolchain.ar}"\n') == plan

    def test_unless_they_are_given_arguments(
        self, plan: ToolchainPlan, load: Callable[..., ToolchainPlan], tmp_path: Path
    ) -> None:
        toolchain = materialise(plan, tmp_path / "wrappers")
        found = load(f'[toolchain]\nfamily = "gcc"\n[tools]\ncc = ["{toolchain.cc}", "-g"]\n')
        assert (found.kind, found.tools["cc"]) == ("file", Command(program=toolchain.cc, arguments=("-g",)))

    def test_or_are_someone_elses(
        self, plan: ToolchainPlan, load: Callable[..., ToolchainPlan], tmp_path: Path
    ) -> None:
        toolchain = materialise(plan, tmp_path / "wrappers")
        (toolchain.cc.parent / "plan.json").write_text('{"kind": 1}', "ascii")
        found = load(f'[toolchain]\nfamily = "gcc"\n[tools]\ncc = "{toolchain.cc}"\n')
        assert found.kind == "file"
