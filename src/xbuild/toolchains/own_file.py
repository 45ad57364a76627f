"""The TOML file of a toolchain of the user's own (``schemas/toolchain.schema.json``), read and checked."""

from __future__ import annotations

import json
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbuild.errors import TargetError, ToolchainError
from xbuild.resources import data_path
from xbuild.targets import get_target
from xbuild.toolchains.model import Command, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xbuild.targets import Target
    from xbuild.toolchains.model import Family, ToolName


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnFile:
    """A toolchain file. ``sysroot`` is what the compilers are to be told; all that is named in it is there."""

    path: Path
    family: Family
    version: str | None
    sysroot: Path | None
    tools: Mapping[ToolName, Command]
    settings: Settings


def read_own_file(path: Path, *, search_path: str) -> OwnFile:
    """Read the toolchain file ``path``; programs without a slash are looked up on ``search_path``.

    Raises :class:`ToolchainError` that lists every problem of the file, each with its key.
    """
    data, folder, problems = _read(path), path.absolute().parent, list[str]()
    general = data["toolchain"]
    tools = _tools(data["tools"], folder, search_path, problems)
    sysroot = folder / general["sysroot"] if "sysroot" in general else None
    if sysroot is not None and not sysroot.is_dir():
        problems.append(f"toolchain.sysroot: no folder {sysroot}")
    settings = _settings(data, folder, search_path, problems)
    if problems:
        raise invalid(path, problems)
    return OwnFile(
        path=path,
        family=general["family"],
        version=general.get("version"),
        sysroot=sysroot,
        tools=tools,
        settings=settings,
    )


def read_target(path: Path) -> Target | None:
    """Return the target that the toolchain file ``path`` names; None if it names none. Raises as the above."""
    name = _read(path).get("target", {}).get("name")
    return get_target(name) if name is not None else None


def _locate(program: str, folder: Path, search_path: str) -> Path | None:
    found = shutil.which(folder / program) if "/" in program else shutil.which(program, path=search_path)
    return Path(found).absolute() if found else None


def _not_found(program: str, folder: Path) -> str:
    return f"no executable {folder / program}" if "/" in program else f"no {program!r} on PATH"


def invalid(path: Path, problems: Sequence[str]) -> ToolchainError:
    """Return the error for the toolchain file ``path``, which has ``problems``."""
    listed = problems[0] if len(problems) == 1 else "".join(f"\n  {problem}" for problem in problems)
    return ToolchainError(f"{path} is not a valid toolchain file: {listed}", hint=_HINT)


_HINT = 'the least it needs: [toolchain] family = "gcc" and [tools] cc = "/path/to/<triplet>-gcc"'


def _tools(
    table: Mapping[ToolName, Any], folder: Path, search_path: str, problems: list[str]
) -> dict[ToolName, Command]:
    commands: dict[ToolName, Command] = {}
    for name, value in table.items():
        words = [value] if isinstance(value, str) else value
        program = _locate(words[0], folder, search_path)
        if program is None:
            key = f"tools.{name}" if isinstance(value, str) else f"tools.{name}[0]"
            problems.append(f"{key}: {_not_found(words[0], folder)}")
        else:
            commands[name] = Command(program=program, arguments=tuple(words[1:]))
    return commands


def _settings(data: Mapping[str, Any], folder: Path, search_path: str, problems: list[str]) -> Settings:
    """Convert the tables besides ``tools``; what they name and is not there is added to ``problems``."""
    target, emulator, build = (data.get(name, {}) for name in ("target", "emulator", "build"))

    def existing(key: str, kind: str, exists: Callable[[Path], bool]) -> Path | None:
        path = folder / target[key] if key in target else None
        if path is not None and not exists(path):
            problems.append(f"target.{key}: no {kind} {path}")
        return path

    def program(table: str, key: str) -> Path | None:
        name = data.get(table, {}).get(key)
        found = _locate(name, folder, search_path) if name is not None else None
        if name is not None and found is None:
            problems.append(f"{table}.{key}: {_not_found(name, folder)}")
        return found

    machine = None
    if "name" in target:
        try:
            machine = get_target(target["name"])
        except TargetError as error:
            problems.append(f"target.name: {error.message} ({error.hint})")
    sysroot = existing("sysroot", "folder", Path.is_dir)
    tools = {name: program("build", key) for key, name in _BUILD_TOOLS.items() if key in build}
    return Settings(
        target=machine,
        sysroot=sysroot or (folder / data["toolchain"]["sysroot"] if "sysroot" in data["toolchain"] else None),
        python=target.get("python"),
        build_details=existing("build-details", "file", Path.is_file),
        pkg_config_dirs=tuple(folder / name for name in target.get("pkg-config-dirs", ())),
        qemu=program("emulator", "qemu"),
        cpu=emulator.get("cpu"),
        build_python=program("build", "python"),
        tools={name: path for name, path in tools.items() if path is not None},
    )


_BUILD_TOOLS = {"cc": "cc", "cxx": "c++", "pkg-config": "pkg-config"}


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
        raise invalid(path, [f"{_key(error.path)}: {_explain(error)}" for error in errors])
    return data


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
