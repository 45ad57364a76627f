"""A toolchain of the user's own, described in a TOML file."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbuild.errors import ToolchainError
from xbuild.resources import data_path
from xbuild.toolchains.model import Command, ToolchainPlan
from xbuild.toolchains.process import Run, run_command
from xbuild.toolchains.system import identify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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

    Programs without a slash are looked up on ``search_path``. Raises :class:`ToolchainError` that lists every
    problem of the file, each with its key.
    """
    data = _read(path)
    folder = path.absolute().parent
    general = data["toolchain"]
    commands: dict[ToolName, Command] = {}
    problems = []
    for name, value in data["tools"].items():
        words = [value] if isinstance(value, str) else value
        program = _locate(words[0], folder, search_path)
        if program is None:
            key = f"tools.{name}" if isinstance(value, str) else f"tools.{name}[0]"
            problems.append(f"{key}: {_not_found(words[0], folder)}")
        else:
            commands[name] = Command(program=program, arguments=tuple(words[1:]))
    if "cc" in commands:
        commands = {**_derived(commands["cc"], general["family"], search_path), **commands}
        needed: tuple[ToolName, ...] = ("ar", "ranlib", "strip")
        problems += [
            f"tools.{name}: missing, and there is none beside {commands['cc'].program}"
            for name in needed
            if name not in commands and name not in data["tools"]
        ]
    sysroot = folder / general["sysroot"] if "sysroot" in general else None
    if sysroot and not sysroot.is_dir():
        problems.append(f"toolchain.sysroot: no folder {sysroot}")
    if problems:
        raise _invalid(path, problems)
    if sysroot:
        commands = {name: _with_sysroot(name, command, sysroot) for name, command in commands.items()}
    version = general.get("version") or identify(commands["cc"].program, run)[1]
    return ToolchainPlan(kind="file", family=general["family"], version=version, triplet=target.triplet, tools=commands)


def _read(path: Path) -> Mapping[str, Any]:
    import jsonschema

    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ToolchainError(f"cannot read the toolchain file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ToolchainError(f"{path} is not TOML: {error}", hint=_HINT) from error
    schema = json.loads(data_path("schemas", "toolchain.schema.json").read_text(encoding="utf-8"))
    errors = sorted(jsonschema.Draft202012Validator(schema).iter_errors(data), key=lambda error: list(error.path))
    if errors:
        raise _invalid(path, [f"{_key(error.path)}: {_explain(error)}" for error in errors])
    return data


_HINT = 'the least it needs: [toolchain] family = "gcc" and [tools] cc = "/path/to/<triplet>-gcc"'


def _invalid(path: Path, problems: Sequence[str]) -> ToolchainError:
    listed = problems[0] if len(problems) == 1 else "".join(f"\n  {problem}" for problem in problems)
    return ToolchainError(f"{path} is not a valid toolchain file: {listed}", hint=_HINT)


def _key(path: Sequence[str | int]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "top level"


def _explain(error: Any) -> str:
    match error.validator:
        case "oneOf":
            return f"expected a program, or a list of a program and its arguments, found {error.instance!r}"
        case "enum":
            return f"expected one of {', '.join(map(repr, error.validator_value))}, found {error.instance!r}"
        case "type":
            return f"expected {error.validator_value}, found {error.instance!r}"
        case _:
            return str(error.message)


def _locate(program: str, folder: Path, search_path: str) -> Path | None:
    found = shutil.which(folder / program) if "/" in program else shutil.which(program, path=search_path)
    return Path(found).absolute() if found else None


def _not_found(program: str, folder: Path) -> str:
    return f"no executable {folder / program}" if "/" in program else f"no {program!r} on PATH"


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
