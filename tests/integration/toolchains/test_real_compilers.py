"""Real compilers: what the wrappers make of them, and what the preflight says of real failures."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from xbuild.elf_header import parse_header
from xbuild.errors import ToolchainError
from xbuild.progress import SilentProgress
from xbuild.resolve import resolve
from xbuild.selection import Selection
from xbuild.targets import Target, get_target
from xbuild.toolchains import Toolchain, find_pkg_config, materialise, with_pkg_config
from xbuild.toolchains.own import file_plan
from xbuild.toolchains.preflight import preflight
from xbuild.toolchains.process import run_command
from xbuild.toolchains.system import system_plan
from xbuild.toolchains.zig import find_zig, prepare_zig, zig_plan, zig_version

PATH = os.environ.get("PATH", "")


def native() -> Target:
    dumped = run_command(("cc", "-dumpmachine")).output.strip()
    name = dumped.partition("-")[0]
    if not shutil.which("cc") or name not in ("x86_64", "aarch64"):
        pytest.skip(f"no C compiler for a known machine: cc says {dumped!r}")
    return get_target(name)


def fits(content: bytes, target: Target) -> bool:
    header = parse_header(content)
    return header is not None and header.matches(target.elf)


def compile_module(toolchain: Toolchain, folder: Path, *flags: str) -> bytes:
    (folder / "m.c").write_text("#include <assert.h>\nint f(int a) { assert(a); return a + 1; }\n")
    subprocess.run([toolchain.cc, "-shared", "-fPIC", "-O2", *flags, "m.c", "-o", "m.so"], cwd=folder, check=True)
    return (folder / "m.so").read_bytes()


def test_the_machines_own_compilers_pass_the_preflight(tmp_path: Path, include: Path) -> None:
    target = native()
    toolchain = materialise(system_plan(target, path=PATH), tmp_path / "it's here")
    preflight(toolchain, include=include, target=target, cxx=toolchain.cxx is not None)
    assert fits(compile_module(toolchain, tmp_path), target)


@pytest.mark.network
def test_cross_compilers_on_the_search_path_pass_the_preflight(tmp_path: Path) -> None:
    """Those that xbuild provisions, which have the names a distribution gives its own, stand for a distribution's."""
    selection = Selection(target=get_target("riscv64"))
    spec = resolve(selection, progress=SilentProgress(), environ=os.environ).spec
    path = os.pathsep.join([str(spec.toolchain.cc.parent), PATH])
    toolchain = materialise(system_plan(spec.target, path=path), tmp_path / "it's here")
    assert toolchain.kind == "system"
    preflight(toolchain, include=spec.python.include, target=spec.target, cxx=toolchain.cxx is not None)
    assert fits(compile_module(toolchain, tmp_path), spec.target)


def test_missing_headers_are_explained_in_the_compilers_own_words(tmp_path: Path) -> None:
    target = native()
    toolchain = materialise(system_plan(target, path=PATH), tmp_path)
    with pytest.raises(ToolchainError) as caught:
        preflight(toolchain, include=tmp_path, target=target)
    assert caught.value.message == (
        f"cannot compile a C extension for {target.name}: "
        f"the Python headers in {tmp_path} are incomplete: there is no Python.h\n"
        "  module.c:1:10: fatal error: Python.h: No such file or directory"
    )


def test_debians_stub_of_a_pyconfig_is_explained(tmp_path: Path) -> None:
    target = native()
    toolchain = materialise(system_plan(target, path=PATH), tmp_path / "w")
    (tmp_path / "Python.h").write_text('#include "pyconfig.h"\n')
    (tmp_path / "pyconfig.h").write_text("#include <some-linux-gnu/python3.14/pyconfig.h>\n")
    with pytest.raises(ToolchainError) as caught:
        preflight(toolchain, include=tmp_path, target=target)
    assert caught.value.hint == (
        "copy the real pyconfig.h from usr/include/some-linux-gnu/python3.14/pyconfig.h of the target over it"
    )


def test_a_pyconfig_of_another_machine_is_explained(tmp_path: Path, include: Path) -> None:
    target = native()
    toolchain = materialise(system_plan(target, path=PATH), tmp_path / "w")
    copy = tmp_path / "include"
    shutil.copytree(include, copy)
    config = copy / "pyconfig.h"
    config.write_text(config.read_text() + "\n#undef SIZEOF_LONG\n#define SIZEOF_LONG 4\n")
    with pytest.raises(ToolchainError) as caught:
        preflight(toolchain, include=copy, target=target)
    assert caught.value.message.startswith(
        f"cannot compile a C extension for {target.name}: "
        f"the pyconfig.h in {copy} was made for another machine than {target.name}\n"
    )


