"""``CrossSpec``: the one description of a cross build that every renderer and the build see; and its parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xbuild.details.model import BuildDetails
    from xbuild.targets import Target
    from xbuild.toolchains import Toolchain


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetPython:
    """The files of the target's interpreter, as a prefix on the build machine.

    ``details`` is the repaired content of ``details_file``, with every path absolute.
    ``include`` is the one folder to put on ``-I``: ``Python.h`` and the real ``pyconfig.h`` are both in it.
    ``variables`` are the interpreter's sysconfig build-time variables as its distributor built it, not yet rewritten.
    ``root`` is the tree an emulator needs to run the interpreter (QEMU's ``-L``), where there is one.
    """

    details: BuildDetails
    details_file: Path
    prefix: Path
    include: Path
    stdlib: Path
    variables: Mapping[str, str | int]
    root: Path | None = None
    executable: Path | None = None

    @property
    def version(self) -> str:
        """Major and minor: ``"3.14"``."""
        return self.details.language.version

    @property
    def version_nodot(self) -> str:
        """As wheel tags have it: ``"314"``."""
        return self.version.replace(".", "")

    @property
    def abi_flags(self) -> str:
        """``"t"`` for a free-threaded build, ``"d"`` for a debug build, else empty."""
        return "".join(self.details.abi.flags) if self.details.abi else ""

    @property
    def extension_suffix(self) -> str:
        """The suffix of version-specific extension modules; always present in repaired details."""
        suffix = self.details.abi.extension_suffix if self.details.abi else None
        if suffix is None:
            raise ValueError(f"{self.details_file} was not repaired: it has no abi.extension_suffix")
        return suffix

    @property
    def soabi(self) -> str:
        """``cpython-314-riscv64-linux-gnu``: the extension suffix without its dot and ``.so``."""
        return self.extension_suffix.removeprefix(".").removesuffix(".so")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sysroot:
    """The target's C library and other libraries and headers; ``glibc`` is None where it could not be read.

    ``more_pkgconfig_dirs`` have ``.pc`` files too, and come first.
    """

    path: Path
    triplet: str
    glibc: tuple[int, int] | None = None
    more_pkgconfig_dirs: tuple[Path, ...] = ()

    @property
    def library_dirs(self) -> tuple[Path, ...]:
        """The folders that exist of those a linker for the target searches, multiarch first."""
        names = (f"usr/lib/{self.triplet}", f"lib/{self.triplet}", "usr/lib64", "lib64", "usr/lib", "lib")
        return tuple(self.path / name for name in names if (self.path / name).is_dir())

    @property
    def pkgconfig_dirs(self) -> tuple[Path, ...]:
        """The folders of the target's ``.pc`` files. They need not exist: the build machine's are never used."""
        names = (f"usr/lib/{self.triplet}/pkgconfig", "usr/lib64/pkgconfig", "usr/lib/pkgconfig", "usr/share/pkgconfig")
        return tuple(dict.fromkeys((*self.more_pkgconfig_dirs, *(self.path / name for name in names))))


@dataclass(frozen=True, kw_only=True, slots=True)
class Emulator:
    """QEMU user emulation of the target, as programs that need no arguments of their own.

    ``run`` executes a program of the target. ``wrapper`` executes a target program under QEMU and a build machine's
    program directly: CMake's CMAKE_CROSSCOMPILING_EMULATOR is used for both (CMP0190).
    """

    qemu: Path
    version: str
    cpu: str
    run: Path
    wrapper: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Runtime:
    """What runs programs of the target: its interpreter and libraries, and an emulator where one is needed."""

    target: Target
    python: TargetPython
    sysroot: Sysroot
    emulator: Emulator | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossSpec(Runtime):
    """Everything a cross build is told. All paths are absolute."""

    toolchain: Toolchain
    build_python: Path
    tools: Mapping[str, Path] = field(default_factory=dict)
    """Programs of the build machine, where found: ``pkg-config``, and ``cc`` and ``c++``, its own compilers."""

    @property
    def multiarch(self) -> str:
        """The target Python's own name for its machine, usually the GNU triplet."""
        return str(self.python.details.implementation.extra.get("_multiarch") or self.target.triplet)

    @property
    def pkg_config(self) -> Path | None:
        """The pkg-config to use, if there is one.

        A plain one before the toolchain's wrapper: builds add folders of their own with PKG_CONFIG_PATH.
        """
        return self.tools.get("pkg-config") or self.toolchain.pkg_config
