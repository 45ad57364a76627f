from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.target_trees import cross_spec, target_python, tree, write

from xbuild.crossfiles.spec import Emulator
from xbuild.details.model import CApi, Libpython
from xbuild.errors import ToolchainError
from xbuild.portable import make_portable
from xbuild.targets import get_target
from xbuild.toolchains import Command, ToolchainPlan

if TYPE_CHECKING:
    from xbuild.crossfiles.spec import CrossSpec
    from xbuild.toolchains import ToolchainKind

RISCV = get_target("riscv64")


def gcc_plan(kind: ToolchainKind, programs: Path, sysroot: Path) -> ToolchainPlan:
    triplet = RISCV.triplet
    compiler = Command(
        program=programs / f"{triplet}-gcc-14", arguments=(f"--sysroot={sysroot}", f"-ffile-prefix-map={programs}=/gcc")
    )
    environment = {"PKG_CONFIG_SYSROOT_DIR": str(sysroot)}
    return ToolchainPlan(
        kind=kind,
        family="gcc",
        version="14.2.0",
        triplet=triplet,
        tools={
            "cc": compiler,
            "ar": Command(program=programs / f"{triplet}-ar"),
            "ranlib": Command(program=programs / f"{triplet}-ranlib"),
            "strip": Command(program=programs / f"{triplet}-strip"),
            "pkg_config": Command(program=Path("/usr/bin/pkgconf"), environment=environment),
        },
    )


def description(trees: Path, *, kind: ToolchainKind = "gcc", sysroot: Path | None = None) -> CrossSpec:
    """A cross build of trees in the folder ``trees``."""
    libc = sysroot or tree(trees / "sysroot-riscv64-1", RISCV)
    root = tree(trees / "python3.13-riscv64-1", RISCV, glibc="2.41")
    write(root / "usr" / "lib" / "python3.13" / "__pycache__" / "os.pyc", "x")
    write(root / "usr" / "lib" / "libpython3.13.so", "x")
    python = target_python(root / "usr", RISCV, root=root)
    details = replace(
        python.details,
        base_interpreter=str(root / "usr/bin/python3.13"),
        libpython=Libpython(dynamic=str(root / "usr/lib/libpython3.13.so"), link_extensions=False),
        c_api=CApi(headers=str(root / "usr/include")),
    )
    emulator = Emulator(qemu=Path("/q/qemu-riscv64"), version="8.2", cpu="max", run=Path("/e/r"), wrapper=Path("/e/w"))
    spec = cross_spec(RISCV, replace(python, details=details), sysroot=libc, emulator=emulator)
    plan = gcc_plan(kind, trees / "gcc14-riscv64-1" / "usr" / "bin", libc)
    return replace(
        spec,
        toolchain=replace(spec.toolchain, kind=kind, plan=plan),
        tools={"pkg-config": Path("/usr/bin/pkgconf"), "cmake": Path("/usr/bin/cmake"), "cc": Path("/usr/bin/cc")},
    )


@pytest.fixture
def sdk(tmp_path: Path) -> Path:
    return tmp_path / "sdk"


def test_trees_of_the_cache_are_copied_once_and_without_what_running_left(tmp_path: Path, sdk: Path) -> None:
    spec = description(tmp_path / "cache" / "trees")
    for _ in range(2):
        files = make_portable(spec, root=sdk, cache=tmp_path / "cache")
    assert files.folder == sdk / "riscv64-cp313"
    copies = {path.name for path in files.folder.iterdir() if path.name.endswith("-1")}
    assert copies == {"sysroot-riscv64-1", "python3.13-riscv64-1"}
    stdlib = files.folder / "python3.13-riscv64-1" / "usr" / "lib" / "python3.13"
    assert not (stdlib / "__pycache__").exists()
    assert files.spec.sysroot.path == files.folder / "sysroot-riscv64-1"


def test_no_file_names_the_folder_or_the_cache(tmp_path: Path, sdk: Path) -> None:
    files = make_portable(description(tmp_path / "cache" / "trees"), root=sdk, cache=tmp_path / "cache")
    for path in sdk.rglob("*"):
        if path.is_symlink():
            assert not path.readlink().is_absolute()
            assert path.exists()
        elif path.is_file():
            assert bytes(tmp_path) not in path.read_bytes()
    for name in ("meson", "cmake", "presets", "conan", "cargo_config", "sysconfigdata", "env"):
        assert str(tmp_path) not in files.render(name, sdk / "file")


