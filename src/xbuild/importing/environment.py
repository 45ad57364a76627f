"""The environment that an ``environment-setup`` script leaves behind, Yocto's, Buildroot's or ours, as facts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.errors import ToolchainError
from xbuild.importing.facts import Evidence, Facts, Program, Unknown
from xbuild.importing.machines import by_name, by_triplet
from xbuild.importing.own_files import is_own_folder
from xbuild.importing.shell_reader import ShellReader
from xbuild.importing.words import left_out, split_flags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xbuild.importing.facts import Read
    from xbuild.toolchains import ToolName

_TOOLS: Mapping[str, ToolName] = {
    "CC": "cc",
    "CXX": "cxx",
    "FC": "fc",
    "AR": "ar",
    "RANLIB": "ranlib",
    "STRIP": "strip",
    "NM": "nm",
    "LD": "ld",
    "OBJCOPY": "objcopy",
    "READELF": "readelf",
}
_FLAGS: Mapping[ToolName, tuple[str, ...]] = {
    "cc": ("CPPFLAGS", "CFLAGS"),
    "cxx": ("CPPFLAGS", "CXXFLAGS"),
    "fc": ("FCFLAGS",),
}
_SYSROOTS = ("OECORE_TARGET_SYSROOT", "SDKTARGETSYSROOT", "STAGING_DIR", "PKG_CONFIG_SYSROOT_DIR")
# Other words for what is read: the kernel's name of the machine, the same compiler again, and what it is called.
_SAME = frozenset(
    {"ARCH", "CROSS_COMPILE", "TARGET_PREFIX", "CONFIGURE_FLAGS", "PATH", "F77", "F90", "GCC", "FFLAGS", "CPP"}
    | {"OECORE_NATIVE_SYSROOT", "OECORE_BASELIB", "OECORE_TARGET_OS", "OECORE_TARGET_BITS", "OECORE_TARGET_ENDIAN"}
    | {"OECORE_MESON_HOST_SYSTEM", "OECORE_MESON_HOST_CPU_FAMILY", "OECORE_MESON_HOST_CPU"}
    | {"OECORE_MESON_HOST_ENDIAN", "OECORE_TUNE_CCARGS", "OECORE_TARGET_ARCH", "SDK_PATH", "KCFLAGS"}
)
# What xbuild's own files say, and will again.
_OWN = re.compile(r"CARGO_\w+|PYO3_\w+|_PYTHON_\w+|PYTHONPATH|SETUPTOOLS_EXT_SUFFIX|(AR|CC|CXX)_\w+_(linux|LINUX)_\w+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """What a script says, the CMake toolchain file that it names, and the environment it leaves."""

    facts: Facts
    cmake_file: Path | None
    environ: Mapping[str, str]


def read_environment(path: Path, *, environ: Mapping[str, str], read: Read) -> Setup:
    """Return what the shell script ``path`` leaves where the environment is ``environ``.

    Raises :class:`ToolchainError` if it is not a shell's language, or its compiler cannot be told from the text alone.
    """
    reader = ShellReader(environ=environ, read=read)
    reader.run(path)
    facts, cmake_file = _Facts(reader, path.parent).facts()
    left = {name: value for name, value in reader.variables.items() if isinstance(value, str)}
    return Setup(facts=facts, cmake_file=cmake_file, environ=left)


class _Facts:
    def __init__(self, reader: ShellReader, folder: Path) -> None:
        self._reader = reader
        self._folder = folder
        self._used: set[str] = set()
        self._notes = list(reader.notes)
        # dotenv files and GITHUB_ENV are for readers that take all there is.
        self._exported = reader.exported or reader.assigned

    def facts(self) -> tuple[Facts, Path | None]:
        cmake = self._text("CMAKE_TOOLCHAIN_FILE")
        facts = Facts(
            folder=self._folder,
            evidence=tuple(self._evidence()),
            tools={tool: program for name, tool in _TOOLS.items() if (program := self._program(name))},
            flags={tool: tuple(each for name in names for each in self._words(name)) for tool, names in _FLAGS.items()},
            link_flags=dict.fromkeys(_FLAGS, self._words("LDFLAGS")),
            sysroots=tuple(self._folder / text for name in _SYSROOTS if (text := self._text(name))),
            search_path=tuple(filter(None, (self._text("PATH") or "").split(":"))),
            emulator=self._runner(),
            pkg_config=self._program("PKG_CONFIG"),
            pkg_config_dirs=tuple(
                self._folder / each
                for name in ("PKG_CONFIG_LIBDIR", "PKG_CONFIG_PATH")
                for each in (self._text(name) or "").split(":")
                if each
            ),
            build_cc=self._program("CC_FOR_BUILD") or self._program("HOST_CC"),
            build_cxx=self._program("CXX_FOR_BUILD") or self._program("HOST_CXX"),
        )
        self._used |= {"HOST_CC", "HOST_CXX"}
        return replace(facts, notes=(*self._notes, *left_out(self._left_out()))), (
            self._folder / cmake if cmake else None
        )

    def _evidence(self) -> Iterator[Evidence]:
        if name := self._text("OECORE_TARGET_ARCH"):
            yield by_name(name, "OECORE_TARGET_ARCH", self._where("OECORE_TARGET_ARCH"))
        if platform := self._text("_PYTHON_HOST_PLATFORM"):
            yield by_name(platform.removeprefix("linux-"), "the platform", self._where("_PYTHON_HOST_PLATFORM"))
        host = re.search(r"--host=(\S+)", self._text("CONFIGURE_FLAGS") or "")
        if host:
            yield by_triplet(host[1], "--host of CONFIGURE_FLAGS", self._where("CONFIGURE_FLAGS"))
        prefix = self._text("CROSS_COMPILE") or self._text("TARGET_PREFIX") or ""
        if prefix.endswith("-"):
            triplet = prefix.rpartition("/")[2].removesuffix("-")
            yield by_triplet(triplet, "CROSS_COMPILE", self._where("CROSS_COMPILE"))

    def _runner(self) -> Program | None:
        names = [name for name in self._exported if re.fullmatch(r"CARGO_TARGET_\w+_RUNNER", name)]
        return next(filter(None, map(self._program, names)), None)

    def _text(self, name: str) -> str | None:
        self._used.add(name)
        if name not in self._exported:
            return None
        value = self._reader.variables.get(name)
        if isinstance(value, Unknown):
            problem = f"{self._where(name)}: the value of {name} cannot be told without a shell: {value.reason}"
            if name == "CC":
                raise ToolchainError(problem, hint="write the value itself there, or write the toolchain file by hand")
            self._notes.append(problem)
            return None
        return value

    def _words(self, name: str) -> tuple[str, ...]:
        text = self._text(name)
        return split_flags(text, said=name, where=self._where(name)) if text else ()

    def _program(self, name: str) -> Program | None:
        words = self._words(name)
        return Program(words=words, where=self._where(name)) if words else None

    def _where(self, name: str) -> str:
        return self._exported.get(name, str(self._folder))

    def _left_out(self) -> Iterator[tuple[str, str]]:
        for name, where in self._exported.items():
            if name == "CONFIG_SITE" and is_own_folder(Path(str(self._reader.variables[name])).parent):
                continue
            if name in self._used | _SAME or _OWN.fullmatch(name) or self._reader.variables.get(name) in {"", None}:
                continue
            yield where, name
