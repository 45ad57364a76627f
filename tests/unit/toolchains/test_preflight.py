"""The compilation before any build, with a compiler that says what the test wants it to say."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xbuild.errors import ToolchainError
from xbuild.toolchains import Toolchain
from xbuild.toolchains.preflight import explain, preflight
from xbuild.toolchains.process import NOT_EXECUTABLE, NOT_FOUND, Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xbuild.targets import Target

TOOL = Path("/t/tool")
TOOLCHAIN = Toolchain(
    kind="system",
    family="gcc",
    version="1",
    cc=Path("/t/cc"),
    cxx=Path("/t/c++"),
    fc=None,
    ar=TOOL,
    ranlib=TOOL,
    strip=TOOL,
)
INCLUDE = Path("/inc")
RISCV = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQQQI", 3, 243, 1, 0, 0, 0, 5) + bytes(12)
DETAILS_HINT = (
    "the include folder must be the target Python's own; xbuild details check shows where its headers come from"
)
SYSROOT_HINT = "check --sysroot: it is to have the target's C library with its development files (Debian: libc6-dev)"


class Compiler:
    """Writes ``output`` where it is told to, or ends with ``failure``, given by the source's name."""

    def __init__(self, output: bytes | None = RISCV, **failures: Result) -> None:
        self.output = output
        self.failures = failures
        self.commands: list[tuple[str, ...]] = []

    def __call__(self, argv: Sequence[str], *, cwd: Path | None = None) -> Result:
        assert cwd is not None
        self.commands.append(tuple(argv))
        source = next(word for word in argv if word.endswith((".c", ".cpp")))
        assert (cwd / source).is_file()
        failure = self.failures.get(source.replace(".", "_"))
        if failure is None and self.output is not None:
            (cwd / argv[argv.index("-o") + 1]).write_bytes(self.output)
        return failure or Result(status=0, output="")


def failure(run: Compiler, target: Target, *, cxx: bool = False) -> ToolchainError:
    with pytest.raises(ToolchainError) as caught:
        preflight(TOOLCHAIN, include=INCLUDE, target=target, cxx=cxx, run=run)
    return caught.value


def test_a_program_and_a_module_are_compiled_and_linked(riscv64: Target) -> None:
    run = Compiler()
    preflight(TOOLCHAIN, include=INCLUDE, target=riscv64, run=run)
    assert run.commands == [
        ("/t/cc", "program.c", "-o", "program.c.out"),
        ("/t/cc", "-shared", "-fPIC", "-I/inc", "module.c", "-o", "module.c.out"),
    ]


def test_a_cxx_module_too_where_it_is_asked_for(riscv64: Target) -> None:
    run = Compiler()
    preflight(TOOLCHAIN, include=INCLUDE, target=riscv64, cxx=True, run=run)
    options = ("-shared", "-fPIC", "-I/inc", "-Wl,-z,defs")
    assert run.commands[2] == ("/t/c++", *options, "module.cpp", "-o", "module.cpp.out")


def test_success_is_remembered_and_failure_is_not(riscv64: Target, tmp_path: Path) -> None:
    marker = tmp_path / "ok" / "digest"
    with pytest.raises(ToolchainError):
        preflight(TOOLCHAIN, include=INCLUDE, target=riscv64, run=Compiler(b""), marker=marker)
    assert not marker.exists()
    run = Compiler()
    for _ in range(2):
        preflight(TOOLCHAIN, include=INCLUDE, target=riscv64, run=run, marker=marker)
    assert len(run.commands) == 2


def test_a_toolchain_without_cxx_says_so(riscv64: Target) -> None:
    toolchain = Toolchain(
        kind="file", family="gcc", version="1", cc=TOOL, cxx=None, fc=None, ar=TOOL, ranlib=TOOL, strip=TOOL
    )
    with pytest.raises(ToolchainError, match=r"^the file toolchain for riscv64 has no C\+\+ compiler$"):
        preflight(toolchain, include=INCLUDE, target=riscv64, cxx=True, run=Compiler())


@pytest.mark.parametrize("output", [None, b"not ELF"])
def test_an_output_that_is_no_elf_file_is_refused(riscv64: Target, output: bytes | None) -> None:
    assert failure(Compiler(output), riscv64).message == "/t/cc does not compile for riscv64: not an ELF file"


def test_an_output_for_another_machine_is_refused(riscv64: Target) -> None:
    x86_64 = RISCV[:18] + b"\x3e\x00" + RISCV[20:]
    assert failure(Compiler(x86_64), riscv64).message == (
        "/t/cc does not compile for riscv64: "
        "expected EM_RISCV, 64-bit little-endian, found EM_X86_64, 64-bit little-endian"
    )


@pytest.mark.parametrize("status", [NOT_FOUND, NOT_EXECUTABLE])
def test_a_compiler_that_does_not_start_is_said_not_to(riscv64: Target, status: int) -> None:
    error = failure(Compiler(program_c=Result(status=status, output="/w/cc: 2: exec: /t/cc: not found\n")), riscv64)
    assert error.message == "the compiler for riscv64 cannot be started: /w/cc: 2: exec: /t/cc: not found"
    assert error.hint == (
        "it is missing, not executable, or for another machine than this one, or lacks its dynamic loader"
    )


