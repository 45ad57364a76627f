"""Compilers and binutils for the target: gcc (provisioned), system (PATH), zig, or a TOML file of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

ToolchainKind = Literal["gcc", "system", "zig", "file"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolchain:
    """Compilers and binutils, each one absolute path with no arguments: ``CC`` is taken as one word by many builds.

    What they must be told (``--sysroot``, zig's ``-target``) is inside the wrapper scripts the paths name.
    ``family`` is what the compilers behave like; ``version`` is for the report.
    """

    kind: ToolchainKind
    family: Literal["gcc", "clang"]
    version: str
    cc: Path
    cxx: Path | None
    fc: Path | None
    ar: Path
    ranlib: Path
    strip: Path
    nm: Path | None = None
    ld: Path | None = None
    objcopy: Path | None = None
    readelf: Path | None = None
