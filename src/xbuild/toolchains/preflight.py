"""A first compilation before any build: whether the toolchain, the C library and the Python headers fit together."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.diagnostics import first_error
from xbuild.elf_header import read_header
from xbuild.errors import ToolchainError
from xbuild.toolchains.process import NOT_EXECUTABLE, NOT_FOUND, Result, Run, run_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xbuild.targets import Target
    from xbuild.toolchains.model import Toolchain

_C_MODULE = """\
#include <Python.h>
_Static_assert(sizeof(void *) == SIZEOF_VOID_P, "pyconfig.h: SIZEOF_VOID_P");
_Static_assert(sizeof(long) == SIZEOF_LONG, "pyconfig.h: SIZEOF_LONG");
_Static_assert(sizeof(wchar_t) == SIZEOF_WCHAR_T, "pyconfig.h: SIZEOF_WCHAR_T");
#if defined(WORDS_BIGENDIAN) != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
#error "pyconfig.h: WORDS_BIGENDIAN"
#endif
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "probe", NULL, -1, NULL, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_probe(void);
PyMODINIT_FUNC PyInit_probe(void) { return PyModule_Create(&module); }
"""
_CXX_MODULE = """\
#include <Python.h>
#include <stdexcept>
#include <vector>
extern "C" int probe(int n) { std::vector<int> v(n); if (n > 9) throw std::runtime_error("probe"); return v.at(0); }
"""
# A linker complains about what is missing only in a program. A long double shows an ABI that the C library is not of.
_C_PROGRAM = """\
#include <stdio.h>
int main(int argc, char **argv) { return printf("%s %Lg\\n", argv[0], (long double)argc) < 0; }
"""


_SYSROOT_HINT = "check --sysroot: it is to have the target's C library with its development files (Debian: libc6-dev)"
_OTHER_HINT = "use other compilers, or --toolchain gcc, which fetches them; 'xbuild crossfile env' shows what these are"
_OTHER_TOOLCHAIN = "reinstall it, or use --toolchain gcc, which needs nothing installed"
_EXPLANATIONS: Sequence[tuple[str, str, str | None]] = (
    (
        r"LONG_BIT definition appears wrong|pyconfig\.h: (?P<name>\w+)",
        "the pyconfig.h in {include} was made for another machine than {target}",
        "the include folder must be the target Python's own; xbuild details check shows where its headers come from",
    ),
    (
        r"skipping incompatible|file in wrong format|is incompatible with|File format not recognized",
        "the linker is given libraries of another machine than {target}",
        _SYSROOT_HINT,
    ),
    (
        r"(?:cannot find|cannot open|unable to find)[^\n]*?(?P<name>\w*crt[1in]\.o|crt(?:begin|end)S?\.o)",
        "the linker cannot find {name}, with which every program of {target} starts",
        _SYSROOT_HINT,
    ),
    (
        r"(?:cannot find|unable to find library) (?P<name>-l(?:c|m|gcc|gcc_s|pthread)\b|\S*libc\.so\.6)",
        "the linker cannot find {name}, a part of every program of {target}",
        _SYSROOT_HINT,
    ),
    (
        r"(?:cannot execute|error trying to exec) [`']?(?P<name>\w+)",
        "the compiler cannot start its own parts: {name}",
        _OTHER_TOOLCHAIN,
    ),
    (
        r"version [`'](?P<name>GLIBC_[\d.]+)' not found",
        "the compiler was built for a newer build machine: it needs {name}",
        _OTHER_TOOLCHAIN,
    ),
    (
        r"error while loading shared libraries: (?P<name>[^:\s]+)",
        "the compiler itself lacks a library of the build machine: {name}",
        _OTHER_TOOLCHAIN,
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Probe:
    """One thing every build will do, and the file it makes."""

    what: str
    compiler: Path
    source: str
    text: str
    options: tuple[str, ...]


def preflight(  # noqa: PLR0913 - the last three are the seams for tests and for the cache
    toolchain: Toolchain,
    *,
    include: Path,
    target: Target,
    cxx: bool = False,
    run: Run = run_command,
    marker: Path | None = None,
    directory: Path | None = None,
) -> None:
    """Compile and link a program and an extension module for ``target`` against the Python headers in ``include``.

    ``cxx`` asks for a C++ module as well. ``marker`` is a file made on success, whose existence makes this return
    at once: its name has to stand for all that the result depends on. ``directory`` takes a temporary folder.
    Raises :class:`ToolchainError` that explains what does not work.
    """
    if marker is not None and marker.exists():
        return
    with tempfile.TemporaryDirectory(prefix="xbuild-preflight-", dir=directory) as name:
        for probe in _probes(toolchain, include, target, cxx=cxx):
            _attempt(probe, include=include, target=target, folder=Path(name), run=run)
    if marker is not None:
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()


def explain(output: str, *, include: Path, target: Target) -> tuple[str, str | None]:
    """Say what a compiler's ``output`` means here, and what to do about it. Pure."""
    header = re.search(r"(?:fatal error: |fatal error: ')([^:'\s]+)'?(?::| file not found)", output)
    if header:
        return _explain_header(header[1], include, target)
    for pattern, meaning, hint in _EXPLANATIONS:
        match = re.search(pattern, output)
        if match:
            missing = match.groupdict().get("name") or ""
            return meaning.format(name=missing, include=include, target=target.name), hint
    return first_error(output) or "the compiler gives no reason", _OTHER_HINT