def test_a_failure_is_explained_with_the_compilers_first_error_below(riscv64: Target) -> None:
    output = "In file included from x\nmodule.c:1:10: fatal error: Python.h: No such file or directory\n"
    error = failure(Compiler(module_c=Result(status=1, output=output)), riscv64)
    assert error.message == (
        "cannot compile a C extension for riscv64: the Python headers in /inc are incomplete: there is no Python.h\n"
        "  module.c:1:10: fatal error: Python.h: No such file or directory"
    )
    assert error.hint == "the folder must have Python.h and the real pyconfig.h (Debian: libpythonX.Y-dev has both)"
    assert error.details == output.strip()


def test_a_failure_nobody_knows_shows_the_compilers_first_error_once(riscv64: Target) -> None:
    output = "cc: error: unrecognized command-line option '-mabi=x'\n"
    error = failure(Compiler(program_c=Result(status=1, output=output)), riscv64)
    assert error.message == (
        "cannot compile a C program for riscv64: cc: error: unrecognized command-line option '-mabi=x'"
    )


def test_a_failure_without_a_word_says_that(riscv64: Target) -> None:
    error = failure(Compiler(program_c=Result(status=1, output="")), riscv64)
    assert error.message == "cannot compile a C program for riscv64: the compiler gives no reason"
    assert error.hint == (
        "use other compilers, or --toolchain gcc, which fetches them; 'xbuild crossfile env' shows what these are"
    )
    assert error.details is None


@pytest.mark.parametrize(
    ("output", "meaning", "hint"),
    [
        (
            "module.c:1:10: fatal error: 'Python.h' file not found",
            "the Python headers in /inc are incomplete: there is no Python.h",
            "the folder must have Python.h and the real pyconfig.h (Debian: libpythonX.Y-dev has both)",
        ),
        (
            "/inc/pyconfig.h:3:12: fatal error: riscv64-linux-gnu/python3.14/pyconfig.h: No such file or directory",
            "the pyconfig.h in /inc only includes <riscv64-linux-gnu/python3.14/pyconfig.h>, which is not there",
            "copy the real pyconfig.h from usr/include/riscv64-linux-gnu/python3.14/pyconfig.h of the target over it",
        ),
        (
            "/usr/include/features.h:1:1: fatal error: gnu/stubs-lp64d.h: No such file or directory",
            "the C library's headers for riscv64 are incomplete: there is no gnu/stubs-lp64d.h",
            SYSROOT_HINT,
        ),
        (
            '/inc/pyport.h:586:2: error: #error "LONG_BIT definition appears wrong for platform (bad gcc/glibc?)."',
            "the pyconfig.h in /inc was made for another machine than riscv64",
            DETAILS_HINT,
        ),
        (
            'module.c:3:1: error: static assertion failed: "pyconfig.h: SIZEOF_LONG"',
            "the pyconfig.h in /inc was made for another machine than riscv64",
            DETAILS_HINT,
        ),
        (
            "/usr/bin/ld: cannot find Scrt1.o: No such file or directory\ncollect2: error: ld returned 1 exit status",
            "the linker cannot find Scrt1.o, with which every program of riscv64 starts",
            SYSROOT_HINT,
        ),
        (
            "ld.lld: error: cannot open crtbeginS.o: No such file or directory",
            "the linker cannot find crtbeginS.o, with which every program of riscv64 starts",
            SYSROOT_HINT,
        ),
        (
            "/usr/bin/ld: cannot find -lgcc: No such file or directory",
            "the linker cannot find -lgcc, a part of every program of riscv64",
            SYSROOT_HINT,
        ),
        (
            "ld.lld: error: unable to find library -lc",
            "the linker cannot find -lc, a part of every program of riscv64",
            SYSROOT_HINT,
        ),
        (
            "/usr/bin/ld: cannot find /lib/riscv64-linux-gnu/libc.so.6: No such file or directory",
            "the linker cannot find /lib/riscv64-linux-gnu/libc.so.6, a part of every program of riscv64",
            SYSROOT_HINT,
        ),
        (
            "ld: skipping incompatible /usr/lib/libc.so when searching for -lc\nld: cannot find -lc",
            "the linker is given libraries of another machine than riscv64",
            SYSROOT_HINT,
        ),
        (
            "gcc: fatal error: cannot execute 'cc1plus': execvp: No such file or directory\ncompilation terminated.",
            "the compiler cannot start its own parts: cc1plus",
            "reinstall it, or use --toolchain gcc, which needs nothing installed",
        ),
        (
            "/t/cc: /lib/libc.so.6: version `GLIBC_2.38' not found (required by /t/cc)",
            "the compiler was built for a newer build machine: it needs GLIBC_2.38",
            "reinstall it, or use --toolchain gcc, which needs nothing installed",
        ),
        (
            "/t/cc1: error while loading shared libraries: libisl.so.23: cannot open shared object file",
            "the compiler itself lacks a library of the build machine: libisl.so.23",
            "reinstall it, or use --toolchain gcc, which needs nothing installed",
        ),
    ],
)
def test_what_compilers_say_is_explained(riscv64: Target, output: str, meaning: str, hint: str) -> None:
    assert explain(output, include=INCLUDE, target=riscv64) == (meaning, hint)
