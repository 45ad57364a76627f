"""GCC's command line in zig's words: each rule, and what must pass untouched."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbuild.toolchains.zig_args import (
    UnsupportedOptionError,
    expand_response_files,
    split_response,
    translate_args,
)

if TYPE_CHECKING:
    from pathlib import Path


def translate(text: str, arch: str = "riscv64") -> str:
    return " ".join(translate_args(text.split(), arch=arch))


@pytest.mark.parametrize(
    "text",
    [
        "-c m.c -o m.o",
        "-O2 -g -Wall -fPIC -fwrapv -fno-strict-aliasing -fvisibility=hidden -pthread",
        "-fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2 -Werror=format-security",
        "-ffile-prefix-map=/a=. -fno-semantic-interposition -ffat-lto-objects -fno-plt",
        "-ftree-vectorize -fno-tree-slp-vectorize -fno-tree-vectorize",
        "-fopenmp-simd -fno-lto -flto=thin",
        "-MD -MF m.d -MT m.o -MQ x -isystem /opt/i -iquote q -include h.h",
        "-Wp,-MMD,m.d",
        "-shared m.o -L/opt/lib -lfoo -lm",
        "-Wl,--as-needed -Wl,-z,relro -Wl,-z,now -Wl,--no-undefined -Wl,--gc-sections -Wl,--build-id=sha1",
        "-Wl,-Bsymbolic -Wl,--version-script,v.map -Wl,--hash-style=gnu -Wl,--enable-new-dtags",
        "-Wl,--start-group a.a b.a -Wl,--end-group",
        "-Wl,--whole-archive a.a -Wl,--no-whole-archive",
        "-Wl,-Bstatic -lz -Wl,-Bdynamic -Wl,-z,max-page-size=65536",
        "-D -mtune=native -o -Wl,odd -x -specs=y",
        "-Wl,--defsym,a=b -Wl,-init,f -Wl,--allow-multiple-definition -fstrict-volatile-bitfields",
        "-mabi=lp64d -mcmodel=medany -march=native -mcpu=sifive_u74",
        "-",
    ],
)
def test_what_zig_knows_or_must_refuse_itself_passes_untouched(text: str) -> None:
    assert translate(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "-fno-tree-dominator-opts",
        "-ftree-pre",
        "-fipa-pta",
        "-fno-ipa-cp-clone",
        "-fira-loop-pressure",
        "-fno-sched-pressure",
        "-fvar-tracking-assignments",
        "-fvect-cost-model=cheap",
        "-flto-partition=none",
        "-fno-gnu-unique",
        "-fno-crossjumping",
        "-fanalyzer",
        "-fabi-version=0",
        "-fdump-tree-all",
        "-fcf-protection=full",
        "-mbranch-protection=standard",
        "-mtune=generic",
        "-specs=/usr/share/dpkg/no-pie-link.specs",
        "--param=ssp-buffer-size=4",
        "--param ssp-buffer-size=4",
        "--target=riscv64-linux-gnu",
        "-target riscv64-linux-gnu",
        "--sysroot=/s",
        "--sysroot /s",
        "-isysroot /s",
        "-static-libgcc -static-libstdc++ -shared-libgcc -fuse-linker-plugin",
        "-Wl,-O1",
        "-Xlinker -O2",
        "-Wl,-Bsymbolic-functions",
        "-Wl,--exclude-libs,ALL",
        "-Wl,--exclude-libs=ALL",
        "-Wl,--exclude-libs -Wl,ALL",
        "-Wl,-rpath-link,/l",
        "-Wl,-rpath-link=/l",
        "-Xlinker -rpath-link -Xlinker /l",
        "-Wl,-Map=x.map",
        "-Wl,-m,elf64lriscv",
        "-Wl,-melf64lriscv",
        "-Wl,--warn-common -Wl,--no-warn-rwx-segments -Wl,--no-keep-memory -Wl,--cref -Wl,-t -Wl,-X",
        "-Wl,--fix-cortex-a53-843419 -Wl,--icf=all -Wl,--relax -Wl,--no-relax -Wl,--hash-size=31",
        "-Wl,-z,pack-relative-relocs -Wl,-z,separate-code -z combreloc -Wl,-ztext",
        "-Wl,-plugin-opt=O2 -Wl,--package-metadata={}",
        "-Wl,--push-state",
        "-Wl,",
    ],
)
def test_what_changes_nothing_in_the_program_is_dropped(text: str) -> None:
    assert translate(text) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-Wp,-D_FORTIFY_SOURCE=2,-U_X", "-D_FORTIFY_SOURCE=2 -U_X"),
        ("-flto=auto", "-flto"),
        ("-flto=8", "-flto"),
        ("-R/opt/lib", "-Wl,-rpath,/opt/lib"),
        ("-R /opt/lib", "-Wl,-rpath,/opt/lib"),
        ("-Wl,-R,/opt/lib", "-Wl,-rpath,/opt/lib"),
        ("-Wl,-R/opt/lib", "-Wl,-rpath,/opt/lib"),
        ("-Wl,-rpath=/opt/lib", "-Wl,-rpath,/opt/lib"),
        ("-Wl,-rpath -Wl,/opt/lib", "-Wl,-rpath,/opt/lib"),
        ("-Xlinker -rpath -Xlinker /opt/lib", "-Wl,-rpath,/opt/lib"),
        ("-Xlinker -rpath -Xlinker /a,b", "-Xlinker -rpath -Xlinker /a,b"),
        ("-Wl,-O1,--as-needed,-z,relro,-z,text,-z,now", "-Wl,--as-needed -Wl,-z,relro -Wl,-z,now"),
        ("-Wl,-zrelro -z now", "-Wl,-z,relro -Wl,-z,now"),
        ("-Wl,-zmax-page-size=4096", "-Wl,-z,max-page-size=4096"),
        ("-Wl,-h,libx.so", "-Wl,-soname,libx.so"),
        ("-Wl,-soname=libx.so", "-Wl,-soname,libx.so"),
        ("-Wl,--undefined=f -Wl,-u,g -u h", "-Wl,-u,f -Wl,-u,g -Wl,-u,h"),
        ("-Wl,-( a.a -Wl,-)", "-Wl,--start-group a.a -Wl,--end-group"),
        ("-Wl,-L/l,-lz", "-L/l -lz"),
        ("-Wl,-L,/l,-l,z", "-L/l -lz"),
        ("-Wl,--whole-archive -Wl,a.a -Wl,--no-whole-archive", "-Wl,--whole-archive a.a -Wl,--no-whole-archive"),
        ("-Wl,-shared", "-shared"),
        ("-symbolic", "-Wl,-Bsymbolic"),
        ("-export-dynamic", "-rdynamic"),
        ("-Wl,--unresolved-symbols=ignore-all", "-Wl,-z,undefs"),
        ("-Wl,--unresolved-symbols=report-all", "-Wl,-z,defs"),
        (
            "-Wl,--push-state,--as-needed,--whole-archive a.a -Wl,--pop-state b.a",
            "-Wl,--as-needed -Wl,--whole-archive a.a -Wl,--no-as-needed -Wl,--no-whole-archive -Wl,-Bdynamic b.a",
        ),
        ("-Wl,--pop-state", "-Wl,--no-as-needed -Wl,--no-whole-archive -Wl,-Bdynamic"),
        ("-I/s/usr/include m.c", "-idirafter /s/usr/include m.c"),
        ("-isystem /s/usr/include", "-idirafter /s/usr/include"),
        ("-I /s/usr/include/riscv64-linux-gnu/", "-idirafter /s/usr/include/riscv64-linux-gnu/"),
        ("-I/s/usr/include/libxml2", "-I /s/usr/include/libxml2"),
        ("-Iinclude", "-I include"),
    ],
)
def test_what_zig_says_differently_is_rewritten(text: str, expected: str) -> None:
    assert translate(text) == expected


@pytest.mark.parametrize(
    ("arch", "text", "expected"),
    [
        ("riscv64", "-march=rv64gc", "-mcpu=generic_rv64+i+m+a+f+d+zicsr+zifencei+c"),
        ("riscv64", "-march=rv64gcv_zba_zbb", "-mcpu=generic_rv64+i+m+a+f+d+zicsr+zifencei+c+v+zba+zbb"),
        ("riscv64", "-march=rv64imaczba", "-mcpu=generic_rv64+i+m+a+c+zba"),
        ("riscv64", "-march=rv64i2p1_m2p0_zba1p0", "-mcpu=generic_rv64+i+m+zba"),
        ("riscv64", "-march=rva22u64", "-march=rva22u64"),
        ("riscv64", "-mcpu=sifive-u74", "-mcpu=sifive_u74"),
        ("aarch64", "-march=armv8-a", "-mcpu=generic+v8a"),
        ("aarch64", "-march=armv8.2-a+sve+fp16+nosimd", "-mcpu=generic+v8_2a+sve+fullfp16-neon"),
        ("aarch64", "-mcpu=neoverse-n1+crypto", "-mcpu=neoverse_n1+crypto"),
        ("aarch64", "-march=armv9-a+sve2-aes", "-mcpu=generic+v9a+sve2_aes"),
        ("aarch64", "-mbranch-protection=standard", "-mbranch-protection=standard"),
        ("arm", "-march=armv7-a+vfpv3-d16", "-mcpu=generic+v7a+vfp3d16"),
        ("arm", "-mcpu=cortex-a7 -mfpu=neon", "-mcpu=cortex_a7 -mfpu=neon"),
        ("powerpc64le", "-mcpu=power9 -mtune=power9", "-mcpu=pwr9"),
        ("powerpc64le", "-mcpu=powerpc64le", ""),
        ("powerpc64le", "-mcpu=strange", "-mcpu=strange"),
        ("s390x", "-march=z14", "-march=z14"),
        ("loongarch64", "-march=loongarch64", ""),
        ("loongarch64", "-march=la464", "-mcpu=la464"),
        ("x86_64", "-march=x86-64-v3 -mtune=generic", "-mcpu=x86_64_v3"),
        ("x86_64", "-march=skylake-avx512", "-mcpu=skylake_avx512"),
        ("x86_64", "-fcf-protection -march=native -mavx2", "-fcf-protection -march=native -mavx2"),
    ],
)
def test_cpus_have_zigs_names(arch: str, text: str, expected: str) -> None:
    assert translate(text, arch) == expected


@pytest.mark.parametrize("option", ["-fopenmp", "-fopenmp=libgomp", "-fopenacc", "-fgnu-tm"])
def test_what_would_build_a_broken_module_is_refused(option: str) -> None:
    with pytest.raises(UnsupportedOptionError, match=f"zig has no run-time library for {option}"):
        translate(option)


@pytest.mark.parametrize("text", ["-Xlinker", "-z", "-u", "-R", "-I", "-o", "--param", "-Wl,-rpath", "-Wl,-", "-Wl,--"])
def test_an_option_whose_operand_is_missing_is_left_to_zig(text: str) -> None:
    translate(text)


@given(st.lists(st.from_regex(r"(-Wl,|-Xlinker|-m|-f|-I|-Wp,|@)?-?-?[a-zA-Z0-9=,.+@_-]{0,12}", fullmatch=True)))
def test_no_command_line_breaks_the_translation(words: list[str]) -> None:
    with contextlib.suppress(UnsupportedOptionError):
        translate_args(words, arch="aarch64")


@given(st.lists(st.from_regex(r"[a-z0-9_/. ]+\.(c|o|a)", fullmatch=True)))
def test_inputs_keep_their_order(words: list[str]) -> None:
    assert translate_args(words, arch="aarch64") == words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.o b.o\n-lm\n", ["a.o", "b.o", "-lm"]),
        ("'a b.o' \"c d.o\" e\\ f.o", ["a b.o", "c d.o", "e f.o"]),
        ("-DX=\"'q'\" -DY='\"r\"' ''", ["-DX='q'", '-DY="r"', ""]),
        ("a\\\\b 'c\\'d'", ["a\\b", "c'd"]),
        ("", []),
    ],
)
def test_response_files_are_split_as_gcc_splits_them(text: str, expected: list[str]) -> None:
    assert split_response(text) == expected


def test_response_files_are_expanded_in_place_and_in_each_other(tmp_path: Path) -> None:
    (tmp_path / "inner").write_text("-Wl,-O1 b.o")
    (tmp_path / "outer").write_text(f"a.o '@{tmp_path}/inner'")
    assert expand_response_files(["-shared", f"@{tmp_path}/outer", "c.o"]) == [
        "-shared",
        "a.o",
        "-Wl,-O1",
        "b.o",
        "c.o",
    ]


def test_a_word_that_names_no_response_file_stays() -> None:
    assert expand_response_files(["@rpath/nothing"]) == ["@rpath/nothing"]