def test_programs_are_looked_for_on_path(tmp_path: Path, sdk: Path) -> None:
    files = make_portable(description(tmp_path / "cache" / "trees"), root=sdk, cache=tmp_path / "cache")
    assert files.note == (
        "Portable: move it together with the folder riscv64-cp313, and what else is named from here.",
        "Needs on PATH: riscv64-linux-gnu-{gcc,ar,ranlib,strip}, pkg-config, python3.13, qemu-riscv64, cc.",
    )
    compiler = (files.folder / "tools" / "riscv64-linux-gnu-gcc").read_text("utf-8")
    sysroot = "'--sysroot='\"$xbuild_here\"'/../sysroot-riscv64-1'"
    assert compiler == f'#!/bin/sh\nxbuild_here=${{0%/*}}\nexec riscv64-linux-gnu-gcc {sysroot} "$@"\n'
    assert files.render("meson", sdk / "x.ini").startswith("".join(f"# {line}\n" for line in files.note))


def test_the_details_are_relative(tmp_path: Path, sdk: Path) -> None:
    files = make_portable(description(tmp_path / "cache" / "trees"), root=sdk, cache=tmp_path / "cache")
    details = json.loads(files.spec.python.details_file.read_text("utf-8"))
    assert details["base_prefix"] == "python3.13-riscv64-1/usr"
    assert details["base_interpreter"] == "bin/python3.13"
    assert details["c_api"]["headers"] == "include"
    assert details["libpython"] == {"dynamic": "lib/libpython3.13.so", "link_extensions": False}


def test_what_is_below_the_folder_stays_there(tmp_path: Path, sdk: Path) -> None:
    own = tree(sdk / "my sysroot", RISCV)
    spec = description(sdk / "trees", kind="file", sysroot=own)
    write(sdk / "trees/gcc14-riscv64-1/usr/bin/riscv64-linux-gnu-gcc-14", "x")
    files = make_portable(spec, root=sdk, cache=tmp_path / "cache")
    assert files.spec.sysroot.path == own
    assert not list(files.folder.glob("*-1"))
    compiler = (files.folder / "tools" / "riscv64-linux-gnu-gcc").read_text("utf-8")
    program = "\"$xbuild_here\"'/../../trees/gcc14-riscv64-1/usr/bin/riscv64-linux-gnu-gcc-14'"
    assert f"exec {program} '--sysroot='\"$xbuild_here\"'/../../my sysroot' " in compiler
    assert "riscv64-linux-gnu" not in files.note[1]


def test_a_systems_compiler_keeps_its_name(tmp_path: Path, sdk: Path) -> None:
    spec = description(tmp_path / "cache" / "trees", kind="system")
    files = make_portable(spec, root=sdk, cache=tmp_path / "cache")
    assert "riscv64-linux-gnu-{gcc-14,ar," in files.note[1]


def test_cargos_file_says_that_the_folder_keeps_its_name(tmp_path: Path, sdk: Path) -> None:
    files = make_portable(description(tmp_path / "cache" / "trees"), root=sdk, cache=tmp_path / "cache")
    text = files.render("cargo_config", sdk / "cargo.toml")
    assert "\n# Cargo takes paths from the folder above: keep the name of this one, sdk.\n" in text
    assert 'linker = "sdk/riscv64-cp313/tools/riscv64-linux-gnu-gcc"\n' in text


def test_a_linked_folder_is_the_folder_it_leads_to(tmp_path: Path, sdk: Path) -> None:
    sdk.mkdir()
    (tmp_path / "link").symlink_to(sdk)
    spec = description(tmp_path / "link" / "trees", kind="file")
    files = make_portable(spec, root=tmp_path / "link", cache=tmp_path / "cache")
    assert files.root == sdk
    assert files.spec.sysroot.path == sdk / "trees" / "sysroot-riscv64-1"


def test_what_is_elsewhere_is_an_error(tmp_path: Path, sdk: Path) -> None:
    own = tree(tmp_path / "mine", RISCV)
    with pytest.raises(ToolchainError) as caught:
        make_portable(description(tmp_path / "cache" / "trees", sysroot=own), root=sdk, cache=tmp_path / "cache")
    assert caught.value.message == f"{own} is not below {sdk}, so files there cannot be moved together with it"
    assert caught.value.hint == "name a file with -o that is in a folder above all that it needs"
    assert not sdk.exists()


