"""CMake's toolchain files, Buildroot's among them: their variables as facts."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from xbuild.crossfiles.pkgconfig import EMBEDDING
from xbuild.errors import ToolchainError
from xbuild.importing.cmake_reader import CMakeReader
from xbuild.importing.facts import Evidence, Facts, Program, Read, Unknown
from xbuild.importing.machines import by_name, by_triplet
from xbuild.importing.words import left_out, split_flags

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from xbuild.importing.cmake_variables import Variable
    from xbuild.toolchains import ToolName

_LANGUAGES: Mapping[str, ToolName] = {"C": "cc", "CXX": "cxx", "Fortran": "fc"}
_BINUTILS: Mapping[str, ToolName] = {
    "CMAKE_AR": "ar",
    "CMAKE_RANLIB": "ranlib",
    "CMAKE_STRIP": "strip",
    "CMAKE_NM": "nm",
    "CMAKE_LINKER": "ld",
    "CMAKE_OBJCOPY": "objcopy",
    "CMAKE_READELF": "readelf",
}
_LINKED = ("SHARED", "MODULE", "EXE")
_SYSTEMS = {"linux", "buildroot"}
# xbuild's own toolchain files set these alike, or what they say is in other words here.
_SAME = {
    "CMAKE_SYSTEM_VERSION": None,
    "CMAKE_CROSSCOMPILING": None,
    # For a language without a compiler, in our files: that there is none.
    "ENV{CXX}": None,
    "ENV{FC}": None,
    "CMAKE_FIND_ROOT_PATH_MODE_PROGRAM": "NEVER",
    "CMAKE_FIND_ROOT_PATH_MODE_LIBRARY": "ONLY",
    "CMAKE_FIND_ROOT_PATH_MODE_INCLUDE": "ONLY",
    "CMAKE_FIND_ROOT_PATH_MODE_PACKAGE": "BOTH",
    "CMAKE_FIND_USE_PACKAGE_REGISTRY": "FALSE",
    "CMAKE_FIND_USE_SYSTEM_PACKAGE_REGISTRY": "FALSE",
}
_PYTHON = re.compile(r"(_?Python3?|PYTHON)_\w+|SKBUILD_SOABI|PYBIND11_\w+|_PYTHON_\w+|PYTHONPATH")


def read_cmake(path: Path, *, environ: Mapping[str, str], read: Read) -> Facts:
    """Return what the toolchain file ``path`` says where the environment is ``environ``.

    Raises :class:`ToolchainError` if it is not CMake's language, or its compiler cannot be told from the text alone.
    """
    reader = CMakeReader(environ=environ, read=read)
    reader.run(path)
    return _Facts(reader, path.parent).facts()


class _Facts:
    def __init__(self, reader: CMakeReader, folder: Path) -> None:
        self._variables = reader.variables
        self._environment = reader.environment
        self._used = set(reader.used)
        self._folder = folder
        self._notes = list(reader.notes)

    def facts(self) -> Facts:
        tools = dict(self._tools())
        facts = Facts(
            folder=self._folder,
            evidence=tuple(self._evidence()),
            tools=tools,
            flags={tool: tuple(self._flags(language)) for language, tool in _LANGUAGES.items()},
            link_flags=dict.fromkeys(_LANGUAGES.values(), self._link_flags()),
            compiler_sysroot=self._folder_of("CMAKE_SYSROOT"),
            sysroots=tuple(self._sysroots()),
            search_path=tuple(self._list("CMAKE_PROGRAM_PATH")),
            emulator=self._program("CMAKE_CROSSCOMPILING_EMULATOR"),
            pkg_config=self._program("PKG_CONFIG_EXECUTABLE"),
            pkg_config_dirs=tuple(self._pkg_config_dirs()),
            python_includes=self._python_includes(),
            build_python=next(
                filter(None, [self._program(f"{name}_EXECUTABLE") for name in ("Python", "Python3", "PYTHON")]), None
            ),
        )
        python, left = self._left_out()
        return replace(facts, python_settings=python, notes=(*self._notes, *left))

    # The machine

    def _evidence(self) -> Iterator[Evidence]:
        system = self._text("CMAKE_SYSTEM_NAME")
        if system and system.lower() not in _SYSTEMS:
            raise ToolchainError(
                f"{self._where('CMAKE_SYSTEM_NAME')}: CMAKE_SYSTEM_NAME is {system!r}, and xbuild builds for Linux",
                hint="import the toolchain file of a Linux machine",
            )
        processor = self._text("CMAKE_SYSTEM_PROCESSOR")
        if processor:
            yield by_name(processor, "CMAKE_SYSTEM_PROCESSOR", self._where("CMAKE_SYSTEM_PROCESSOR"))
        for name in ("CMAKE_LIBRARY_ARCHITECTURE", "CMAKE_C_COMPILER_TARGET"):
            if text := self._text(name):
                yield by_triplet(text, name, self._where(name))

    # Compilers

    def _tools(self) -> Iterator[tuple[ToolName, Program]]:
        for language, tool in _LANGUAGES.items():
            program = self._compiler(language)
            if program is not None:
                yield tool, program
        for name, tool in _BINUTILS.items():
            program = self._program(name)
            if program is not None:
                yield tool, program

    def _compiler(self, language: str) -> Program | None:
        name = f"CMAKE_{language}_COMPILER"
        program = self._program(name, needed=language == "C")
        first = self._flag_text(f"{name}_ARG1")
        launcher = self._list(f"{name}_LAUNCHER")
        if program is None:
            return None
        return Program(words=(*launcher, *program.words, *first), where=program.where)

    def _flags(self, language: str) -> Iterator[str]:
        triplet = self._text(f"CMAKE_{language}_COMPILER_TARGET")
        if triplet:
            yield f"--target={triplet}"
        gcc = self._text(f"CMAKE_{language}_COMPILER_EXTERNAL_TOOLCHAIN")
        if gcc:
            yield f"--gcc-toolchain={gcc}"
        yield from self._flag_text(f"CMAKE_{language}_FLAGS_INIT")
        yield from self._flag_text(f"CMAKE_{language}_FLAGS")

    def _link_flags(self) -> tuple[str, ...]:
        """What all kinds of linking are told; modules are what wheels are made of."""
        kinds = {
            kind: tuple(
                flag for suffix in ("_INIT", "") for flag in self._flag_text(f"CMAKE_{kind}_LINKER_FLAGS{suffix}")
            )
            for kind in _LINKED
        }
        if kinds["EXE"] == (EMBEDDING,):
            kinds["EXE"] = ()  # as our own files say it, of programs alone
        chosen = kinds["SHARED"] or kinds["MODULE"] or kinds["EXE"]
        for kind, flags in kinds.items():
            if flags and flags != chosen:
                self._notes.append(
                    f"{self._where(f'CMAKE_{kind}_LINKER_FLAGS')}: CMAKE_{kind}_LINKER_FLAGS differs from that of "
                    "other links, and a toolchain file has one place for all"
                )
        return chosen

    # Folders

    def _sysroots(self) -> Iterator[Path]:
        roots = [self._folder / text for text in self._list("CMAKE_FIND_ROOT_PATH")]
        yield from roots[:1]
        pythons = self._python_includes()
        for root in dict.fromkeys(roots[1:]):
            # The prefix of the target's Python is found by its headers; our own files name it.
            if not root.is_relative_to(roots[0]) and not any(include.is_relative_to(root) for include in pythons):
                where = self._where("CMAKE_FIND_ROOT_PATH")
                self._notes.append(f"{where}: root {root} is left out: libraries and packages there are not found")
        if text := self._environment_text("PKG_CONFIG_SYSROOT_DIR"):
            yield self._folder / text

    def _python_includes(self) -> tuple[Path, ...]:
        texts = (self._text(f"{name}_INCLUDE_DIR") for name in ("Python", "Python3", "PYTHON"))
        return tuple(self._folder / text for text in texts if text)

    def _pkg_config_dirs(self) -> Iterator[Path]:
        for name in ("PKG_CONFIG_LIBDIR", "PKG_CONFIG_PATH"):
            text = self._environment_text(name) or ""
            yield from (self._folder / each for each in text.split(":") if each)

    def _folder_of(self, name: str) -> Path | None:
        text = self._text(name)
        return self._folder / text if text else None

    # Variables

    def _text(self, name: str, *, needed: bool = False) -> str | None:
        self._used.add(name)
        variable = self._variables.get(name)
        return self._known(variable, name, needed=needed)

    def _environment_text(self, name: str) -> str | None:
        self._used.add(f"ENV{{{name}}}")
        return self._known(self._environment.get(name), f"ENV{{{name}}}")

    def _known(self, variable: Variable | None, name: str, *, needed: bool = False) -> str | None:
        if variable is None:
            return None
        if not isinstance(variable.value, Unknown):
            return variable.value
        problem = f"{variable.where}: the value of {name} cannot be told without CMake: {variable.value.reason}"
        if needed:
            raise ToolchainError(problem, hint="write the value itself there, or write the toolchain file by hand")
        self._notes.append(problem)
        return None

    def _list(self, name: str) -> list[str]:
        return [each for each in (self._text(name) or "").split(";") if each]

    def _program(self, name: str, *, needed: bool = False) -> Program | None:
        words = tuple(each for each in (self._text(name, needed=needed) or "").split(";") if each)
        return Program(words=words, where=self._where(name)) if words else None

    def _flag_text(self, name: str) -> tuple[str, ...]:
        text = self._text(name)
        return split_flags(text, said=name, where=self._where(name)) if text else ()

    def _where(self, name: str) -> str:
        variable = self._variables.get(name)
        return variable.where if variable is not None else str(self._folder)

    def _left_out(self) -> tuple[tuple[tuple[str, str], ...], Iterable[str]]:
        """Return the settings of the target's Python that were not read, and notes on all others."""
        python, entries = [], []
        rest = {**self._variables, **{f"ENV{{{name}}}": each for name, each in self._environment.items()}}
        for name, variable in rest.items():
            if name in self._used or variable.value == "" or name.startswith(("_", "CMAKE_MATCH_")):
                continue
            if isinstance(variable.value, Unknown) and not name.startswith("CMAKE_"):
                continue  # said already, with the command that is not followed
            same = _SAME.get(name, "")
            if _PYTHON.fullmatch(name.removeprefix("ENV{").removesuffix("}")):
                python.append((variable.where, name))
            elif same is not None and variable.value != same:
                entries.append((variable.where, name))
        return tuple(python), left_out(entries)
