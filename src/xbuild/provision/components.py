"""What provisioning hands out: trees, and where in them things are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from xbuild.crossfiles.spec import Sysroot, TargetPython
    from xbuild.details import Origin
    from xbuild.provision.model import Tree


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvisionedPython:
    """A target Python."""

    python: TargetPython
    tree: Tree

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Where the values came from that xbuild added to its ``build-details.json``, or changed."""
        from xbuild.provision.python import read_origins

        return read_origins(self.python)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProvisionedSysroot:
    """The target's C library, and the libraries that were asked for with it."""

    sysroot: Sysroot
    tree: Tree


@dataclass(frozen=True, kw_only=True, slots=True)
class GccTree:
    """GCC and binutils for ``triplet``, as programs of the build machine. They hold no C library of the target."""

    tree: Tree
    triplet: str
    major: str
    version: str

    def compiler(self, name: str) -> Path:
        """Return ``gcc``, ``g++`` or ``gfortran`` (also ``gcc-ar``, ``gcc-nm``, ``gcc-ranlib`` for LTO)."""
        return self.tree.path / "usr" / "bin" / f"{self.triplet}-{name}-{self.major}"

    def tool(self, name: str) -> Path:
        """Return one of binutils: ``ar``, ``ranlib``, ``strip``, ``nm``, ``ld``, ``objcopy``, ``readelf``."""
        return self.tree.path / "usr" / "bin" / f"{self.triplet}-{name}"


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildPython:
    """An interpreter of the build machine; ``version`` is the whole one (``"3.14.8"``)."""

    executable: Path
    version: str
    tree: Tree


@dataclass(frozen=True, kw_only=True, slots=True)
class Qemu:
    """QEMU's user emulation of one target: one static program; ``version`` is QEMU's own (``"10.0.13"``)."""

    path: Path
    version: str
    tree: Tree


def upstream_version(version: str) -> str:
    """Return the numbers of a package's version: ``"1:10.0.13+ds-0+deb13u1"`` -> ``"10.0.13"``."""
    match = re.match(r"(?:\d+:)?(\d+(?:\.\d+)*)", version)
    return match[1] if match else version


def package_version(tree: Tree, name: str) -> str:
    """Return the upstream version of the package ``name`` (a regular expression) in the tree."""
    packages = tree.provenance.packages
    return next(upstream_version(package.version) for package in packages if re.fullmatch(name, package.name))
