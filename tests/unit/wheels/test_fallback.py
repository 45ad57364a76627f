"""The silent fallback to a wheel without its compiled parts."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from xbuild.wheels.elf import ElfFile
from xbuild.wheels.fallback import Fallback, compiled_sources, detect_fallback, optional_failures
from xbuild.wheels.report import VerificationReport

if TYPE_CHECKING:
    from collections.abc import Mapping

ELF = ElfFile(elf_class=64, data="little", machine="EM_RISCV", flags=5, type="ET_DYN")
PURE = VerificationReport(path=Path("pkg-1.0-py3-none-any.whl"))
NATIVE = VerificationReport(path=Path("pkg-1.0-cp313-cp313-linux_riscv64.whl"), elf_files=MappingProxyType({"_x": ELF}))

# As real builds print them, with a compiler flag that does not exist.
MARKUPSAFE = """\
  building 'markupsafe._speedups' extension
  riscv64-linux-gnu-gcc: error: unrecognized command-line option '-fbroken-flag'
  ==========================================================================
  WARNING: The C extension could not be compiled, speedups are not enabled.
  Failure information, if any, is above.
  Retrying the build without the C extension now.

  ==========================================================================
  WARNING: The C extension could not be compiled, speedups are not enabled.
  Plain-Python build succeeded.
"""
SIMPLEJSON = """\
gcc: error: unrecognized command-line option '-fbroken-flag'
WARNING: The C extension could not be compiled, speedups are not enabled.
I'm retrying the build without the C extension now.
"""
WRAPT = """\
  building 'wrapt._wrappers' extension
  gcc: error: unrecognized command-line option '-fbroken-flag'
  warning: build_ext: building extension "wrapt._wrappers" failed: Command '['gcc']' returned non-zero exit status 1.

  warning: install_lib: byte-compiling is disabled, skipping.
