"""Small programs and modules, one per language, compiled and linked for the target and run there."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.diagnostics import first_error
from xbuild.doctor.model import Check
from xbuild.elf_header import read_header
from xbuild.errors import TestError, ToolchainError, XBuildError
from xbuild.testing.environment import shared_environment
from xbuild.testing.process import run_program
from xbuild.toolchains.preflight import preflight
from xbuild.toolchains.zig import prepare_zig

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from xbuild.by_hand.environment import Environment
    from xbuild.crossfiles.spec import CrossSpec
    from xbuild.emulator import Runner
    from xbuild.progress import Progress
    from xbuild.provision.cache import Cache

_SECONDS = 120
"""The longest one compilation or run may take: an emulated interpreter on a busy machine needs seconds."""
_ANSWER = "42"
_COMPILE_HINT = "use other compilers, or --toolchain gcc, which fetches them"
_RUN_HINT = "mend or remove the emulator on PATH, if it is yours; 'xbuild run' starts a program in the same way"

_C = """\
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    long double half = strtold("0.5", NULL) * argc;
    return printf("%.0Lf\\n", half * 84) < 0 || argv[1] != NULL;
}
"""
_CXX = """\
#include <iostream>
#include <stdexcept>
#include <string>
int main() {
    try {
        throw std::runtime_error(std::to_string(42));
    } catch (const std::exception &error) {
        std::cout << error.what() << std::endl;
    }
}
"""
_FORTRAN = """\
program probe
  integer :: numbers(3) = [10, 20, 12]
  print '(i0)', sum(numbers)
end program
"""
_RUST = """\
fn main() { println!("{}", [10, 20, 12].iter().sum::<i32>()); }
"""
_CYTHON = """\
def answer():
    return sum([10, 20, 12])
