"""What a file says of a toolchain, whatever its format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from xbuild.toolchains import ToolName

Format = Literal["meson", "cmake", "env"]
Read = Callable[[Path], str]
"""Reads a text file, or raises :class:`~xbuild.errors.ToolchainError`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """A value that reading alone does not give; ``reason`` says why, with its place."""

    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Something that tells the machine: ``said`` as the file has it, and the names of the targets it fits."""

    said: str
    where: str
    targets: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A command of the file, a program and its arguments, and where it stands."""

    words: tuple[str, ...]
    where: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a file says; None and empty is what it does not say.

    ``tools`` are the commands; ``flags`` are what the file adds to those of the compilers. ``compiler_sysroot`` is a
    sysroot the compilers are to be told, ``sysroots`` are others that are named, the likeliest first.
    ``search_path`` comes before the user's PATH. ``pkg_config_dirs`` are folders of the target's ``.pc`` files.
    ``python_includes`` are folders of the target Python's headers, ``python_settings`` are places and names
    of what follows from the target's Python, if that is known.
    """

    folder: Path
    evidence: tuple[Evidence, ...] = ()
    tools: Mapping[ToolName, Program] = field(default_factory=dict)
    flags: Mapping[ToolName, tuple[str, ...]] = field(default_factory=dict)
    link_flags: Mapping[ToolName, tuple[str, ...]] = field(default_factory=dict)
    compiler_sysroot: Path | None = None
    sysroots: tuple[Path, ...] = ()
    search_path: tuple[str, ...] = ()
    emulator: Program | None = None
    pkg_config: Program | None = None
    pkg_config_dirs: tuple[Path, ...] = ()
    long_double: str | None = None
    build_details: Path | None = None
    python_includes: tuple[Path, ...] = ()
    build_python: Program | None = None
    build_cc: Program | None = None
    build_cxx: Program | None = None
    python_settings: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
