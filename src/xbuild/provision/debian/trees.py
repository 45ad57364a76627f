"""From a recipe to its tree in the cache."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from xbuild.provision.debian.unpack import Deb, unpack
from xbuild.provision.model import REVISION, PackageRecord, Provenance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xbuild.provision.debian.index import Package
    from xbuild.provision.debian.plan import Plan
    from xbuild.provision.debian.recipes import Recipe


def digest_of(recipe: Recipe) -> str:
    """Return what names the content of the recipe's tree."""
    content = [REVISION, recipe.component, recipe.options, sorted(package.sha256 for package in recipe.packages)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def key_of(recipe: Recipe) -> str:
    """Return the key of the recipe's tree in the cache."""
    return f"{recipe.name}-{digest_of(recipe)[:16]}"


def make_tree(recipe: Recipe, files: Mapping[Package, Path], new: Path, final: Path) -> None:
    """Fill the empty directory ``new`` with what shall be at ``final``. ``files`` has the verified packages."""
    debs = [Deb(label=f"{package.name} {package.version}", path=files[package]) for package in recipe.packages]
    unpack(debs, new, wanted=recipe.wanted, lib64=recipe.lib64)
    recipe.mend(new, final.absolute())


def provenance_of(plan: Plan, *, archive: str) -> Provenance:
    """Return the record of where the plan's tree comes from; ``archive`` is the mirror's address."""
    return Provenance(
        component=plan.recipe.component,
        archive=archive,
        suite=plan.suite.name,
        release_date=plan.suite.date.isoformat(),
        packages=tuple(
            PackageRecord(
                name=package.name, version=package.version, architecture=package.architecture, sha256=package.sha256
            )
            for package in plan.recipe.packages
        ),
    )
