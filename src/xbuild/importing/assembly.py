"""From what a file says to what our toolchain file is to say: programs found, the machine and the sysroot settled."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.crossfiles.spec import Sysroot
from xbuild.details.discovery import discover
from xbuild.errors import DetailsError, ToolchainError
from xbuild.importing.machines import by_compiler, by_triplet, choose
from xbuild.importing.own_files import emulator_command, is_file, is_own_folder
from xbuild.importing.own_toml import OwnToolchain
from xbuild.importing.words import left_out
from xbuild.toolchains.system import identify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from xbuild.importing.facts import Evidence, Facts, Program
    from xbuild.targets import Target
    from xbuild.toolchains import Family, ToolName
    from xbuild.toolchains.process import Run

_COMPILERS: tuple[ToolName, ...] = ("cc", "cxx", "fc")
_LAUNCHERS = frozenset({"ccache", "sccache", "distcc", "icecc", "icerun"})
_QEMU = re.compile(r"qemu-\w+(-static)?")
_HEADERS = re.compile(r"python(?P<version>3\.\d{1,2}t?)\w*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Assembly:
    """What our toolchain file is to say, and what of the facts it does not."""

    toolchain: OwnToolchain
    notes: tuple[str, ...]


def assemble(facts: Facts, *, named: str, asked: Target | None, environ: Mapping[str, str], run: Run) -> Assembly:
    """Return the toolchain that ``facts`` are of; ``named`` is the file, for messages.

    Raises :class:`ToolchainError` if there is no C compiler, or if the machine is not told.
    """
    return _Assembler(facts, environ.get("PATH", os.defpath), run).assemble(named, asked)


class _Assembler:
    def __init__(self, facts: Facts, path: str, run: Run) -> None:
        self._facts = facts
        # An empty entry is the current folder, whose programs are not to be taken for the SDK's.
        self._path = ":".join(filter(None, [*facts.search_path, *path.split(":")]))
        self._run = run
        self._notes: list[str] = []

    def assemble(self, named: str, asked: Target | None) -> Assembly:
        facts = self._facts
        if "cc" not in facts.tools:
            raise ToolchainError(
                f"{named} names no C compiler",
                hint="expected one of: c in Meson's [binaries], CMAKE_C_COMPILER, or CC in the environment",
            )
        tools = {name: self._tool(name, program) for name, program in facts.tools.items()}
        compiler = Path(tools["cc"][0])
        family = self._family(compiler)
        target = choose(self._evidence(compiler, tools["cc"]), asked, named=named)
        if facts.long_double and facts.long_double != target.long_double_format:
            self._notes.append(f"long doubles are {facts.long_double} in the file and {target.long_double_format} here")
        sysroot = self._sysroot(compiler, tools["cc"])
        # A sysroot that is among the compilers' own arguments need not be given to them again.
        told = facts.compiler_sysroot if not _given(tools["cc"], "--sysroot") else None
        details, python = self._python(target, sysroot)
        qemu, cpu = self._emulator()
        if not details:
            self._notes += left_out(facts.python_settings)
        toolchain = OwnToolchain(
            target=target,
            family=family,
            tools={name: self._with_flags(name, words, family) for name, words in tools.items()},
            compiler_sysroot=told,
            sysroot=sysroot if sysroot != told else None,
            python=python if not details else None,
            build_details=details,
            pkg_config_dirs=tuple(self._pkg_config_dirs(target, sysroot)),
            qemu=qemu,
            cpu=cpu,
            build=dict(self._build()),
        )
        return Assembly(toolchain=toolchain, notes=tuple(self._notes))

    # Programs

    def _tool(self, name: str, program: Program) -> tuple[str, ...]:
        words = program.words
        while len(words) > 1 and words[0].rpartition("/")[2] in _LAUNCHERS:
            self._notes.append(f"{program.where}: {words[0]} before {words[1]} is left out")
            words = words[1:]
        found = self._locate(words[0])
        if found is None:
            self._notes.append(f"{program.where}: {name}: there is no program {words[0]}")
        return (found or words[0], *words[1:])

    def _locate(self, program: str) -> str | None:
        if "/" in program:
            path = self._facts.folder / program
            return str(path) if is_file(path) else None
        found = shutil.which(program, path=self._path)
        return str(Path(found).absolute()) if found else None

    def _with_flags(self, name: ToolName, words: tuple[str, ...], family: Family) -> tuple[str, ...]:
        if name not in _COMPILERS:
            return words
        flags, link = self._facts.flags.get(name, ()), self._facts.link_flags.get(name, ())
        libraries = [flag for flag in link if flag.startswith("-l")]
        if libraries:
            # They come before all that would need them, so they would do nothing.
            self._notes.append(f"{self._facts.tools[name].where}: {' '.join(libraries)} for every link is left out")
            link = tuple(flag for flag in link if not flag.startswith("-l"))
        if link and family == "clang":  # it warns of link options where nothing is linked
            link = ("--start-no-unused-arguments", *link, "--end-no-unused-arguments")
        return (*words, *flags, *link)

    def _family(self, compiler: Path) -> Family:
        if is_file(compiler):
            return identify(compiler, self._run)[0]
        return "clang" if "clang" in compiler.name else "gcc"

    # The machine

    def _evidence(self, compiler: Path, words: Sequence[str]) -> list[Evidence]:
        evidence = list(self._facts.evidence)
        where = self._facts.tools["cc"].where
        told = by_compiler(str(compiler), where)
        triplet = _given(words, "--target") or _given((*words, *self._facts.flags.get("cc", ())), "--target")
        if triplet:
            told = by_triplet(triplet, "--target", where)
        if told is not None:
            evidence.append(told)
        if not evidence and is_file(compiler):
            answer = self._run((str(compiler), *words[1:], "-dumpmachine"))
            if answer.status == 0 and answer.output.strip():
                evidence.append(by_triplet(answer.output.strip().splitlines()[0], "the compiler's machine", where))
        return evidence

    # Folders

    def _sysroot(self, compiler: Path, words: Sequence[str]) -> Path | None:
        """The target's sysroot: the one the compilers are told, a named one, or the one the compiler knows."""
        facts = self._facts
        flags = facts.flags.get("cc", ())
        given = _given((*words, *flags), "--sysroot")
        named = [Path(facts.folder / given)] if given else []
        candidates = [*named, *([facts.compiler_sysroot] if facts.compiler_sysroot else []), *facts.sysroots]
        for candidate in dict.fromkeys(candidates):
            if candidate != candidates[0]:
                self._notes.append(f"a second sysroot is left out: {candidate}")
        if candidates:
            return candidates[0]
        if not is_file(compiler):
            return None
        answer = self._run((str(compiler), *words[1:], "-print-sysroot"))
        path = Path(answer.output.strip().partition("\n")[0] or "/")
        known = answer.status == 0 and path.is_absolute() and len(path.parts) > 1 and (path / "usr/include").is_dir()
        return Path(os.path.normpath(path)) if known else None

    def _pkg_config_dirs(self, target: Target, sysroot: Path | None) -> Iterator[Path]:
        """What is not searched anyway, and is not of files xbuild wrote."""
        usual = Sysroot(path=sysroot, triplet=target.triplet).pkgconfig_dirs if sysroot else ()
        for folder in dict.fromkeys(self._facts.pkg_config_dirs):
            if folder not in usual and not (folder.name == "pkgconfig" and is_own_folder(folder.parent)):
                yield folder

    # The target's Python

    def _python(self, target: Target, sysroot: Path | None) -> tuple[Path | None, str | None]:
        """Return the build-details.json, and the version that is told without one."""
        facts = self._facts
        if facts.build_details is not None:
            if not is_file(facts.build_details):
                self._notes.append(f"there is no {facts.build_details}: the target's Python is not described")
                return None, None
            return facts.build_details, None
        version = None
        for include in dict.fromkeys(facts.python_includes):
            match = _HEADERS.fullmatch(include.name)
            version = match["version"] if match else version
            prefix = include.parent.parent
            for folder in (prefix / "lib" / include.name, prefix / "lib64" / include.name, include.parent):
                if details := self._discover(folder, target):
                    return details, None
        details = self._discover(sysroot, target) if sysroot else None
        if details is None and sysroot is not None:
            of = f"CPython {version}" if version else "the target's Python"
            self._notes.append(f"there is no build-details.json in {sysroot}: {of} is taken from the archive")
        return details, version

    def _discover(self, folder: Path, target: Target) -> Path | None:
        try:
            return discover(folder, target=target)
        except (DetailsError, OSError):
            return None

    # What runs

    def _emulator(self) -> tuple[Path | None, str | None]:
        program = self._facts.emulator
        if program is None:
            return None, None
        own = emulator_command(self._facts.folder / program.words[0]) if len(program.words) == 1 else None
        words = list(own or program.words)
        name = words.pop(0)
        found = self._locate(name)
        if not _QEMU.fullmatch(name.rpartition("/")[2]) or found is None:
            problem = "is not QEMU" if found else "is not there"
            self._notes.append(f"{program.where}: the emulator {name} {problem}: xbuild finds one itself")
            return None, None
        cpu = None
        while words:
            option = words.pop(0)
            value = words.pop(0) if option in {"-cpu", "-L"} and words else None
            if option == "-cpu":
                cpu = value
            elif option != "-L":
                self._notes.append(f"{program.where}: the emulator's {option} is left out")
            elif own is None:
                self._notes.append(
                    f"{program.where}: the emulator's -L {value} is left out: xbuild gives it the sysroot"
                )
        return Path(found), cpu

    def _build(self) -> Iterator[tuple[str, str]]:
        """The build machine's programs: what is looked up on PATH anyway need not be said."""
        facts = self._facts
        programs = {
            "python": facts.build_python,
            "cc": facts.build_cc,
            "cxx": facts.build_cxx,
            "pkg-config": facts.pkg_config,
        }
        for name, program in programs.items():
            if program is None or "/" not in program.words[0]:
                continue
            found = self._locate(program.words[0])
            if found is None:
                self._notes.append(f"{program.where}: {name} of the build machine: there is no {program.words[0]}")
            else:
                yield name, found
            if len(program.words) > 1:
                self._notes.append(f"{program.where}: arguments of {program.words[0]} are left out")


def _given(words: Sequence[str], option: str) -> str | None:
    """Return the value of the last ``--option=VALUE`` or ``--option VALUE``."""
    value = None
    for index, word in enumerate(words):
        if word.startswith(f"{option}="):
            value = word.partition("=")[2]
        elif word == option and index + 1 < len(words):
            value = words[index + 1]
    return value