def _explain_header(header: str, include: Path, target: Target) -> tuple[str, str | None]:
    if header in ("Python.h", "pyconfig.h", "patchlevel.h"):
        hint = "the folder must have Python.h and the real pyconfig.h (Debian: libpythonX.Y-dev has both)"
        return f"the Python headers in {include} are incomplete: there is no {header}", hint
    if header.endswith("/pyconfig.h"):
        return (
            f"the pyconfig.h in {include} only includes <{header}>, which is not there",
            f"copy the real pyconfig.h from usr/include/{header} of the target over it",
        )
    return f"the C library's headers for {target.name} are incomplete: there is no {header}", _SYSROOT_HINT


def _probes(toolchain: Toolchain, include: Path, target: Target, *, cxx: bool) -> list[_Probe]:
    module = ("-shared", "-fPIC", f"-I{include}")
    probes = [
        _Probe(what="a C program", compiler=toolchain.cc, source="program.c", text=_C_PROGRAM, options=()),
        _Probe(what="a C extension", compiler=toolchain.cc, source="module.c", text=_C_MODULE, options=module),
    ]
    if cxx:
        if toolchain.cxx is None:
            raise ToolchainError(
                f"the {toolchain.kind} toolchain for {target.name} has no C++ compiler",
                hint="install the one that belongs to the C compiler, or use --toolchain gcc",
            )
        compiler = toolchain.cxx
        # It calls nothing of Python's, so every symbol is to be found.
        probes.append(
            _Probe(
                what="a C++ extension",
                compiler=compiler,
                source="module.cpp",
                text=_CXX_MODULE,
                options=(*module, "-Wl,-z,defs"),
            )
        )
    return probes


def _attempt(probe: _Probe, *, include: Path, target: Target, folder: Path, run: Run) -> None:
    (folder / probe.source).write_text(probe.text, encoding="utf-8")
    output = folder / f"{probe.source}.out"
    result = run((str(probe.compiler), *probe.options, probe.source, "-o", output.name), cwd=folder)
    if result.status != 0:
        raise _failure(probe, result, include=include, target=target)
    header = read_header(output)
    problem = header.problem(target.elf) if header is not None else "not an ELF file"
    if problem:
        raise ToolchainError(
            f"{probe.compiler} does not compile for {target.name}: {problem}",
            hint="choose the toolchain that belongs to --target",
            details=result.output.strip() or None,
        )


def _failure(probe: _Probe, result: Result, *, include: Path, target: Target) -> ToolchainError:
    details = result.output.strip() or None
    if result.status in (NOT_EXECUTABLE, NOT_FOUND):
        # A shell's words for a missing ELF interpreter are those for a missing file.
        return ToolchainError(
            f"the compiler for {target.name} cannot be started: {first_error(result.output) or details or 'no reason'}",
            hint="it is missing, not executable, or for another machine than this one, or lacks its dynamic loader",
            details=details,
        )
    meaning, hint = explain(result.output, include=include, target=target)
    reason = first_error(result.output)
    message = f"cannot compile {probe.what} for {target.name}: {meaning}"
    return ToolchainError(
        message if reason in (None, meaning) else f"{message}\n  {reason}", hint=hint, details=details
    )