def test_start_files_that_are_missing_are_explained(tmp_path: Path, include: Path) -> None:
    target = native()
    toolchain = materialise(system_plan(target, path=PATH), tmp_path / "w")
    linker = tmp_path / "ld"
    linker.write_text("#!/bin/sh\necho '/usr/bin/ld: cannot find Scrt1.o: No such file or directory'\nexit 1\n")
    linker.chmod(0o755)
    cc = tmp_path / "cc"
    cc.write_text(f'#!/bin/sh\nexec "{toolchain.cc}" -B"{tmp_path}" "$@"\n')
    cc.chmod(0o755)
    with pytest.raises(ToolchainError) as caught:
        preflight(replace(toolchain, cc=cc), include=include, target=target)
    assert caught.value.message == (
        f"cannot compile a C program for {target.name}: "
        f"the linker cannot find Scrt1.o, with which every program of {target.name} starts\n"
        "  /usr/bin/ld: cannot find Scrt1.o: No such file or directory"
    )


def test_a_compiler_whose_loader_is_missing_is_explained(tmp_path: Path, include: Path) -> None:
    program = Path(shutil.which("true") or pytest.skip("no true on PATH"))
    content = program.read_bytes()
    broken = tmp_path / "cc"
    broken.write_bytes(content.replace(b"/ld-linux", b"/no-linux"))
    broken.chmod(0o755)
    if broken.read_bytes() == content:
        pytest.skip(f"{program} has no loader of glibc")
    target = native()
    toolchain = replace(materialise(system_plan(target, path=PATH), tmp_path / "w"), cc=broken)
    with pytest.raises(ToolchainError, match=rf"^the compiler for {target.name} cannot be started: {broken}: No such"):
        preflight(toolchain, include=include, target=target)


def test_a_compiler_for_another_target_is_found_out(tmp_path: Path, include: Path) -> None:
    toolchain = materialise(system_plan(native(), path=PATH), tmp_path)
    with pytest.raises(ToolchainError, match=r"does not compile for riscv64: expected EM_RISCV, 64-bit little-endian"):
        preflight(toolchain, include=include, target=get_target("riscv64"))


def test_a_file_of_ones_own_passes_the_preflight(tmp_path: Path, include: Path) -> None:
    target = native()
    file = tmp_path / "own.toml"
    words = json.dumps([shutil.which("gcc") or pytest.skip("no gcc on PATH"), "-DOWN=1"])
    file.write_text(f'[toolchain]\nfamily = "gcc"\n[tools]\ncc = {words}\n')
    toolchain = materialise(file_plan(file, target=target, search_path=PATH), tmp_path / "w")
    preflight(toolchain, include=include, target=target)
    asked = subprocess.run([toolchain.cc, "-dM", "-E", "-xc", "/dev/null"], capture_output=True, text=True, check=True)
    assert "#define OWN 1" in asked.stdout


