"""The target's GNU compilers on PATH."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.errors import ToolchainError
from xbuild.toolchains.model import Command, ToolchainPlan
from xbuild.toolchains.process import Result, Run, run_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xbuild.targets import Target
    from xbuild.toolchains.model import Family, ToolName

_VENDORS = ("", "unknown-", "buildroot-", "pc-")
_BINUTILS: tuple[ToolName, ...] = ("ar", "ranlib", "strip", "nm", "ld", "objcopy", "readelf")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Compiler:
    """A C compiler that was found: ``prefix`` and ``suffix`` are what its siblings' names share with it."""

    path: Path
    prefix: str
    suffix: str = ""

    @property
    def directory(self) -> Path:
        return self.path.parent


def system_plan(target: Target, *, path: str, sysroot: Path | None = None, run: Run = run_command) -> ToolchainPlan:
    """Plan the compilers for ``target`` that the search path ``path`` has.

    The machine's own compiler is taken where it compiles for the target anyway.
    Raises :class:`ToolchainError` if there is none, or if it compiles for another machine.
    """
    compiler = _find_cross(target, path)
    if compiler is not None:
        _check_machine(compiler.path, target, run)
    else:
        compiler = _find_native(target, path, run)
    if compiler is None:
        looked = ", ".join(f"{name}-gcc" for name in spellings(target))
        raise ToolchainError(
            f"no C compiler for {target.name} on PATH: looked for {looked}", hint=_install_hint(target)
        )
    tools = _tools(compiler, path, arguments=(f"--sysroot={sysroot}",) if sysroot else ())
    missing = [f"{compiler.prefix}{name}" for name in ("ar", "ranlib", "strip") if name not in tools]
    if missing:
        raise ToolchainError(
            f"{compiler.path} has no binutils beside it or on PATH: looked for {', '.join(missing)}",
            hint=f"install them (Debian: apt install binutils-{_debian_name(target)})",
        )
    if sysroot:
        _check_sysroot(compiler.path, sysroot, run)
    family, version = identify(compiler.path, run)
    return ToolchainPlan(kind="system", family=family, version=version, triplet=target.triplet, tools=tools)


def spellings(target: Target) -> tuple[str, ...]:
    """Return the triplets distributions give their compilers for ``target``, Debian's first."""
    cpu, _, system = target.triplet.partition("-")
    return (*(f"{cpu}-{vendor}{system}" for vendor in _VENDORS), f"{cpu}-suse-linux")


def machine_matches(dumped: str, target: Target) -> bool:
    """Say whether what ``-dumpmachine`` answered names ``target``: its CPU, Linux, and its C library's ABI."""
    cpu, _, rest = dumped.strip().lower().partition("-")
    system, _, abi = rest.rpartition("-")
    ours, _, our_abi = target.triplet.partition("-linux-")
    names = {ours, target.name, target.wheel_machine, *target.aliases, target.rust_triple.partition("-")[0]}
    if ours == "arm" and cpu.startswith("armv7"):
        # Fedora's own says armv7hl-redhat-linux-gnueabi, and its "hl" is the hard float that others put at the end.
        return "linux" in system and (abi == our_abi or cpu == "armv7hl")
    # Fedora's and openSUSE's own say x86_64-redhat-linux.
    return cpu in names and (abi == "linux" or ("linux" in system and abi == our_abi))


def identify(compiler: Path, run: Run) -> tuple[Family, str]:
    """Return what ``compiler`` behaves like and its version, ``"unknown"`` if its banner has none."""
    banner = _ask(compiler, "--version", run).output
    first_line = banner.partition("\n")[0]
    # After the parentheses: distributions put their own versions into them.
    version = re.search(r"\d+\.\d+(\.\d+)?", re.sub(r"\([^()]*\)", "", first_line))
    return ("clang" if "clang" in banner else "gcc"), (version[0] if version else "unknown")