def test_so_are_pkg_configs_files(tmp_path: Path, sdk: Path) -> None:
    spec = description(tmp_path / "cache" / "trees")
    spec = replace(spec, sysroot=replace(spec.sysroot, more_pkgconfig_dirs=(sdk / "pc", tmp_path / "pc")))
    with pytest.raises(ToolchainError) as caught:
        make_portable(spec, root=sdk, cache=tmp_path / "cache")
    assert caught.value.message.startswith(f"{tmp_path}/pc is not below {sdk}, so ")


def told(spec: CrossSpec, *arguments: str, kind: ToolchainKind = "file") -> CrossSpec:
    """``spec`` with a C compiler that has ``arguments``."""
    plan = spec.toolchain.plan
    assert plan is not None
    compiler = replace(plan.tools["cc"], arguments=(*plan.tools["cc"].arguments, *arguments))
    plan = replace(plan, kind=kind, tools={**plan.tools, "cc": compiler})
    return replace(spec, toolchain=replace(spec.toolchain, kind=kind, plan=plan))


@pytest.mark.parametrize("argument", ["-B/outside/lib", "-I/outside", "/outside/inc", "--specs=/o", "-Wl,-L,/o", "@/o"])
def test_what_a_compiler_is_told_of_elsewhere_is_an_error(argument: str, tmp_path: Path, sdk: Path) -> None:
    spec = told(description(tmp_path / "cache" / "trees"), argument)
    with pytest.raises(ToolchainError) as caught:
        make_portable(spec, root=sdk, cache=tmp_path / "cache")
    assert caught.value.message == (
        f"{argument!r}, which riscv64-linux-gnu-gcc is told, is not below {sdk}, so files there cannot be moved "
        "together with it"
    )
    assert not sdk.exists()


def test_so_is_its_environment(tmp_path: Path, sdk: Path) -> None:
    spec = description(tmp_path / "cache" / "trees", kind="system")
    plan = spec.toolchain.plan
    assert plan is not None
    command = replace(plan.tools["cc"], environment={"GCC_EXEC_PREFIX": f"{sdk}/a:/outside"})
    plan = replace(plan, tools={**plan.tools, "cc": command})
    with pytest.raises(ToolchainError, match=r"a:/outside', which riscv64-linux-gnu-gcc is told, is not below"):
        make_portable(replace(spec, toolchain=replace(spec.toolchain, plan=plan)), root=sdk, cache=tmp_path / "cache")


@pytest.mark.parametrize(
    "argument", ["-DX=/x", "-fdebug-prefix-map=/x=/y", "-Wl,-rpath,/x", "-Wl,--dynamic-linker=/x", "-O2"]
)
def test_what_names_no_place_of_the_machine_may_be_told(argument: str, tmp_path: Path, sdk: Path) -> None:
    spec = told(description(tmp_path / "cache" / "trees"), argument)
    files = make_portable(spec, root=sdk, cache=tmp_path / "cache")
    assert f" {argument} " in (files.folder / "tools/riscv64-linux-gnu-gcc").read_text("utf-8")


def test_nor_is_what_is_below_the_folder_an_error(tmp_path: Path, sdk: Path) -> None:
    sdk.mkdir()
    (tmp_path / "link").symlink_to(sdk)
    spec = told(description(tmp_path / "cache" / "trees"), f"-I{sdk}/inc", f"-B{tmp_path}/link/lib")
    files = make_portable(spec, root=tmp_path / "link", cache=tmp_path / "cache")
    compiler = (files.folder / "tools/riscv64-linux-gnu-gcc").read_text("utf-8")
    assert "'-I'\"$xbuild_here\"'/../../inc' '-B'\"$xbuild_here\"'/../../lib'" in compiler


def test_what_the_caches_compilers_are_told_is_left_out(tmp_path: Path, sdk: Path) -> None:
    spec = told(description(tmp_path / "cache" / "trees"), "-B/outside", kind="gcc")
    files = make_portable(spec, root=sdk, cache=tmp_path / "cache")
    assert "outside" not in (files.folder / "tools/riscv64-linux-gnu-gcc").read_text("utf-8")


def test_zig_cannot_be_moved(tmp_path: Path, sdk: Path) -> None:
    spec = description(tmp_path / "cache" / "trees", kind="zig")
    with pytest.raises(ToolchainError) as caught:
        make_portable(spec, root=sdk, cache=tmp_path / "cache")
    assert caught.value.message == (
        "the toolchain zig cannot be moved: its compilers are part of xbuild's own environment"
    )
    assert not sdk.exists()
