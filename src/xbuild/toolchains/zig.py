"""zig as a C and C++ compiler: its PyPI wheel, for wheels that are to run on an old glibc."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.errors import ToolchainError
from xbuild.toolchains.model import Command, ToolchainPlan
from xbuild.toolchains.process import Run, run_command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.progress import Progress
    from xbuild.targets import Target, Version
    from xbuild.toolchains.model import Toolchain, ToolName

_FIXED = (
    # What GCC does, and zig does not: no sanitizer unless asked, assert() stays on with -O2, and options that mean
    # nothing (-Wno-… of another compiler, linker options without a link) pass without a word.
    "-fno-sanitize=undefined",
    "-UNDEBUG",
    "-Wno-unused-command-line-argument",
    "-Wno-ignored-optimization-argument",
    "-Wno-unknown-warning-option",
)
_WRAPPER = Path(__file__).with_name("zig_wrapper.py")
_WARM_C = '#include <stdio.h>\nint main(void) { return puts(""); }\n'
_WARM_CXX = "#include <iostream>\nint main() { try { std::cout << 1; } catch (...) { return 1; } }\n"
_ABI = {
    # Debian's armhf and the armv7l wheels of the index run without NEON; zig's own idea of an Arm v7 has it.
    "arm": ("-mcpu=generic+v7a+vfp3d16",),
    # zig has IEEE long doubles, for which <stdio.h> turns printf() into __printfieee128(), new in glibc 2.32: a
    # module links against 2.19 and then cannot be loaded. Every distribution's Python has IBM's format anyway.
    "powerpc64le": ("-mabi=ibmlongdouble",),
}
# zig's libc++ is compiled with those IEEE long doubles whatever the options, and needs a glibc that has them.
_CXX_GLIBC: Mapping[str, Version] = {"powerpc64le": (2, 32)}


def find_zig() -> Path:
    """Return zig's program of the ``ziglang`` distribution; :class:`ToolchainError` if it is not installed."""
    from importlib.util import find_spec

    spec = find_spec("ziglang")
    program = Path(spec.origin).parent / "zig" if spec and spec.origin else None
    if program is None or not program.is_file():
        raise ToolchainError(
            "the zig toolchain is not installed: no distribution `ziglang` beside xbuild",
            hint=f"install it: {sys.executable} -m pip install 'xbuild-wheels[zig]'",
        )
    return program


def zig_version(zig: Path, *, run: Run = run_command) -> str:
    """Return what ``zig version`` says."""
    result = run((str(zig), "version"))
    if result.status != 0:
        raise ToolchainError(f"{zig} cannot be run (exit status {result.status})", details=result.output.strip())
    return result.output.strip()


def default_glibc(target: Target) -> Version:
    """Return the oldest glibc that zig has for ``target`` and that a manylinux policy has a name for."""
    return max(target.zig.glibc_floor, target.manylinux_floor)


def zig_plan(  # noqa: PLR0913 - what is found on the machine is the caller's to find
    target: Target,
    *,
    zig: Path,
    version: str,
    cache: Path,
    glibc: Version | None = None,
    sysroot: Path | None = None,
    python: Path = Path(sys.executable),
) -> ToolchainPlan:
    """Plan zig's compilers for ``target`` and ``glibc`` (by default the lowest that makes sense).

    ``cache`` is where zig keeps what it builds. Libraries and headers in ``sysroot`` are searched after zig's own.
    There is no Fortran, and for ppc64le no C++ below glibc 2.32.
    Raises :class:`ToolchainError` for a glibc zig does not have.
    """
    glibc = glibc or default_glibc(target)
    if glibc < target.zig.glibc_floor:
        oldest = _dotted(target.zig.glibc_floor)
        raise ToolchainError(
            f"zig cannot link for {target.name} against glibc {_dotted(glibc)}: its oldest is {oldest}",
            hint=f"ask for glibc {oldest} or newer",
        )
    environment = {"ZIG_GLOBAL_CACHE_DIR": str(cache)}
    fixed = (*_FIXED, *_ABI.get(_arch(target), ()), *_search_paths(target, sysroot))

    def driver(mode: str) -> Command:
        names = (str(zig), mode, target.triplet, f"{target.zig.triple}.{_dotted(glibc)}")
        arguments = ("-I", "-S", str(_WRAPPER), *names, *fixed, "--")
        return Command(program=python, arguments=arguments, environment=environment)

    def zig_command(name: str) -> Command:
        return Command(program=zig, arguments=(name,), environment=environment)

    tools: dict[ToolName, Command] = {
        "cc": driver("cc"),
        "ar": zig_command("ar"),
        "ranlib": zig_command("ranlib"),
        # zig has no strip (its objcopy says "unimplemented" in 0.17), and what it links here is stripped already.
        "strip": Command(program=Path("/bin/sh"), arguments=("-c", ":")),
    }
    if glibc >= _CXX_GLIBC.get(_arch(target), glibc):
        tools["cxx"] = driver("c++")
    return ToolchainPlan(kind="zig", family="clang", version=f"zig {version}", triplet=target.triplet, tools=tools)


def prepare_zig(  # noqa: PLR0913 - the last is the seam for tests
    toolchain: Toolchain, target: Target, *, cache: Path, cxx: bool, progress: Progress, run: Run = run_command
) -> None:
    """Have zig build its libraries for ``target`` now, with a line of progress, rather than in the first compilation.

    Does nothing if it was done before. Raises :class:`ToolchainError` with zig's message, or if it cannot do C++ here.
    """
    compiler = toolchain.cxx if cxx else toolchain.cc
    if compiler is None:
        floor = _CXX_GLIBC[_arch(target)]
        raise ToolchainError(
            f"zig has no C++ for {target.name} with a glibc older than {_dotted(floor)}, and this project needs C++",
            hint="use --toolchain gcc for this project",
        )
    marker = cache / f"ready-{toolchain.digest}-{'cxx' if cxx else 'c'}"
    if marker.exists():
        return
    what, duration = ("C and C++ libraries", "1 to 4 minutes") if cxx else ("C library", "up to a minute")
    with (
        progress.step(f"Building zig's {what} for {target.name} (once, {duration})"),
        tempfile.TemporaryDirectory(prefix="xbuild-zig-") as name,
    ):
        folder = Path(name)
        source = folder / ("warm.cpp" if cxx else "warm.c")
        source.write_text(_WARM_CXX if cxx else _WARM_C, encoding="utf-8")
        for kind in (("-shared", "-fPIC"), ()):
            result = run((str(compiler), "-O2", *kind, source.name, "-o", "warm"), cwd=folder)
            if result.status != 0:
                raise ToolchainError(f"zig cannot compile for {target.name}", details=result.output.strip())
    cache.mkdir(parents=True, exist_ok=True)
    marker.touch()


def _search_paths(target: Target, sysroot: Path | None) -> tuple[str, ...]:
    """The sysroot's headers come last, so that its C library's never replace zig's."""
    if sysroot is None:
        return ()
    headers = (sysroot / "usr/include", sysroot / "usr/include" / target.triplet)
    libraries = (sysroot / "usr/lib" / target.triplet, sysroot / "usr/lib")
    return (*(f"-idirafter{path}" for path in headers), *(f"-L{path}" for path in libraries))


def _arch(target: Target) -> str:
    return target.zig.triple.partition("-")[0]


def _dotted(version: Version) -> str:
    return ".".join(map(str, version))