"""
_EXTENSION = """\
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *arguments) {
    (void)self, (void)arguments;
    return PyLong_FromLong(42);
}
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "probe", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_probe(void) { return PyModule_Create(&module); }
"""


class _NotHere(Exception):  # noqa: N818, not an error: the language is not there, and nothing is broken
    """Why a language cannot be tried, and what brings it."""

    def __init__(self, finding: str, remedy: str) -> None:
        super().__init__(finding)
        self.finding, self.remedy = finding, remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class Probes:
    """The languages, tried with the compilers of ``spec``. ``folder`` is an empty one for what they make.

    ``cython`` returns an environment that has Cython.
    """

    spec: CrossSpec
    runner: Runner
    folder: Path
    cache: Cache
    environ: Mapping[str, str]
    progress: Progress
    cython: Callable[[], Environment]
    offline: bool

    def run(self) -> Iterator[Check]:
        """Yield a check for each language: each is tried, whatever became of the others."""
        languages: dict[str, Callable[[Path], None]] = {
            "Python": self._python,
            "C": self._c,
            "C++": self._cxx,
            "Fortran": self._fortran,
            "C extension": self._extension,
            "Cython": self._cython,
            "Rust": self._rust,
        }
        for language, attempt in languages.items():
            yield self._check(language, attempt)

    def _check(self, language: str, attempt: Callable[[Path], None]) -> Check:
        folder = self.folder / language.replace(" ", "-")
        try:
            folder.mkdir()
            attempt(folder)
        except _NotHere as reason:
            return Check(subject=language, status="absent", finding=reason.finding, remedy=reason.remedy)
        except XBuildError as error:
            return Check.failed(language, error)
        except OSError as error:
            said = (error.strerror or str(error)).lower()
            where = error.filename or folder
            return Check.failed(language, ToolchainError(f"{said}: {where}", hint="see the other problems"))
        does = "runs" if language == "Python" else "is compiled, linked and run"
        return Check(subject=language, status="ok", finding=does)

    # The languages

    def _python(self, folder: Path) -> None:
        self._ask_python("import math, platform; print(math.gcd(84, 126) if platform.machine() else 0)", folder)

    def _c(self, folder: Path) -> None:
        self._prepare_zig(cxx=False)
        preflight(self.spec.toolchain, include=self.spec.python.include, target=self.spec.target, directory=folder)
        self._program([str(self.spec.toolchain.cc)], ("probe.c", _C), folder)

    def _cxx(self, folder: Path) -> None:
        compiler = self._compiler(self.spec.toolchain.cxx, "C++")
        self._prepare_zig(cxx=True)
        self._program([compiler], ("probe.cpp", _CXX), folder)

    def _fortran(self, folder: Path) -> None:
        self._program([self._compiler(self.spec.toolchain.fc, "Fortran")], ("probe.f90", _FORTRAN), folder)

    def _extension(self, folder: Path) -> None:
        (folder / "probe.c").write_text(_EXTENSION, "utf-8")
        self._module(folder)

    def _cython(self, folder: Path) -> None:
        try:
            environment = self.cython()
        except XBuildError as error:
            if self.offline:
                raise _NotHere("not in the cache", "run the same command without --offline") from error
            raise
        (folder / "probe.pyx").write_text(_CYTHON, "utf-8")
        cython = shutil.which("cython", path=environment.environ["PATH"]) or "cython"
        self._run([cython, "-3", "probe.pyx", "-o", "probe.c"], folder, what="translate", environ=environment.environ)
        self._module(folder)

    def _rust(self, folder: Path) -> None:
        triple = self.spec.target.rust_triple
        rustc = shutil.which("rustc", path=self.environ.get("PATH", os.defpath))
        if rustc is None:
            raise _NotHere("no rustc on PATH", "install Rust for projects that need it")
        home = self._run([rustc, "--print", "sysroot"], folder, what="ask").strip()
        if not Path(home, "lib", "rustlib", triple, "lib").is_dir():
            raise _NotHere(
                f"{rustc} has no standard library for {triple}",
                f"rustup target add {triple}, or Debian's libstd-rust-dev:{self.spec.target.debian_arch}",
            )
        self._prepare_zig(cxx=False)
        options = ["--target", triple, "-C", f"linker={self.spec.toolchain.cc}"]
        self._program([rustc, *options], ("probe.rs", _RUST), folder)

    def _compiler(self, compiler: Path | None, language: str) -> str:
        if compiler is None:
            kind, target = self.spec.toolchain.kind, self.spec.target.name
            raise _NotHere(
                f"the {kind} toolchain for {target} has no {language} compiler",
                f"use --toolchain gcc for projects with {language}",
            )
        return str(compiler)

    def _prepare_zig(self, *, cxx: bool) -> None:
        if self.spec.toolchain.kind == "zig":
            prepare_zig(
                self.spec.toolchain, self.spec.target, cache=self.cache.root / "zig", cxx=cxx, progress=self.progress
            )

    # What they share

    def _program(self, compiler: Sequence[str], source: tuple[str, str], folder: Path) -> None:
        """Compile and link a program, and compare what it prints on the target."""
        name, text = source
        (folder / name).write_text(text, "utf-8")
        self._run([*compiler, name, "-o", "probe"], folder, what="compile")
        self._check_machine(folder / "probe", compiler[0])
        start = [str(self.runner.run)] if self.runner.run is not None else []
        self._check_answer(self._run([*start, str(folder / "probe")], folder, what="run"), "the program")

    def _module(self, folder: Path) -> None:
        """Compile and link ``probe.c`` as a module, and import it with the target's Python."""
        name = f"probe{self.spec.python.extension_suffix}"
        options = ["-shared", "-fPIC", f"-I{self.spec.python.include}", "probe.c", "-o", name]
        self._prepare_zig(cxx=False)
        self._run([str(self.spec.toolchain.cc), *options], folder, what="compile")
        self._check_machine(folder / name, str(self.spec.toolchain.cc))
        self._ask_python("import sys; sys.path.insert(0, '.'); import probe; print(probe.answer())", folder)

    def _ask_python(self, code: str, folder: Path) -> None:
        environment = shared_environment(self.cache, python=self.spec.python, runner=self.runner)
        command = environment.command(["python", "-c", code], search_path=self.environ.get("PATH", os.defpath))
        answer = self._run(command, folder, what="run", environ=environment.environ(self.environ))
        self._check_answer(answer, "the target's Python")

    def _check_machine(self, output: Path, compiler: str) -> None:
        header = read_header(output)
        problem = header.problem(self.spec.target.elf) if header is not None else "not an ELF file"
        if problem:
            raise ToolchainError(
                f"{compiler} does not compile for {self.spec.target.name}: {problem}",
                hint="choose the toolchain that belongs to --target",
            )

    def _check_answer(self, answer: str, who: str) -> None:
        if answer.split() != [_ANSWER]:
            raise TestError(
                f"{who} runs on {self.spec.target.name} and answers wrongly: expected {_ANSWER}, "
                f"found {answer.strip() or 'nothing'}",
                hint="the emulator or the compiler is broken: try others",
            )

    def _run(self, command: Sequence[str], folder: Path, *, what: str, environ: Mapping[str, str] | None = None) -> str:
        """Run a step, and return what it prints; raise what it ends with otherwise."""
        variables = {**(self.environ if environ is None else environ), "LC_ALL": "C", "TMPDIR": str(folder)}
        try:
            finished = run_program(command, cwd=folder, environ=variables, timeout=_SECONDS)
        except OSError as error:
            finished_as, output = (error.strerror or str(error)).lower(), ""
        else:
            if finished.failure is None:
                return finished.output
            finished_as, output = finished.failure, finished.output
        kind, hint = (TestError, _RUN_HINT) if what == "run" else (ToolchainError, _COMPILE_HINT)
        reason = first_error(output)
        message = f"cannot {what} it: {Path(command[0]).name}: {finished_as}"
        raise kind(f"{message}\n  {reason}" if reason else message, hint=hint, details=output.strip() or None)
