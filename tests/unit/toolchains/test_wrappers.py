"""Wrapper scripts: any content survives, and the folder is whole or not there."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbuild.errors import ToolchainError
from xbuild.toolchains import (
    Command,
    ToolchainPlan,
    find_pkg_config,
    install,
    materialise,
    with_pkg_config,
    with_places,
)
from xbuild.toolchains.wrappers import quote, render_wrapper, write_folder

TOOL = Command(program=Path("/usr/bin/true"))
PLAN = ToolchainPlan(
    kind="gcc",
    family="gcc",
    version="14.2.0",
    triplet="riscv64-linux-gnu",
    tools={
        "cc": Command(program=Path("/opt/x y/gcc"), arguments=("--sysroot=/it's",)),
        "ar": TOOL,
        "ranlib": TOOL,
        "strip": TOOL,
    },
)
ECHO = ("-c", "import json, os, sys; print(json.dumps([sys.argv[1:], os.environ.get('A'), os.environ.get('B')]))")


def run_script(tmp_path: Path, command: Command, *arguments: str) -> object:
    script = tmp_path / "script"
    script.write_bytes(render_wrapper(command).encode("utf-8", "surrogateescape"))
    script.chmod(0o755)
    done = subprocess.run([script, *arguments], env={"B": "b"}, capture_output=True, check=True)
    return json.loads(done.stdout)


def test_a_wrapper_is_one_line_that_becomes_the_program() -> None:
    assert render_wrapper(PLAN.tools["cc"]) == "#!/bin/sh\nexec '/opt/x y/gcc' '--sysroot=/it'\\''s' \"$@\"\n"


def test_a_wrapper_sets_and_unsets_variables() -> None:
    command = Command(program=Path("/bin/p"), environment={"B": "2", "A": "1"}, unset=("C",))
    assert render_wrapper(command) == "#!/bin/sh\nunset C\nexport A='1'\nexport B='2'\nexec '/bin/p' \"$@\"\n"


@pytest.mark.parametrize(
    "text", ["plain", "two words", "it's", '$HOME `id` \\ "q"', "line\nbreak", "*?[x]~", "", "-n", "é"]
)
def test_arguments_and_variables_survive_the_shell(tmp_path: Path, text: str) -> None:
    command = Command(program=Path(sys.executable), arguments=(*ECHO, text), environment={"A": text}, unset=("B",))
    assert run_script(tmp_path, command, text, "last") == [[text, text, "last"], text, None]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_quoting_is_undone_by_a_posix_shell_parser(text: str) -> None:
    assert shlex.split(quote(text)) == [text]


def test_materialise_names_the_tools_after_the_triplet(tmp_path: Path) -> None:
    toolchain = materialise(PLAN, tmp_path / "wrappers")
    home = tmp_path / "wrappers" / PLAN.digest
    assert toolchain.cc == home / "riscv64-linux-gnu-gcc"
    assert toolchain.ar == home / "riscv64-linux-gnu-ar"
    assert (toolchain.cxx, toolchain.fc, toolchain.nm, toolchain.pkg_config) == (None, None, None, None)
    assert (toolchain.kind, toolchain.version, toolchain.digest) == ("gcc", "14.2.0", PLAN.digest)
    assert toolchain.cc.stat().st_mode & 0o777 == 0o755
    assert home.stat().st_mode & 0o777 == 0o755


def test_materialise_leaves_nothing_but_the_folder_and_keeps_what_is_there(tmp_path: Path) -> None:
    first = materialise(PLAN, tmp_path)
    before = first.cc.stat().st_mtime_ns
    assert materialise(PLAN, tmp_path) == first
    assert first.cc.stat().st_mtime_ns == before
    assert [path.name for path in tmp_path.iterdir()] == [PLAN.digest]


def test_a_process_that_comes_second_keeps_the_folder_of_the_first(tmp_path: Path) -> None:
    toolchain = materialise(PLAN, tmp_path)
    write_folder(PLAN, toolchain.cc.parent)
    assert [path.name for path in tmp_path.iterdir()] == [PLAN.digest]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolchainError) as caught:
        materialise(PLAN, tmp_path / "file")
    assert caught.value.message == f"cannot write the toolchain's wrappers in {tmp_path / 'file'}: File exists"


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, version="14.2.1"),
        replace(PLAN, triplet="aarch64-linux-gnu"),
        replace(PLAN, tools={**PLAN.tools, "cc": TOOL}),
        replace(PLAN, tools={**PLAN.tools, "nm": TOOL}),
        replace(PLAN, tools={**PLAN.tools, "ar": replace(TOOL, environment={"A": "1"})}),
        replace(PLAN, tools={**PLAN.tools, "ar": replace(TOOL, unset=("A",))}),
    ],
)
def test_every_part_of_a_plan_counts_for_its_digest(other: ToolchainPlan) -> None:
    assert other.digest != PLAN.digest


def test_the_digest_does_not_depend_on_the_order_of_tools_and_is_stable() -> None:
    assert replace(PLAN, tools=dict(reversed(list(PLAN.tools.items())))).digest == PLAN.digest
    assert PLAN.digest == "6360516592048973daa799ae00755c5e"


def test_pkg_config_sees_the_targets_files_only() -> None:
    plan = with_pkg_config(PLAN, Path("/usr/bin/pkgconf"), sysroot=Path("/s"), directories=[Path("/s/a"), Path("/s/b")])
    assert render_wrapper(plan.tools["pkg_config"]) == (
        "#!/bin/sh\n"
        "unset PKG_CONFIG_PATH\n"
        "unset PKG_CONFIG_ALLOW_SYSTEM_CFLAGS\n"
        "unset PKG_CONFIG_ALLOW_SYSTEM_LIBS\n"
        "export PKG_CONFIG_LIBDIR='/s/a:/s/b'\n"
        "export PKG_CONFIG_SYSROOT_DIR='/s'\n"
        "exec '/usr/bin/pkgconf' \"$@\"\n"
    )


def test_pkg_config_is_part_of_the_toolchain(tmp_path: Path) -> None:
    plan = with_pkg_config(PLAN, Path("/usr/bin/pkgconf"), sysroot=Path("/s"), directories=[])
    toolchain = materialise(plan, tmp_path)
    assert toolchain.pkg_config == tmp_path / plan.digest / "riscv64-linux-gnu-pkg-config"


def test_either_implementation_of_pkg_config_is_found(tmp_path: Path) -> None:
    assert find_pkg_config(str(tmp_path)) is None
    for name in ("pkg-config", "pkgconf"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o755)
        assert find_pkg_config(str(tmp_path)) == tmp_path / name


def test_every_compiler_writes_the_fixed_names_of_places() -> None:
    zig = Command(program=Path("/zig"), arguments=("cc", "--"))
    plan = replace(PLAN, tools={**PLAN.tools, "cxx": zig})
    named = with_places(plan, {"/tmp/1": "/xbuild", "/tmp/a=b": "/never", "/tmp/python": ""})
    maps = ("-ffile-prefix-map=/tmp/1=/xbuild", "-ffile-prefix-map=/tmp/python=")
    assert named.tools["cc"].arguments == ("--sysroot=/it's", *maps)
    assert named.tools["cxx"].arguments == ("cc", *maps, "--")
    assert named.tools["ar"] == TOOL
    assert with_places(plan, {}) == plan


def test_wrappers_can_be_written_to_a_folder_of_a_fixed_name(tmp_path: Path) -> None:
    toolchain = install(PLAN, tmp_path / "toolchain")
    assert toolchain.cc == tmp_path / "toolchain" / "riscv64-linux-gnu-gcc"
    assert toolchain.plan == PLAN