"""
CLEAN = """\
running build_ext
building 'greenlet._greenlet' extension
warning: no previously-included files matching '*.pyc' found anywhere in distribution
adding 'greenlet/_greenlet.cpython-313-riscv64-linux-gnu.so'
"""


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (
            MARKUPSAFE,
            (
                "The C extension could not be compiled, speedups are not enabled.",
                "Retrying the build without the C extension now.",
                "Plain-Python build succeeded.",
            ),
        ),
        (
            SIMPLEJSON,
            (
                "The C extension could not be compiled, speedups are not enabled.",
                "I'm retrying the build without the C extension now.",
            ),
        ),
        (
            WRAPT,
            (("building extension \"wrapt._wrappers\" failed: Command '['gcc']' returned non-zero exit status 1."),),
        ),
        (CLEAN, ()),
        ("", ()),
    ],
)
def test_messages_of_a_skipped_extension_are_found(log: str, expected: tuple[str, ...]) -> None:
    assert optional_failures(log) == expected


SETUP = "setup(ext_modules=[Extension('markupsafe._speedups', ['src/markupsafe/_speedups.c'])])"
MARKUPSAFE_TREE = {"setup.py": SETUP, "pyproject.toml": "", "src/markupsafe/_speedups.c": "", "tests/test_x.py": ""}


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (MARKUPSAFE_TREE, ("src/markupsafe/_speedups.c",)),
        ({"./setup.py": "cythonize('pkg/*.pyx')", "./pkg/a.pyx": ""}, ("pkg/a.pyx",)),
        ({"pyproject.toml": "[[tool.setuptools.ext-modules]]", "pkg/a.CPP": ""}, ("pkg/a.CPP",)),
        ({"setup.cfg": "[metadata]\nname = x\n[build_ext]\ninplace = 1", "a.f90": ""}, ("a.f90",)),
        ({"setup.py": "setup(cffi_modules=['b.py:ffi'])", "deps/x.c": ""}, ("deps/x.c", "setup.py")),
        ({"setup.py": "setup(rust_extensions=[])", "src/lib.rs": ""}, ("setup.py", "src/lib.rs")),
        ({"pyproject.toml": 'build-backend = "maturin"', "src/lib.rs": ""}, ("pyproject.toml", "src/lib.rs")),
        ({"pyproject.toml": "build-backend = 'scikit_build_core.build'"}, ("pyproject.toml",)),
        ({"meson.build": "project('x')", "a/meson.build": "py.extension_module('x')"}, ("a/meson.build",)),
    ],
)
def test_projects_with_compiled_parts(tree: Mapping[str, str], expected: tuple[str, ...]) -> None:
    texts = {name.removeprefix("./"): text for name, text in tree.items()}
    assert compiled_sources(tree, read=texts.__getitem__) == expected


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"pyproject.toml": "[build-system]", "pkg/__init__.py": ""},
        {"setup.py": "setup()", "pkg/data/hello.c": ""},
        {"setup.py": "setup()", "tests/fixture.c": "", "tests/ext/setup.py": SETUP, "docs/x.c": ""},
        {"setup.py": "setup()", "examples/ext/setup.py": "cffi_modules", "examples/ext/a.c": ""},
        # mypyc compiles .py files, and only where its variable is set.
        {"setup.py": "setup(ext_modules=mypycify([]) if USE_MYPYC else [])", "pkg/a.py": ""},
        {"meson.build": "py.install_sources('a.py')", "third_party/lib.c": ""},
        {"pyproject.toml": "build-backend = 'scikit_build_core.build'\nwheel.platlib = false", "src/common.cpp": ""},
        {"setup.py": "setup(ext_modules=[])", "vendor/zlib/adler32.c": "", "Benchmarks/b.c": ""},
    ],
)
def test_pure_projects_with_stray_sources(tree: Mapping[str, str]) -> None:
    assert compiled_sources(tree, read=tree.__getitem__) == ()


def test_names_alone_are_weaker_evidence() -> None:
    assert compiled_sources(["setup.py", "pkg/data/hello.c", "tests/x.c"]) == ("pkg/data/hello.c",)
    assert compiled_sources(["CMakeLists.txt", "a.cc"]) == ("a.cc",)
    assert compiled_sources(["flit.ini", "pkg/data/hello.c"]) == ()


def test_a_pure_wheel_of_a_project_with_sources_is_a_build_error() -> None:
    fallback = detect_fallback(PURE, sources=["src/markupsafe/_speedups.c"], log=MARKUPSAFE)
    assert fallback == Fallback(
        wheel="pkg-1.0-py3-none-any.whl",
        sources=("src/markupsafe/_speedups.c",),
        skipped=optional_failures(MARKUPSAFE),
        cause="riscv64-linux-gnu-gcc: error: unrecognized command-line option '-fbroken-flag'",
    )
    error = fallback.error()
    assert error.exit_code == 13
    assert error.message == (
        "pkg-1.0-py3-none-any.whl: the build left out compiled parts and went on: "
        "The C extension could not be compiled, speedups are not enabled."
    )
    assert error.details == "riscv64-linux-gnu-gcc: error: unrecognized command-line option '-fbroken-flag'"
    assert error.hint == "mend what the compiler says, or accept a wheel without these parts with --allow-pure"


def test_a_fallback_that_the_log_does_not_mention_is_found_by_the_sources() -> None:
    fallback = detect_fallback(PURE, sources=["a.c", "b.c", "c.c", "d.c"])
    assert fallback is not None
    assert fallback.error().message == (
        "pkg-1.0-py3-none-any.whl: the project has compiled sources and its wheel has no machine code: "
        "a.c, b.c, c.c and 1 more"
    )
    assert fallback.error().details is None
    fallback = detect_fallback(PURE, sources=["a.c"])
    assert fallback is not None
    assert fallback.error().message.endswith("no machine code: a.c")


def test_one_module_dropped_from_several_is_found_too() -> None:
    fallback = detect_fallback(NATIVE, sources=["a.c"], log=WRAPT)
    assert fallback is not None
    assert (fallback.sources, len(fallback.skipped)) == ((), 1)


def test_a_whole_wheel_is_no_fallback() -> None:
    assert detect_fallback(NATIVE, sources=["a.c"], log=CLEAN) is None
    assert detect_fallback(PURE, sources=[], log=CLEAN) is None
