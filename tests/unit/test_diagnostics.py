"""The line of a log that says what went wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbuild.diagnostics import first_error

GCC = """\
gcc -c src/m.c -o build/m.o
src/m.c: In function 'f':
src/m.c:7:5: warning: unused variable 'x' [-Wunused-variable]
src/m.c:9:12: error: 'y' undeclared (first use in this function)
    9 |     return y;
src/m.c:9:12: note: each undeclared identifier is reported only once
error: command '/usr/bin/gcc' failed with exit code 1
"""
CLANG = "\x1b[1mm.c:1:10: \x1b[0m\x1b[0;1;31mfatal error: \x1b[0m'nope.h' file not found\n1 error generated.\n"
LD = """\
/usr/bin/ld: m.o: in function `f':
m.c:(.text+0x5): undefined reference to `missing'
collect2: error: ld returned 1 exit status
"""
CMAKE = """\
-- Detecting C compiler ABI info - done
CMake Error at CMakeLists.txt:12 (find_package):
  Could not find a package configuration file provided by "Foo" with any of
  the following names:

    FooConfig.cmake

-- Configuring incomplete, errors occurred!
"""
MESON = """\
Run-time dependency openblas found: NO (tried pkgconfig and cmake)

../meson.build:42:9: ERROR: Dependency "openblas" not found, tried pkgconfig and cmake

A full log can be found at /b/meson-logs/meson-log.txt
"""
CYTHON = """\
Error compiling Cython file:
------------------------------------------------------------
...
def f():
    return undefined_name
           ^
------------------------------------------------------------

pkg/m.pyx:2:11: undeclared name not builtin: undefined_name
Traceback (most recent call last):
  File "setup.py", line 1, in <module>
    cythonize()
Cython.Compiler.Errors.CompileError: pkg/m.pyx
"""
TRACEBACK = """\
running build_ext
Traceback (most recent call last):
  File "/x/hook.py", line 389, in <module>
    main()
  File "setup.py", line 3, in <module>
    import numpy
ModuleNotFoundError: No module named 'numpy'
"""
CHAINED = """\
Traceback (most recent call last):
  File "a.py", line 1, in f
    g()
subprocess.CalledProcessError: Command '['ninja']' returned non-zero exit status 1.

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "b.py", line 1, in f
    raise RuntimeError
RuntimeError: the generator needs perl
"""
NINJA = """\
[1/2] Compiling C object m.o
FAILED: m.o
cc -c m.c
m.c:1:1: error: unknown type name 'foo'
ninja: build stopped: subcommand failed.
"""
RUST = """\
   Compiling m v0.1.0 (/src)
error[E0432]: unresolved import `pyo3::nope`
 --> src/lib.rs:1:5
  |
error: aborting due to 1 previous error
error: could not compile `m` (lib) due to 1 previous error
"""
RUST_LINK = """\
error: linking with `/w/riscv64-linux-gnu-gcc` failed: exit status: 1
  |
  = note: /usr/bin/ld: cannot find -lssl: No such file or directory
error: could not compile `m` (lib) due to 1 previous error
"""
GFORTRAN = """\
f.f90:3:10:

    3 |   call nope(x)
      |          1
Error: Symbol 'nope' at (1) has no IMPLICIT type
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GCC, "src/m.c:9:12: error: 'y' undeclared (first use in this function)"),
        (CLANG, "m.c:1:10: fatal error: 'nope.h' file not found"),
        (LD, "m.c:(.text+0x5): undefined reference to `missing'"),
        (
            CMAKE,
            (
                "CMake Error: CMakeLists.txt:12: Could not find a package configuration file "
                'provided by "Foo" with any of the following names:'
            ),
        ),
        ("CMake Error: The source directory is wrong.\n", "CMake Error: The source directory is wrong."),
        (MESON, '../meson.build:42:9: ERROR: Dependency "openblas" not found, tried pkgconfig and cmake'),
        (CYTHON, "pkg/m.pyx:2:11: undeclared name not builtin: undefined_name"),
        (TRACEBACK, "ModuleNotFoundError: No module named 'numpy'"),
        (CHAINED, "RuntimeError: the generator needs perl"),
        (NINJA, "m.c:1:1: error: unknown type name 'foo'"),
        (RUST, "src/lib.rs:1:5: error[E0432]: unresolved import `pyo3::nope`"),
        (RUST_LINK, "= note: /usr/bin/ld: cannot find -lssl: No such file or directory"),
        (GFORTRAN, "Error: Symbol 'nope' at (1) has no IMPLICIT type"),
        ("m.s:4: Error: unrecognized opcode `foo'\n", "m.s:4: Error: unrecognized opcode `foo'"),
        ("ld.lld: error: undefined symbol: zzz\n", "ld.lld: error: undefined symbol: zzz"),
        ("ERROR: Could not find a version that satisfies x", "ERROR: Could not find a version that satisfies x"),
        ("ninja: error: 'x.c', needed by 'x.o', missing", "ninja: error: 'x.c', needed by 'x.o', missing"),
        ("make: *** No rule to make target 'all'.  Stop.", "make: *** No rule to make target 'all'.  Stop."),
        ("error: unsupported linker arg: -X\n", "error: unsupported linker arg: -X"),
        ("xbuild: error: zig has no -fopenmp", "xbuild: error: zig has no -fopenmp"),
        (
            "m.c:1:1: internal compiler error: Segmentation fault",
            "m.c:1:1: internal compiler error: Segmentation fault",
        ),
        # Consequences, where there is nothing better.
        ("ninja: build stopped: subcommand failed.\n", "ninja: build stopped: subcommand failed."),
        ("x\nerror: command 'gcc' failed with exit code 1\n", "error: command 'gcc' failed with exit code 1"),
        ("make[1]: *** [Makefile:3: all] Error 2\n", "make[1]: *** [Makefile:3: all] Error 2"),
        ("CMake Error at x:1 (message):\n  one line\nnot indented\n", "CMake Error: x:1: one line"),
        # Nothing.
        ("", None),
        ("all is well\nm.c:1:1: warning: error: is only quoted\n", None),
        ("Traceback (most recent call last):\n  File 'x'\n", None),
        ("Traceback (most recent call last):\n  File 'x'\nnothing like an exception here\n", None),
        ("CMake Warning at x:1:\n  error\n-- Performing Test HAVE_error - Failed\n", None),
    ],
)
def test_the_first_reason_is_found(text: str, expected: str | None) -> None:
    assert first_error(text) == expected


def test_a_traceback_inside_a_log_with_a_margin_is_read() -> None:
    indented = "".join(f"      {line}\n" for line in TRACEBACK.splitlines())
    assert first_error(indented) == "ModuleNotFoundError: No module named 'numpy'"


@given(st.text())
def test_no_log_breaks_the_search(text: str) -> None:
    first_error(text)
