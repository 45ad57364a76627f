"""What lies beside a ``build-details.json``, gathered once: the part of ``details`` that looks around in a tree."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.details.binary import stable_suffixes_in
from xbuild.details.discovery import triplet_of
from xbuild.details.headers import abi_flags, find_pyconfig, parse_defines, parse_version_text, read_version
from xbuild.details.json_text import is_file, read_text
from xbuild.details.meaning import known_target
from xbuild.details.variables import find_variables, has_variables, parse_variables
from xbuild.elf_header import ElfHeader, read_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xbuild.details.model import Keys, VersionInfo
    from xbuild.targets import Target

_STDLIB_NAME = re.compile(r"python(\d+\.\d+)([a-z]*)", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A value and where it was read: ``_sysconfig_vars__linux_riscv64-linux-gnu.json: EXT_SUFFIX``."""

    value: str
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What a tree says about its interpreter.

    Paths in ``Found`` values are relative to ``prefix``; those of files and folders that are there, except
    ``interpreter``, which is what the interpreter's build installs whether or not the tree has it.
    """

    stdlib: Path
    folder: Path
    """The folder of the build-details file, ``stdlib`` mostly: what a relative ``base_prefix`` starts from."""
    prefix: Path
    prefix_origin: str
    """How ``prefix`` is known, empty if it is only supposed."""
    target: Target | None
    target_origin: str
    variables: Mapping[str, str | int]
    variables_name: str
    version: VersionInfo | None
    version_origin: str
    flags: tuple[str, ...] | None
    flags_origin: str
    headers: Found | None
    has_headers: bool
    pyconfig: Mapping[str, str] | None
    pyconfig_name: str
    pyconfig_apart: bool
    pkgconfig: Found | None
    dynamic: Found | None
    dynamic_stableabi: Found | None
    static: Found | None
    interpreter: Found | None
    stable_suffixes: frozenset[str] | None
    binary: Found | None
    elf: ElfHeader | None

    @property
    def has_tree(self) -> bool:
        """Whether ``stdlib`` is a standard library, so that what is not in the tree is missing."""
        return bool(self.variables) or is_file(self.stdlib / "os.py")

    def text(self, name: str) -> Found | None:
        """Return a variable that is a string and not empty."""
        value = _text(self.variables, name)
        return Found(value=value, origin=f"{self.variables_name}: {name}") if value else None

    @property
    def installed_prefix(self) -> Found | None:
        """What the prefix is called on the machine that the tree is for."""
        found = self.text("prefix")
        return found if found and posixpath.isabs(found.value) else None

    def lacks(self, keys: Keys, path: str) -> bool:
        """Return whether the tree has not at ``path``, which is relative to ``prefix``, what ``keys`` are to name.

        An absolute path is never said to be lacking: where the tree has it, nothing tells.
        """
        if posixpath.isabs(path):
            return False
        place = self.prefix / path
        match keys:
            case ("c_api", "headers"):
                return not is_file(place / "Python.h")
            case ("c_api", "pkgconfig_path"):
                return not _has_pkgconfig(place)
            case ("libpython", kind):
                return path.endswith(".a") != (kind == "static") or not is_file(place)
            case _:
                return not is_file(place)


def gather(
    stdlib: Path, *, prefix: Path | None = None, target: Target | None = None, file: Path | None = None
) -> Evidence:
    """Look at the tree around ``stdlib`` (and ``file``, a build-details file of it that may lie elsewhere).

    ``prefix`` defaults to where the interpreter's own variables place the standard library. A target that is not given
    is told from the variables, or from the file's name. Raises :class:`DetailsError` for files that are malformed.
    """
    variables: Mapping[str, str | int] = {}
    variables_name = ""
    if has_variables(stdlib):
        named = triplet_of(file) if file else None
        variables_file = find_variables(stdlib, target=target or known_target(named or ""))
        variables, variables_name = parse_variables(variables_file), variables_file.name
    levels = _levels(variables)
    tree = _Tree(
        stdlib=stdlib,
        prefix=prefix or _above(stdlib, levels=levels or 2),
        prefix_origin=f"{variables_name}: LIBDEST, prefix" if levels else "",
        variables=variables,
        variables_name=variables_name,
    )
    return tree.evidence(target=target, file=file)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tree:
    stdlib: Path
    prefix: Path
    prefix_origin: str
    variables: Mapping[str, str | int]
    variables_name: str

    def evidence(self, *, target: Target | None, file: Path | None) -> Evidence:
        target, target_origin = self._target(target, file)
        multiarch = self._text("MULTIARCH") or (target.triplet if target else "")
        multiarch = "" if "/" in multiarch else multiarch  # it is the name of one folder
        headers, has_headers = self._headers(multiarch)
        folder = self.prefix / headers.value if headers else None
        pyconfig = find_pyconfig(folder, triplet=multiarch or None) if folder and has_headers else None
        defines = parse_defines(read_text(pyconfig)) if pyconfig else None
        pyconfig_name = pyconfig.relative_to(self.prefix).as_posix() if pyconfig else ""
        flags, flags_origin = self._flags(defines, pyconfig_name)
        version, version_origin = self._version(folder)
        dynamic = self._first(self._library("LIBDIR", "LDLIBRARY", ending=".so"), self._library("LIBDIR", "INSTSONAME"))
        interpreter = self._interpreter()
        binary = dynamic or (interpreter if interpreter and is_file(self.prefix / interpreter.value) else None)
        elf = read_header(self.prefix / binary.value) if binary else None
        return Evidence(
            stdlib=self.stdlib,
            folder=file.parent if file else self.stdlib,
            prefix=self.prefix,
            prefix_origin=self.prefix_origin,
            target=target,
            target_origin=target_origin,
            variables=self.variables,
            variables_name=self.variables_name,
            version=version,
            version_origin=version_origin,
            flags=flags,
            flags_origin=flags_origin,
            headers=headers,
            has_headers=has_headers,
            pyconfig=defines,
            pyconfig_name=pyconfig_name,
            pyconfig_apart=pyconfig is not None and folder is not None and pyconfig.parent != folder,
            pkgconfig=self._pkgconfig(),
            dynamic=dynamic,
            dynamic_stableabi=self._first(self._library("LIBDIR", "PY3LIBRARY")),
            static=self._first(self._library("LIBDIR", "LIBRARY"), self._library("LIBPL", "LIBRARY")),
            interpreter=interpreter,
            stable_suffixes=self._stable_suffixes(binary, elf, target),
            binary=binary,
            elf=elf,
        )

    def _text(self, name: str) -> str:
        return _text(self.variables, name)

    def _relative(self, installed: str) -> str:
        """Where the tree has what is installed at ``installed``, relative to the tree's prefix."""
        prefix = posixpath.join("/", self._text("prefix") or "usr")
        return posixpath.relpath(posixpath.join(prefix, installed), prefix)

    def _target(self, target: Target | None, file: Path | None) -> tuple[Target | None, str]:
        if target is not None:
            return target, f"target {target.name}"
        if (known := known_target(self._text("MULTIARCH"))) is not None:
            return known, f"{self.variables_name}: MULTIARCH"
        if file is not None and (known := known_target(triplet_of(file) or "")) is not None:
            return known, f"the file's name, {file.name}"
        return None, ""

    def _headers(self, multiarch: str) -> tuple[Found | None, bool]:
        """The folder of ``Python.h``; where it is not in the tree, the folder its build installs it to."""
        named = []
        if include := self._text("INCLUDEPY"):
            named.append(Found(value=self._relative(include), origin=f"{self.variables_name}: INCLUDEPY"))
        if match := _STDLIB_NAME.fullmatch(self.stdlib.name):
            for flags in dict.fromkeys((self._text("ABIFLAGS"), match[2], "")):
                path = f"include/python{match[1]}{flags}"
                named.append(Found(value=path, origin=f"{path}/Python.h"))
                named.append(Found(value=f"include/{multiarch}/python{match[1]}{flags}", origin=f"{path}/Python.h"))
        for found in named:
            if is_file(self.prefix / found.value / "Python.h"):
                return found, True
        return (named[0], False) if self._text("INCLUDEPY") else (None, False)

    def _flags(self, pyconfig: Mapping[str, str] | None, name: str) -> tuple[tuple[str, ...] | None, str]:
        if isinstance(self.variables.get("ABIFLAGS"), str):
            return tuple(self._text("ABIFLAGS")), f"{self.variables_name}: ABIFLAGS"
        if pyconfig is not None:
            return abi_flags(pyconfig), f"{name}: Py_GIL_DISABLED, Py_DEBUG"
        return None, ""

    def _version(self, headers: Path | None) -> tuple[VersionInfo | None, str]:
        if headers is not None and (version := read_version(headers)) is not None:
            return version, f"{(headers / 'patchlevel.h').relative_to(self.prefix).as_posix()}: PY_VERSION"
        return parse_version_text(self._text("py_version")), f"{self.variables_name}: py_version"

    def _interpreter(self) -> Found | None:
        if executable := self._text("EXENAME"):
            return Found(value=self._relative(executable), origin=f"{self.variables_name}: EXENAME")
        folder, version = self._text("BINDIR"), self._text("LDVERSION") or self._text("VERSION")
        if not (folder and version):
            return None
        path = self._relative(f"{folder}/python{version}")
        return Found(value=path, origin=f"{self.variables_name}: BINDIR, LDVERSION")

    def _stable_suffixes(
        self, binary: Found | None, elf: ElfHeader | None, target: Target | None
    ) -> frozenset[str] | None:
        """What the import table has, if there is one in ``binary`` and it is not another machine's."""
        if binary is None or elf is None or (target is not None and not elf.matches(target.elf)):
            return None
        return stable_suffixes_in(self.prefix / binary.value, extension_suffix=self._text("EXT_SUFFIX"))

    def _library(self, folder: str, name: str, *, ending: str = "") -> Iterator[Found]:
        if self._text(folder) and self._text(name).endswith(ending) and self._text(name):
            path = self._relative(posixpath.join(self._text(folder), self._text(name)))
            yield Found(value=path, origin=f"{path}, after {self.variables_name}: {folder}, {name}")

    def _first(self, *candidates: Iterator[Found]) -> Found | None:
        """The first candidate that is a file of the tree."""
        return next((one for group in candidates for one in group if is_file(self.prefix / one.value)), None)

    def _pkgconfig(self) -> Found | None:
        """The folder of the ``.pc`` files, if they are there."""
        folder, version = self._text("LIBPC"), self._text("LDVERSION") or self._text("VERSION")
        if not (folder and version):
            return None
        path = self._relative(folder)
        if not is_file(self.prefix / path / f"python-{version}.pc"):
            return None
        return Found(value=path, origin=f"{path}/python-{version}.pc, after {self.variables_name}: LIBPC")


def _text(variables: Mapping[str, str | int], name: str) -> str:
    value = variables.get(name)
    return value if isinstance(value, str) else ""


def _levels(variables: Mapping[str, str | int]) -> int | None:
    """How many folders below its prefix a build has its standard library, None if that is unknown."""
    installed, prefix = _text(variables, "LIBDEST"), _text(variables, "prefix")
    if not (posixpath.isabs(installed) and posixpath.isabs(prefix)):
        return None
    folders = posixpath.relpath(installed, prefix).split("/")
    return None if folders[0] in {".", ".."} else len(folders)


def _above(stdlib: Path, *, levels: int) -> Path:
    folder = Path(posixpath.abspath(stdlib))  # of lib/python3.14/test/.. the parents would be others
    return [folder, *folder.parents][: levels + 1][-1]


def _has_pkgconfig(folder: Path) -> bool:
    try:
        return any(folder.glob("python*.pc"))
    except (OSError, ValueError):  # a name too long, or with a NUL
        return False
