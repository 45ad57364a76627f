"""The values of this layer: what a toolchain is to be made of, and the toolchain itself."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.targets import Target

ToolchainKind = Literal["gcc", "system", "zig", "file"]
Family = Literal["gcc", "clang"]
ToolName = Literal["cc", "cxx", "fc", "ar", "ranlib", "strip", "nm", "ld", "objcopy", "readelf", "pkg_config"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Toolchain:
    """Compilers and binutils, each one absolute path with no arguments: ``CC`` is taken as one word by many builds.

    What they must be told (``--sysroot``, zig's ``-target``) is inside the wrapper scripts the paths name.
    ``family`` is what the compilers behave like; ``version`` is for the report.
    ``pkg_config`` sees the target's ``.pc`` files only. ``plan`` is what it was made from, and ``digest`` the plan's.
    """

    kind: ToolchainKind
    family: Family
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
    pkg_config: Path | None = None
    digest: str = ""
    plan: ToolchainPlan | None = None

    @property
    def binutils(self) -> Mapping[str, Path | None]:
        """The tools beside the compilers, by the variables that every build system knows them by."""
        return {
            "AR": self.ar,
            "RANLIB": self.ranlib,
            "STRIP": self.strip,
            "NM": self.nm,
            "OBJCOPY": self.objcopy,
            "READELF": self.readelf,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A program, the arguments that go before the caller's, and what its environment must and must not have."""

    program: Path
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    unset: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolchainPlan:
    """What each tool of a toolchain runs. ``cc``, ``ar``, ``ranlib`` and ``strip`` are always there."""

    kind: ToolchainKind
    family: Family
    version: str
    triplet: str
    tools: Mapping[ToolName, Command]

    @property
    def digest(self) -> str:
        """Names the plan's content: the same on every run, another one when anything in the plan differs."""
        return sha256(self.to_json().encode("ascii")).hexdigest()[:32]

    def to_json(self) -> str:
        """Return the whole plan as text, for :meth:`from_json`: ASCII, whatever bytes the paths have."""
        tools = {
            name: {
                "program": str(tool.program),
                "arguments": tool.arguments,
                "environment": dict(tool.environment),
                "unset": tool.unset,
            }
            for name, tool in self.tools.items()
        }
        plan = {"kind": self.kind, "family": self.family, "version": self.version, "triplet": self.triplet}
        return json.dumps({**plan, "tools": tools}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> ToolchainPlan:
        """Return the plan that :meth:`to_json` wrote as ``text``."""
        content = json.loads(text)
        tools = {
            name: Command(
                program=Path(tool["program"]),
                arguments=tuple(tool["arguments"]),
                environment=tool["environment"],
                unset=tuple(tool["unset"]),
            )
            for name, tool in content.pop("tools").items()
        }
        return cls(**content, tools=tools)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a toolchain file says besides the compilers: each what an option, or a search, would find otherwise."""

    target: Target | None = None
    sysroot: Path | None = None
    python: str | None = None
    build_details: Path | None = None
    pkg_config_dirs: tuple[Path, ...] = ()
    qemu: Path | None = None
    cpu: str | None = None
    build_python: Path | None = None
    tools: Mapping[str, Path] = field(default_factory=dict)
    """Programs of the build machine: ``cc``, ``c++``, ``pkg-config``."""
