"""zig's plan, its wrapper and its warming up."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from xbuild.errors import ToolchainError
from xbuild.progress import SilentProgress
from xbuild.targets import get_target, target_names
from xbuild.toolchains import materialise, zig_wrapper
from xbuild.toolchains.process import Result
from xbuild.toolchains.zig import default_glibc, find_zig, prepare_zig, zig_plan, zig_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xbuild.targets import Target
    from xbuild.toolchains import Toolchain, ToolchainPlan

FIXED = [
    "-fno-sanitize=undefined",
    "-UNDEBUG",
    "-Wno-unused-command-line-argument",
    "-Wno-ignored-optimization-argument",
    "-Wno-unknown-warning-option",
]
HEAD = ["/z/zig", "cc", "riscv64-linux-gnu", "riscv64-linux-gnu.2.31", "-F", "--"]


def plan(target: Target, **changes: object) -> ToolchainPlan:
    arguments: dict[str, object] = {"zig": Path("/z/zig"), "version": "0.17.1", "cache": Path("/cache")}
    return zig_plan(target, **(arguments | changes))  # type: ignore[arg-type] # a table of keywords


def test_the_plan_wraps_the_drivers_and_names_the_archiver(riscv64: Target) -> None:
    tools = plan(riscv64, python=Path("/py")).tools
    cc, cxx = tools["cc"], tools["cxx"]
    script = str(Path(zig_wrapper.__file__))
    names = ["riscv64-linux-gnu", "riscv64-linux-gnu.2.31"]
    assert cc.program == Path("/py")
    assert list(cc.arguments) == ["-I", "-S", script, "/z/zig", "cc", *names, *FIXED, "--"]
    assert list(cxx.arguments) == ["-I", "-S", script, "/z/zig", "c++", *names, *FIXED, "--"]
    assert (tools["ar"].program, tools["ar"].arguments) == (Path("/z/zig"), ("ar",))
    assert {dict(tool.environment)["ZIG_GLOBAL_CACHE_DIR"] for name, tool in tools.items() if name != "strip"} == {
        "/cache"
    }
    assert "fc" not in tools


def test_a_sysroot_is_searched_after_zigs_own_library(riscv64: Target) -> None:
    assert plan(riscv64, sysroot=Path("/s")).tools["cc"].arguments[-5:] == (
        "-idirafter/s/usr/include",
        "-idirafter/s/usr/include/riscv64-linux-gnu",
        "-L/s/usr/lib/riscv64-linux-gnu",
        "-L/s/usr/lib",
        "--",
    )


@pytest.mark.parametrize("name", target_names())
def test_every_target_has_a_default_glibc_that_zig_can_link_against(name: str) -> None:
    target = get_target(name)
    assert default_glibc(target) >= target.zig.glibc_floor
    assert default_glibc(target) >= target.manylinux_floor
    plan(target)


def test_arm_is_compiled_without_neon() -> None:
    assert "-mcpu=generic+v7a+vfp3d16" in plan(get_target("armv7l")).tools["cc"].arguments


def test_ppc64le_has_the_long_double_of_every_pythons_c_library() -> None:
    assert "-mabi=ibmlongdouble" in plan(get_target("ppc64le")).tools["cc"].arguments


@pytest.mark.parametrize(("glibc", "expected"), [(None, False), ((2, 31), False), ((2, 32), True)])
def test_ppc64le_has_cxx_only_where_glibc_has_zigs_long_double(glibc: tuple[int, int] | None, expected: bool) -> None:
    assert ("cxx" in plan(get_target("ppc64le"), glibc=glibc).tools) is expected


def test_cxx_that_zig_cannot_do_is_refused_before_it_fails(tmp_path: Path) -> None:
    target = get_target("ppc64le")
    toolchain = materialise(plan(target), tmp_path)
    with pytest.raises(ToolchainError) as caught:
        prepare_zig(toolchain, target, cache=tmp_path, cxx=True, progress=SilentProgress())
    assert caught.value.message == (
        "zig has no C++ for ppc64le with a glibc older than 2.32, and this project needs C++"
    )
    assert caught.value.hint == "use --toolchain gcc for this project"


def test_a_glibc_of_ones_own_is_taken(riscv64: Target) -> None:
    assert "riscv64-linux-gnu.2.35" in plan(riscv64, glibc=(2, 35)).tools["cc"].arguments


def test_a_glibc_that_zig_does_not_have_is_refused(riscv64: Target) -> None:
    with pytest.raises(ToolchainError) as caught:
        plan(riscv64, glibc=(2, 17))
    assert caught.value.message == "zig cannot link for riscv64 against glibc 2.17: its oldest is 2.27"
    assert caught.value.hint == "ask for glibc 2.27 or newer"


def test_zig_is_found_without_importing_its_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ziglang").mkdir()
    (tmp_path / "ziglang/__init__.py").write_text("raise AssertionError\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(ToolchainError):  # no program in it
        find_zig()
    (tmp_path / "ziglang/zig").write_text("")
    assert find_zig() == tmp_path / "ziglang/zig"


def test_a_missing_zig_comes_with_the_command_that_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(ToolchainError) as caught:
        find_zig()
    assert caught.value.message == "the zig toolchain is not installed: no distribution `ziglang` beside xbuild"
    assert caught.value.hint == f"install it: {sys.executable} -m pip install 'xbuild-wheels[zig]'"


def test_the_version_is_what_zig_says(fake_run: Callable[..., Any]) -> None:
    assert zig_version(Path("/z/zig"), run=fake_run(version="0.17.1\n")) == "0.17.1"


def test_a_zig_that_does_not_start_is_an_error(fake_run: Callable[..., Any]) -> None:
    with pytest.raises(ToolchainError, match=r"^/z/zig cannot be run \(exit status 126\)$"):
        zig_version(Path("/z/zig"), run=fake_run(version=Result(status=126, output="no")))


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-c", "m.c", "-fno-tree-pre"], ["-F", "-c", "m.c"]),
        (["m.o", "-shared", "-Wl,-O1"], ["-F", "m.o", "-shared", "-s"]),
        (["m.o", "-g"], ["-F", "m.o", "-g", "-s"]),
        (["m.o", "-g3"], ["-F", "m.o", "-g3"]),
        (["m.o", "-ggdb"], ["-F", "m.o", "-ggdb"]),
        (["m.o", "-Os"], ["-F", "m.o", "-O2", "-s"]),
        (["-c", "m.c", "-Os"], ["-F", "-c", "m.c", "-Os"]),
        (["-r", "m.o"], ["-F", "-r", "m.o"]),
        (["-E", "-dM", "-"], ["-F", "-x", "c", "-E", "-dM", "-"]),
        (["-x", "c", "-E", "-"], ["-F", "-x", "c", "-E", "-"]),
        (["-v", "m.c"], ["-F", "-v", "m.c", "-s"]),
        (["-Wl,--version"], ["-F", "-Wl,--version", "-s"]),
    ],
)
def test_the_wrapper_translates_and_strips_what_it_links(arguments: list[str], expected: list[str]) -> None:
    target = ["-target", "riscv64-linux-gnu.2.31"]
    assert zig_wrapper.command_line([*HEAD, *arguments]) == ["/z/zig", "cc", *target, *expected]


@pytest.mark.parametrize("question", ["--version", "-dumpversion", "-v", "-###", "-print-search-dirs", "--help"])
def test_questions_go_to_clang_without_the_glibc_version(question: str) -> None:
    command = zig_wrapper.command_line([*HEAD, question])
    assert command == ["/z/zig", "cc", "-target", "riscv64-linux-gnu", question]


def test_clang_has_no_full_version() -> None:
    assert zig_wrapper.command_line([*HEAD, "-dumpfullversion"])[-1] == "-dumpversion"


@pytest.mark.parametrize("question", ["-dumpmachine", "-print-multiarch"])
def test_the_wrapper_itself_says_which_machine_it_is_for(question: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert zig_wrapper.main([*HEAD, question]) == 0
    assert capsys.readouterr().out == "riscv64-linux-gnu\n"


def test_a_refused_option_is_a_compilers_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert zig_wrapper.main([*HEAD, "-fopenmp", "-c", "m.c"]) == 1
    assert capsys.readouterr().err == (
        "xbuild: error: zig has no run-time library for -fopenmp; use --toolchain gcc for this project\n"
    )


def test_the_wrapper_becomes_zig(tmp_path: Path, riscv64: Target) -> None:
    zig = tmp_path / "zig"
    zig.write_text('#!/bin/sh\necho "$ZIG_GLOBAL_CACHE_DIR" "$@"\n', encoding="ascii")
    zig.chmod(0o755)
    toolchain = materialise(zig_plan(riscv64, zig=zig, version="0", cache=tmp_path / "c"), tmp_path / "w")
    done = subprocess.run([toolchain.cc, "-c", "-fipa-pta", "a b.c"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path}/c cc -target riscv64-linux-gnu.2.31 {' '.join(FIXED)} -c a b.c\n"


def test_the_wrapper_imports_nothing_slow() -> None:
    arguments = ["-I", "-S", "-X", "importtime", zig_wrapper.__file__, *HEAD, "-dumpmachine"]
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "zig_args" in imported
    assert not imported & {"xbuild", "typing", "re", "dataclasses", "pathlib", "subprocess", "collections", "enum"}


class Steps(SilentProgress):
    def __init__(self) -> None:
        self.titles: list[str] = []

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self.titles.append(title)
        yield


@pytest.fixture
def toolchain(riscv64: Target, tmp_path: Path) -> Toolchain:
    return replace(materialise(plan(riscv64), tmp_path / "w"), cc=Path("/w/cc"), cxx=Path("/w/c++"))


@pytest.mark.parametrize(
    ("cxx", "title", "compiler"),
    [
        (False, "Building zig's C library for riscv64 (once, up to a minute)", "/w/cc"),
        (True, "Building zig's C and C++ libraries for riscv64 (once, 1 to 4 minutes)", "/w/c++"),
    ],
)
def test_the_libraries_are_built_once_and_said_to_be(  # noqa: PLR0917 - fixtures
    riscv64: Target,
    toolchain: Toolchain,
    tmp_path: Path,
    fake_run: Callable[..., Any],
    cxx: bool,
    title: str,
    compiler: str,
) -> None:
    run, progress = fake_run(**{compiler: ""}), Steps()
    for _ in range(2):
        prepare_zig(toolchain, riscv64, cache=tmp_path / "cache", cxx=cxx, progress=progress, run=run)
    assert progress.titles == [title]
    assert [("-shared" in command, "-O2" in command) for command in run.commands] == [(True, True), (False, True)]


def test_libraries_that_cannot_be_built_are_tried_again(
    riscv64: Target, toolchain: Toolchain, tmp_path: Path, fake_run: Callable[..., Any]
) -> None:
    run = fake_run(**{"/w/cc": Result(status=1, output="error: no space left\n")})
    for _ in range(2):
        with pytest.raises(ToolchainError, match=r"^zig cannot compile for riscv64$") as caught:
            prepare_zig(toolchain, riscv64, cache=tmp_path, cxx=False, progress=SilentProgress(), run=run)
        assert caught.value.details == "error: no space left"
    assert len(run.commands) == 2