def test_pkg_config_finds_the_targets_files_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = find_pkg_config(PATH)
    if program is None:
        pytest.skip("no pkg-config on PATH")
    ours, theirs = tmp_path / "s/usr/lib/pkgconfig", tmp_path / "theirs"
    for folder, name in ((ours, "foo"), (theirs, "bar")):
        folder.mkdir(parents=True)
        text = f"prefix=/opt\nName: {name}\nDescription: d\nVersion: 1.5\nLibs: -L${{prefix}}/l -l{name}\n"
        (folder / f"{name}.pc").write_text(text)
    monkeypatch.setenv("PKG_CONFIG_PATH", str(theirs))
    plan = with_pkg_config(system_plan(native(), path=PATH), program, sysroot=tmp_path / "s", directories=[ours])
    tool = str(materialise(plan, tmp_path / "w").pkg_config)
    assert run_command((tool, "--libs", "foo")).output.split() == [f"-L{tmp_path}/s/opt/l", "-lfoo"]
    assert run_command((tool, "--exists", "bar")).status != 0


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.usefixtures("ziglang")
def test_zig_compiles_with_gccs_options_for_an_old_glibc(tmp_path: Path, include: Path) -> None:
    target = get_target("aarch64")
    zig, cache = find_zig(), tmp_path / "cache"
    plan = zig_plan(target, zig=zig, version=zig_version(zig), cache=cache)
    toolchain = materialise(plan, tmp_path / "w")
    prepare_zig(toolchain, target, cache=cache, cxx=False, progress=SilentProgress())
    preflight(toolchain, include=include, target=target)

    # What Debian's Python 3.13 and distributions' packages are built with, and what greenlet and numpy add.
    flags = shlex.split(
        "-g -fwrapv -Wall -fno-tree-dominator-opts -fipa-pta -Wp,-D_FORTIFY_SOURCE=2 -Wno-maybe-uninitialized "
        "-fstack-protector-strong -fstack-clash-protection -fcf-protection -mbranch-protection=standard "
        "-march=armv8.2-a+fp16 -mtune=generic -specs=/x -static-libgcc -Wl,-O1 -Wl,-Bsymbolic-functions "
        "-Wl,-z,relro,-z,now,-z,pack-relative-relocs -Wl,--as-needed -Wl,--exclude-libs,ALL -Wl,-Map=x -lm -ldl"
    )
    module = compile_module(toolchain, tmp_path, *flags, "-Werror")
    assert fits(module, target)
    assert b"GLIBC_2.17" in module
    assert b"__assert_fail" in module, "-O2 switched assert() off, as GCC does not"
    assert b"__ubsan" not in module
    assert b".debug_info" not in module
    assert b".symtab" not in module
    assert not list(tmp_path.glob(".zig-cache"))

    (tmp_path / "files").write_text("-Wl,-O1 'm.c'")
    subprocess.run([toolchain.cc, "-shared", "-fPIC", "@files", "-o", "r.so"], cwd=tmp_path, check=True)
    subprocess.run([toolchain.cc, "-c", "m.c"], cwd=tmp_path, check=True)
    subprocess.run([toolchain.ar, "rcs", "libm.a", "m.o"], cwd=tmp_path, check=True)
    subprocess.run([toolchain.ranlib, "libm.a"], cwd=tmp_path, check=True)
    subprocess.run([toolchain.strip, "r.so"], cwd=tmp_path, check=True)
    assert run_command((str(toolchain.cc), "-dumpmachine")).output == "aarch64-linux-gnu\n"
    for question in ("--version", "-dumpversion", "-dumpfullversion", "-Wl,--version", "-print-search-dirs", "-v"):
        assert run_command((str(toolchain.cc), question)).status == 0


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.usefixtures("ziglang")
def test_zig_links_ppc64le_against_functions_its_glibc_has(tmp_path: Path) -> None:
    target = get_target("ppc64le")
    cache = tmp_path / "cache"
    toolchain = materialise(zig_plan(target, zig=find_zig(), version="0", cache=cache), tmp_path / "w")
    prepare_zig(toolchain, target, cache=cache, cxx=False, progress=SilentProgress())
    source = tmp_path / "m.c"
    source.write_text('#include <stdio.h>\nint f(long double x) { return printf("%Lg", x); }\n')
    subprocess.run([toolchain.cc, "-shared", "-fPIC", source, "-o", "m.so"], cwd=tmp_path, check=True)
    module = (tmp_path / "m.so").read_bytes()
    assert b"ieee128" not in module
    assert b"GLIBC_2.17" in module


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.usefixtures("ziglang")
def test_zig_builds_its_cxx_library_once(tmp_path: Path, include: Path) -> None:
    target = get_target("aarch64")
    zig, cache = find_zig(), tmp_path / "cache"
    toolchain = materialise(zig_plan(target, zig=zig, version="0", cache=cache), tmp_path / "w")
    prepare_zig(toolchain, target, cache=cache, cxx=True, progress=SilentProgress())
    libraries = set(cache.glob("o/*/libc++.a"))
    assert libraries
    preflight(toolchain, include=include, target=target, cxx=True)
    source = tmp_path / "m.cpp"
    source.write_text("#include <vector>\nint f(int n) { return std::vector<int>(n).at(0); }\n")
    for level in ("-O0", "-O3", "-Os"):
        (tmp_path / "m.o").unlink(missing_ok=True)
        subprocess.run([str(toolchain.cxx), "-c", "-fPIC", level, source], cwd=tmp_path, check=True)
        subprocess.run([str(toolchain.cxx), "-shared", level, "m.o", "-o", "m.so"], cwd=tmp_path, check=True)
        assert (tmp_path / "m.so").stat().st_size < 1_000_000
    assert set(cache.glob("o/*/libc++.a")) == libraries
