"""A toolchain of the user's own, described in a TOML file."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.toolchains.model import Command, ToolchainPlan
from xbuild.toolchains.own_file import OwnFile, invalid, read_own_file
from xbuild.toolchains.process import Run, run_command
from xbuild.toolchains.system import identify
from xbuild.toolchains.wrappers import wrapped_plan, wrapper_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.targets import Target
    from xbuild.toolchains.model import ToolName

_COMPILERS: tuple[ToolName, ...] = ("cc", "cxx", "fc")
_NAMES: Mapping[str, Mapping[ToolName, tuple[str, ...]]] = {
    "gcc": {"cxx": ("g++",), "fc": ("gfortran",)},
    "clang": {"cxx": ("clang++",), "fc": ("flang", "flang-new")},
}
_BINUTILS: tuple[ToolName, ...] = ("ar", "ranlib", "strip", "nm", "ld", "objcopy", "readelf")


def file_plan(path: Path, *, target: Target, search_path: str, run: Run = run_command) -> ToolchainPlan:
    """Plan the toolchain that the TOML file ``path`` describes (``schemas/toolchain.schema.json``).

    Programs without a slash are looked up on ``search_path``. A file that names another toolchain's wrappers, and no
    arguments for them, means that toolchain: they are not wrapped again.
    Raises :class:`ToolchainError` that lists every problem of the file, each with its key.
    """
    file = read_own_file(path, search_path=search_path)
    wrapped = _wrapped(file)
    if wrapped is not None:
        return wrapped
    commands = _commands(file, search_path)
    if file.sysroot is not None:
        commands = {name: _with_sysroot(name, command, file.sysroot) for name, command in commands.items()}
    version = file.version or identify(commands["cc"].program, run)[1]
    return ToolchainPlan(kind="file", family=file.family, version=version, triplet=target.triplet, tools=commands)


def _commands(file: OwnFile, search_path: str) -> Mapping[ToolName, Command]:
    cc = file.tools["cc"]
    commands = {**_derived(cc, file.family, search_path), **file.tools}
    needed: tuple[ToolName, ...] = ("ar", "ranlib", "strip")
    missing = [name for name in needed if name not in commands]
    if missing:
        raise invalid(file.path, [f"tools.{name}: missing, and there is none beside {cc.program}" for name in missing])
    return commands


def _wrapped(file: OwnFile) -> ToolchainPlan | None:
    """Return the plan of the toolchain whose wrappers the tools of ``file`` are, if they are nothing else."""
    compiler = file.tools["cc"].program
    plan = wrapped_plan(compiler)
    if plan is None or file.sysroot is not None:
        return None
    wrappers = {name: Command(program=compiler.with_name(wrapper_name(plan, name))) for name in plan.tools}
    if any(wrappers.get(name) != command for name, command in file.tools.items()):
        return None
    # What it sees depends on the sysroot, which may be another one now.
    return replace(plan, tools={name: tool for name, tool in plan.tools.items() if name != "pkg_config"})


def _derived(cc: Command, family: str, search_path: str) -> dict[ToolName, Command]:
    """Return what stands beside the C compiler under the names that belong to its own."""
    match = re.fullmatch(r"(?P<prefix>.*?)(gcc|clang|cc)(?P<suffix>-[\d.]+)?", cc.program.name)
    if match is None:
        return {}
    prefix, suffix = match["prefix"], match["suffix"] or ""
    # Without a prefix, PATH's g++ and ar are the build machine's.
    where = f"{cc.program.parent}:{search_path}" if prefix or family == "clang" else str(cc.program.parent)
    candidates: dict[ToolName, list[str]] = {
        name: [prefix + program + suffix for program in programs] for name, programs in _NAMES[family].items()
    }
    for name in _BINUTILS:
        llvm = [] if name == "ld" else [f"llvm-{name}{suffix}", f"llvm-{name}"]
        candidates[name] = [f"{prefix}{name}"] if family == "gcc" else llvm
    derived: dict[ToolName, Command] = {}
    for name, programs in candidates.items():
        found = next(filter(None, (shutil.which(program, path=where) for program in programs)), None)
        if found:
            arguments = cc.arguments if name in _COMPILERS else ()
            derived[name] = Command(program=Path(found).absolute(), arguments=arguments)
    return derived


def _with_sysroot(name: ToolName, command: Command, sysroot: Path) -> Command:
    if name not in _COMPILERS:
        return command
    return Command(program=command.program, arguments=(f"--sysroot={sysroot}", *command.arguments))