def _tools(compiler: _Compiler, path: str, *, arguments: tuple[str, ...]) -> dict[ToolName, Command]:
    tools: dict[ToolName, Command] = {"cc": Command(program=compiler.path, arguments=arguments)}
    siblings: tuple[tuple[ToolName, str], ...] = (("cxx", "g++"), ("fc", "gfortran"))
    for name, program in siblings:
        found = _sibling(compiler, program + compiler.suffix, path)
        if found is not None:
            tools[name] = Command(program=found, arguments=arguments)
    for name in _BINUTILS:
        found = _sibling(compiler, name, path)
        if found is not None:
            tools[name] = Command(program=found)
    return tools


def _find_cross(target: Target, path: str) -> _Compiler | None:
    for name in spellings(target):
        found = shutil.which(f"{name}-gcc", path=path)
        if found:
            return _Compiler(path=Path(found).absolute(), prefix=f"{name}-")
    for name in spellings(target):  # Debian's gcc-14-riscv64-linux-gnu without the package that links it
        versioned = sorted(_versioned(name, path), reverse=True)
        if versioned:
            version, program = versioned[0]
            return _Compiler(path=program, prefix=f"{name}-", suffix=f"-{'.'.join(map(str, version))}")
    return None


def _versioned(name: str, path: str) -> Iterator[tuple[tuple[int, ...], Path]]:
    pattern = re.compile(re.escape(name) + r"-gcc-([0-9.]+)")
    for folder in filter(None, path.split(":")):
        for program in Path(folder).glob(f"{name}-gcc-*"):
            match = pattern.fullmatch(program.name)
            if match:
                yield tuple(map(int, match[1].split("."))), program.absolute()


def _find_native(target: Target, path: str, run: Run) -> _Compiler | None:
    for name in ("gcc", "cc"):
        found = shutil.which(name, path=path)
        if found and machine_matches(_ask(found, "-dumpmachine", run).output, target):
            return _Compiler(path=Path(found).absolute(), prefix="")
    return None


def _sibling(compiler: _Compiler, name: str, path: str) -> Path | None:
    beside = str(compiler.directory)
    found = shutil.which(compiler.prefix + name, path=f"{beside}:{path}")
    return Path(found).absolute() if found else None


def _check_machine(compiler: Path, target: Target, run: Run) -> None:
    answer = _ask(compiler, "-dumpmachine", run)
    if answer.status != 0:
        raise ToolchainError(
            f"{compiler} cannot be run (exit status {answer.status})",
            hint="reinstall it, or use --toolchain gcc, which needs nothing installed",
            details=answer.output.strip(),
        )
    if not machine_matches(answer.output, target):
        raise ToolchainError(
            f"{compiler} compiles for {answer.output.strip()}, not for {target.triplet}",
            hint="put the right compiler first on PATH, or use --toolchain gcc, which needs nothing installed",
        )


def _check_sysroot(compiler: Path, sysroot: Path, run: Run) -> None:
    """Debian's cross compilers look into /usr/<triplet> before any --sysroot, and so mix two C libraries in silence."""
    answer = run((str(compiler), f"--sysroot={sysroot}", "-print-file-name=libc.so")).output.strip()
    if answer.startswith("/") and not Path(answer).resolve().is_relative_to(sysroot.resolve()):
        raise ToolchainError(
            f"{compiler} does not keep to --sysroot {sysroot}: its C library is {Path(answer).resolve()}",
            hint="leave --sysroot out to build against that one, or use --toolchain gcc, which keeps to the sysroot",
        )


def _ask(compiler: str | Path, question: str, run: Run) -> Result:
    return run((str(compiler), question))


def _debian_name(target: Target) -> str:
    return target.triplet.replace("_", "-")


def _install_hint(target: Target) -> str:
    debian, fedora = _debian_name(target), target.triplet.removesuffix("eabihf")
    return (
        f"install it (Debian: apt install gcc-{debian} g++-{debian}; "
        f"Fedora: dnf install gcc-{fedora} gcc-c++-{fedora}, which brings no C library, so add --sysroot), "
        "or use --toolchain gcc, which needs nothing installed"
    )
