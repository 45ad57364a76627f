"""Meson's cross files: several are composed as Meson composes them, then read."""

from __future__ import annotations

import configparser
import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xbuild.errors import ToolchainError
from xbuild.importing.facts import Evidence, Facts, Program
from xbuild.importing.machines import by_meson
from xbuild.importing.meson_values import MesonValueError, Value, evaluate
from xbuild.importing.own_files import is_own_folder
from xbuild.importing.words import left_out
from xbuild.targets import get_target, target_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from xbuild.toolchains import ToolName

_BINARIES: Mapping[str, ToolName] = {
    "c": "cc",
    "cpp": "cxx",
    "fortran": "fc",
    "ar": "ar",
    "ranlib": "ranlib",
    "strip": "strip",
    "nm": "nm",
    "ld": "ld",
    "objcopy": "objcopy",
    "readelf": "readelf",
}
_LANGUAGES: Mapping[str, ToolName] = {"c": "cc", "cpp": "cxx", "fortran": "fc"}
_IGNORED = {
    "host_machine": {"system", "cpu_family", "cpu", "endian", "kernel", "subsystem"},
    "properties": {"needs_exe_wrapper"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    section: str
    name: str
    value: Value
    where: str


def read_meson(texts: Mapping[Path, str]) -> Facts:
    """Return what the cross files ``texts`` say, later ones over earlier ones.

    Raises :class:`ToolchainError` for what Meson would not read either, with its place.
    """
    return _Reader(_entries(texts), folder=next(iter(texts)).parent).facts()


def _entries(texts: Mapping[Path, str]) -> Sequence[_Entry]:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, default_section="\0")
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # as the library's documentation has it
    places: dict[tuple[str, str], str] = {}
    for path, text in texts.items():
        if "@GLOBAL_SOURCE_ROOT@" in text:
            raise ToolchainError(
                f"{path}:{_line(text, '@GLOBAL_SOURCE_ROOT@')}: @GLOBAL_SOURCE_ROOT@ is another folder in each project",
                hint="put the folder itself in its place",
            )
        try:
            parser.read_string(text.replace("@DIRNAME@", str(path.parent)), str(path))
        except configparser.Error as error:
            raise ToolchainError(f"{path} is not a Meson cross file: {_told(error)}") from error
        places |= _places(path, text)
    constants: dict[str, Value] = {"True": True, "False": False}
    sections = sorted(parser.sections(), key=lambda name: name != "constants")
    entries: list[_Entry] = []
    for section in sections:
        scope = dict(constants)
        for name, text in parser.items(section):
            where = places.get((section, name), str(next(iter(texts))))
            try:
                scope[name] = evaluate(text or "", scope)
            except MesonValueError as problem:
                raise ToolchainError(f"{where}: [{section}] {name}: {problem}") from problem
            entries.append(_Entry(section=section, name=name, value=scope[name], where=where))
        if section == "constants":
            constants = scope
    return [entry for entry in entries if entry.section != "constants"]


def _told(error: configparser.Error) -> str:
    return " ".join(str(error.message).split())


def _line(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def _places(path: Path, text: str) -> dict[tuple[str, str], str]:
    """configparser does not say where an entry stands."""
    section, places = "", {}
    for number, line in enumerate(text.splitlines(), 1):
        header, entry = re.match(r"\[([^]]+)\]", line), re.match(r"([^\s#;=][^=]*?)\s*=", line)
        if header:
            section = header[1]
        elif entry:
            places[section, entry[1]] = f"{path}:{number}"
    return places


class _Reader:
    def __init__(self, entries: Sequence[_Entry], *, folder: Path) -> None:
        self._entries = {(entry.section, entry.name): entry for entry in entries}
        self._folder = folder
        self._used: set[tuple[str, str]] = set()
        self._notes: list[str] = []

    def facts(self) -> Facts:
        pkg_config, pkg_config_sysroot = self._pkg_config()
        sysroots = [self._text("properties", "sys_root"), pkg_config_sysroot]
        details = self._text("built-in options", "python.build_config")
        facts = Facts(
            folder=self._folder,
            evidence=tuple(self._evidence()),
            tools={tool: program for name, tool in _BINARIES.items() if (program := self._program(name))},
            flags={tool: self._args(name, "args") + self._linker(name) for name, tool in _LANGUAGES.items()},
            link_flags={tool: self._args(name, "link_args") for name, tool in _LANGUAGES.items()},
            sysroots=tuple(self._path(each) for each in sysroots if each),
            emulator=self._program("exe_wrapper"),
            pkg_config=pkg_config,
            pkg_config_dirs=tuple(
                self._path(each)
                for section, name in (("properties", "pkg_config_libdir"), ("built-in options", "pkg_config_path"))
                for words in self._list(section, name)
                for each in filter(None, words.split(":"))
            ),
            long_double=self._text("properties", "longdouble_format"),
            build_details=self._path(details) if details else None,
            build_python=self._program("python3") or self._program("python"),
        )
        self._program("python")
        return replace(facts, notes=(*self._notes, *left_out(self._left_out())))

    def _evidence(self) -> Iterator[Evidence]:
        system = self._text("host_machine", "system")
        if system is not None and system != "linux":
            where = self._entries["host_machine", "system"].where
            raise ToolchainError(
                f"{where}: [host_machine] system is {system!r}, and xbuild builds for Linux",
                hint="import the cross file of a Linux machine",
            )
        family, endian = self._text("host_machine", "cpu_family"), self._text("host_machine", "endian")
        if family:
            yield by_meson(family, endian, self._entries["host_machine", "cpu_family"].where)

    def _pkg_config(self) -> tuple[Program | None, str | None]:
        """The program, and the sysroot that ``env`` gives it."""
        program = self._program("pkg-config") or self._program("pkgconfig")
        if program is None or program.words[0].rpartition("/")[2] != "env":
            return program, None
        words = list(program.words[1:])
        sysroot = None
        while words and re.match(r"\w+=", words[0]):
            name, _, value = words.pop(0).partition("=")
            if name == "PKG_CONFIG_SYSROOT_DIR":
                sysroot = value
            else:
                self._notes.append(f"{program.where}: {name} for pkg-config is left out")
        return (Program(words=tuple(words), where=program.where) if words else None), sysroot

    def _linker(self, language: str) -> tuple[str, ...]:
        linker = self._text("binaries", f"{language}_ld")
        return (f"-fuse-ld={linker}",) if linker else ()

    def _args(self, language: str, kind: str) -> tuple[str, ...]:
        name = f"{language}_{kind}"
        section = "built-in options" if ("built-in options", name) in self._entries else "properties"
        return tuple(self._list(section, name, split=True))

    def _program(self, name: str) -> Program | None:
        words = tuple(self._list("binaries", name))
        return Program(words=words, where=self._entries["binaries", name].where) if words and words[0] else None

    def _text(self, section: str, name: str) -> str | None:
        entry = self._take(section, name)
        if entry is None:
            return None
        if not isinstance(entry.value, str):
            raise self._wrong(entry, "a string")
        return entry.value

    def _list(self, section: str, name: str, *, split: bool = False) -> list[str]:
        """A string stands for an array of one; for arguments it is split as Meson does, like a shell."""
        entry = self._take(section, name)
        if entry is None:
            return []
        value = entry.value
        if isinstance(value, str):
            try:
                return shlex.split(value) if split else [value]
            except ValueError as error:
                raise self._wrong(entry, f"arguments ({error})") from error
        if not isinstance(value, list):
            raise self._wrong(entry, "a string or an array of strings")
        words = [each for each in value if isinstance(each, str)]
        if len(words) != len(value):
            raise self._wrong(entry, "a string or an array of strings")
        return words

    def _take(self, section: str, name: str) -> _Entry | None:
        self._used.add((section, name))
        return self._entries.get((section, name))

    def _wrong(self, entry: _Entry, expected: str) -> ToolchainError:
        return ToolchainError(
            f"{entry.where}: [{entry.section}] {entry.name}: expected {expected}, found {entry.value!r}"
        )

    def _is_own(self, entry: _Entry) -> bool:
        if entry.name == "rust":
            return any(entry.value == ["rustc", "--target", get_target(name).rust_triple] for name in target_names())
        return entry.name == "cmake_toolchain_file" and is_own_folder(self._path(str(entry.value)).parent)

    def _path(self, text: str) -> Path:
        return self._folder / text

    def _left_out(self) -> Iterator[tuple[str, str]]:
        """What has no place in a toolchain file."""
        for key, entry in self._entries.items():
            if key in self._used or entry.name in _IGNORED.get(entry.section, ()) or self._is_own(entry):
                continue
            if entry.section == "binaries" and entry.value == entry.name:
                continue  # a name of PATH, which is where it is looked for anyway
            yield entry.where, f"[{entry.section}] {entry.name}"
