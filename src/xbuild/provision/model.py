"""What provisioning returns, and the record of where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

REVISION = 4
"""Part of every request's key and every tree's digest: raise it when the same request makes another tree."""

Component = Literal["target-python", "sysroot", "toolchain", "build-python", "emulator"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageRecord:
    """One package that went into a tree. ``sha256`` is of the ``.deb`` and was verified."""

    name: str
    version: str
    architecture: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """Where one component came from: written beside the tree in the cache and copied into the build report."""

    component: Component
    archive: str
    suite: str
    release_date: str
    packages: tuple[PackageRecord, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRecord:
    """The container image that a sysroot came from: what the user called it, its ID, and its digests in registries."""

    reference: str
    id: str
    digests: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """An unpacked and mended tree that nothing changes. ``digest`` names its content (recipe and packages)."""

    path: Path
    digest: str
    provenance: Provenance
