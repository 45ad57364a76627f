"""The silent fallback: a project with compiled parts whose wheel came out without them, and a build that succeeded.

An extension marked optional that does not compile is dropped by setuptools, and several projects retry without it.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xbuild.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from xbuild.wheels.report import VerificationReport

_SOURCE_SUFFIXES = (
    ".c",
    ".cc",
    ".cpp",
    ".cxx",
    ".c++",
    ".pyx",
    ".pyf",
    ".f",
    ".f77",
    ".f90",
    ".f95",
    ".for",
    ".rs",
    ".s",
)
_ELSEWHERE = re.compile(
    r"(?:^|/)(?:tests?|testing|docs?|documentation|bench(?:marks?)?|examples?|demos?|samples?|fuzz(?:ing)?|tools|scripts"
    r"|ci|templates|third_?party|3rdparty|vendor(?:ed)?|extern(?:al)?|node_modules)/",
    re.IGNORECASE,
)
"""Folders whose sources are not the package's own: tests' fixtures, examples, other projects' libraries."""

_DECLARES_SOURCES = {
    "setup.py": r"ext_modules|\bExtension\(|\bcythonize\(",
    "setup.cfg": r"^\[build_ext\]",
    "pyproject.toml": r"ext-modules|hatch-cython|\[tool\.cython",
}
"""Build files, and what in them says that sources of the project are compiled."""

_COMPILES = {
    "setup.py": r"cffi_modules|rust_extensions|\bRustExtension\(|cmake_source_dir|\bCMakeExtension\(",
    "pyproject.toml": r"build-backend\s*=\s*['\"](?:maturin|scikit_build_core)|\[\[?tool\.setuptools-rust",
    "meson.build": r"\bextension_module\(",
}
"""Build files, and what in them says that the project has machine code wherever its sources are."""

_PURE = {"pyproject.toml": r"^(?:wheel\.)?platlib\s*=\s*false"}
"""scikit-build-core's statement that what CMake installs is for any machine: header-only libraries make it."""

_SKIPPED = re.compile(
    r"building extension \"(?P<module>[^\"]+)\" failed"
    r"|extensions?(?: modules?)? (?:could not|cannot|can't|couldn't) be (?:compiled|built)"
    r"|(?:Retrying|retrying) the build without"
    r"|(?:Plain|Pure)-?\s?Python (?:build|installation) succeeded",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fallback:
    """Compiled parts that are not in the wheel.

    ``sources`` are the files that say there should be some. ``skipped`` are the build's own messages about what it left
    out, and ``cause`` is the first error above them, usually the compiler's.
    """

    wheel: str
    sources: tuple[str, ...]
    skipped: tuple[str, ...]
    cause: str | None

    def error(self) -> BuildError:
        """Return the failure to raise unless the user accepts the wheel as it is (``--allow-pure``)."""
        if self.skipped:
            problem = f"the build left out compiled parts and went on: {self.skipped[0]}"
        else:
            problem = f"the project has compiled sources and its wheel has no machine code: {_some(self.sources)}"
        return BuildError(
            f"{self.wheel}: {problem}",
            hint="mend what the compiler says, or accept a wheel without these parts with --allow-pure",
            details=self.cause,
        )


def detect_fallback(report: VerificationReport, *, sources: Sequence[str], log: str = "") -> Fallback | None:
    """Return what is missing from a wheel, or None.

    ``sources`` come from :func:`compiled_sources`; ``log`` is all that the build backend printed.
    """
    from xbuild.diagnostics import first_error

    skipped = optional_failures(log)
    missing = tuple(sources) if not report.elf_files else ()
    if not skipped and not missing:
        return None
    return Fallback(wheel=report.path.name, sources=missing, skipped=skipped, cause=first_error(log))


def compiled_sources(source_files: Iterable[str], *, read: Callable[[str], str] | None = None) -> tuple[str, ...]:
    """Return the files of a source tree that say its wheel should have machine code, sorted.

    ``source_files`` are POSIX paths relative to the tree. ``read`` returns the text of one of them: with it, a source
    counts only if a build file compiles sources at all, and a build file that compiles others' sources counts itself.
    Without it, a source counts if there is a build file that might compile it.
    Sources of tests, documentation, examples and vendored libraries are no evidence.
    A project that compiles only if an environment variable says so is taken for one that compiles.
    """
    files = sorted({posixpath.normpath(name) for name in source_files})
    own = [name for name in files if not _ELSEWHERE.search(name)]
    sources = [name for name in own if name.lower().endswith(_SOURCE_SUFFIXES)]
    if read is None:
        could = any(posixpath.basename(name) in {*_DECLARES_SOURCES, *_COMPILES, "CMakeLists.txt"} for name in own)
        return tuple(sources) if could else ()
    if any(_says(name, _PURE, read) for name in own if "/" not in name):
        return ()
    compiles = [name for name in own if _says(name, _COMPILES, read)]
    declared = compiles or any(_says(name, _DECLARES_SOURCES, read) for name in own if "/" not in name)
    return tuple(sorted({*compiles, *sources})) if declared else ()


def optional_failures(log: str) -> tuple[str, ...]:
    """Return a backend's messages that it went on without an extension, in order, each once.

    setuptools says ``building extension "x" failed`` for an optional one; projects that retry without their extensions
    have sentences of their own.
    """
    lines = (
        re.sub(r"^\s*(?:(?:WARNING|warning):\s*)*(?:build_ext:\s*)?", "", line).rstrip() for line in log.splitlines()
    )
    return tuple(dict.fromkeys(line for line in lines if _SKIPPED.search(line)))


def _says(name: str, patterns: dict[str, str], read: Callable[[str], str]) -> bool:
    pattern = patterns.get(posixpath.basename(name))
    return pattern is not None and re.search(pattern, read(name), re.MULTILINE) is not None


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{shown} and {len(names) - 3} more" if len(names) > 3 else shown
