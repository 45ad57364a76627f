"""From files to facts to the text of a toolchain file."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xbuild.errors import ToolchainError
from xbuild.importing.assembly import Assembly, assemble
from xbuild.importing.cmake import read_cmake
from xbuild.importing.environment import read_environment
from xbuild.importing.meson import read_meson
from xbuild.importing.own_files import is_file
from xbuild.importing.own_toml import render
from xbuild.toolchains.process import Run, run_command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from xbuild.importing.facts import Facts, Format
    from xbuild.targets import Target

_MESON = re.compile(r"^\[[\w :.-]+\]\s*$", re.MULTILINE)
_CMAKE = re.compile(r"^\s*(set|if|include|list|string|cmake_minimum_required)\s*\(", re.MULTILINE | re.IGNORECASE)
_SHELL = re.compile(r"^\s*(export\s+\S|\w+=)", re.MULTILINE)
_SUFFIXES: Mapping[str, Format] = {".ini": "meson", ".cmake": "cmake", ".sh": "env", ".env": "env"}
_LARGEST = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """The text of a toolchain file, the target it is for, and what of the files it could not take over."""

    text: str
    target: Target
    notes: tuple[str, ...]


def import_files(
    paths: Sequence[Path],
    *,
    target: Target | None,
    environ: Mapping[str, str],
    run: Run = run_command,
) -> Imported:
    """Return the toolchain that ``paths`` describe: Meson cross files, or one file of another format.

    ``target`` is what the user says it is for, ``environ`` is where a shell or CMake would read them; ``run`` asks the
    compiler what it is. Raises :class:`ToolchainError` with the place of what is wrong or cannot be read.
    """
    try:
        facts = _read(paths, environ)
        assembly = _assembled(facts, str(paths[0]), target, environ, run)
    except RecursionError:
        raise ToolchainError(f"{paths[0]}: nested too deeply to be read") from None
    text = render(assembly.toolchain, source=", ".join(path.name for path in paths))
    return Imported(text=text, target=assembly.toolchain.target, notes=_unique(facts, assembly))


def _assembled(facts: Facts, named: str, asked: Target | None, environ: Mapping[str, str], run: Run) -> Assembly:
    try:
        return assemble(facts, named=named, asked=asked, environ=environ, run=run)
    except ToolchainError as error:
        # What was not followed is often why.
        notes = "\n".join(dict.fromkeys(facts.notes))
        raise ToolchainError(error.message, hint=error.hint, details=notes or None) from error


def _unique(facts: Facts, assembly: Assembly) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*facts.notes, *assembly.notes)))


def _read(paths: Sequence[Path], environ: Mapping[str, str]) -> Facts:
    texts = {path.absolute(): _text(path) for path in paths}
    formats = {path: _format(path, text) for path, text in texts.items()}
    first = next(iter(texts))
    if len(texts) > 1:
        other = next((path for path, form in formats.items() if form != "meson"), None)
        if other is not None:
            raise ToolchainError(
                f"{other} is no Meson cross file, and only those are made to be put together",
                hint="import one file, or several Meson cross files",
            )
    match formats[first]:
        case "meson":
            return read_meson(texts)
        case "cmake":
            return read_cmake(first, environ=environ, read=_text)
        case "env":
            return _environment(first, environ)


def _environment(path: Path, environ: Mapping[str, str]) -> Facts:
    """Read a script; what it does not say itself, the CMake toolchain file it names may: of the Python above all."""
    setup = read_environment(path, environ=environ, read=_text)
    facts, file = setup.facts, setup.cmake_file
    if file is None or not is_file(file):
        return facts
    try:
        more = read_cmake(file, environ=setup.environ, read=_text)
    except ToolchainError as error:
        return replace(facts, notes=(*facts.notes, f"{file} is not read: {error.message}"))
    return replace(
        facts,
        build_python=facts.build_python or more.build_python,
        python_includes=facts.python_includes or more.python_includes,
        emulator=facts.emulator or more.emulator,
    )


def _format(path: Path, text: str) -> Format:
    if path.name.startswith("environment-setup"):
        return "env"
    if path.suffix in _SUFFIXES:
        return _SUFFIXES[path.suffix]
    for pattern, form in ((_MESON, "meson"), (_CMAKE, "cmake"), (_SHELL, "env")):
        if pattern.search(text):
            return form  # type: ignore[return-value]  # one of the three
    raise ToolchainError(
        f"{path} is nothing that can be imported",
        hint="name a Meson cross file, a CMake toolchain file, or an SDK's environment-setup file",
    )


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise ToolchainError(f"{path} is too large to be a cross file")
        text = path.read_text("utf-8")
    except OSError as error:
        raise ToolchainError(f"cannot read {path}: {(error.strerror or 'failed').lower()}") from error
    except UnicodeDecodeError as error:
        raise ToolchainError(f"{path} is not text in UTF-8: {error.reason} at byte {error.start}") from error
    if "\0" in text:
        raise ToolchainError(f"{path}:{text[: text.index(chr(0))].count(chr(10)) + 1}: a zero byte: this is no text")
    return text
