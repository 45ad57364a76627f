"""Which packages a set of packages needs."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xbuild.errors import ProvisionError
from xbuild.provision.debian.index import Package, PackageIndex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Relation:
    """One alternative of a dependency: ``name:qualifier (operator version)``."""

    name: str
    qualifier: str = ""
    operator: str = ""
    version: str = ""

    def __str__(self) -> str:
        qualifier = f":{self.qualifier}" if self.qualifier else ""
        return f"{self.name}{qualifier}" + (f" ({self.operator} {self.version})" if self.operator else "")


def resolve(
    indexes: PackageIndex | Sequence[PackageIndex], roots: Iterable[str], *, exclude: Collection[str] = ()
) -> tuple[Package, ...]:
    """Return ``roots`` and all they need by Depends and Pre-Depends, sorted by name.

    Of several indexes the first that has a fitting package wins. Of alternatives one that is chosen already wins, else
    the first that can be had. Names in ``exclude`` count as installed and are left out with what only they need.
    Conflicts are not considered: the packages are unpacked, not installed.

    A root may be ``name`` or ``name (= version)``. Raises :class:`ProvisionError`, naming the chain from a root, for
    what cannot be had.
    """
    resolution = _Resolution(
        indexes=(indexes,) if isinstance(indexes, PackageIndex) else tuple(indexes), exclude=frozenset(exclude)
    )
    return resolution.run(roots)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Resolution:
    """The state of one :func:`resolve`. ``reasons`` has, by name, the package that asked first."""

    indexes: tuple[PackageIndex, ...]
    exclude: frozenset[str]
    chosen: dict[str, Package] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def run(self, roots: Iterable[str]) -> tuple[Package, ...]:
        queue: deque[Package] = deque()
        for root in roots:
            for alternatives in parse_relations(root):
                self._add(alternatives, wanted_by="", queue=queue)
        while queue:
            package = queue.popleft()
            for text in (package.pre_depends, package.depends):
                for alternatives in parse_relations(text):
                    self._add(alternatives, wanted_by=package.name, queue=queue)
        return tuple(self.chosen[name] for name in sorted(self.chosen))

    def _add(self, alternatives: Sequence[Relation], *, wanted_by: str, queue: deque[Package]) -> None:
        if any(relation.name in self.exclude or self._is_met(relation) for relation in alternatives):
            return
        for relation in alternatives:
            package = next(self._candidates(relation), None)
            if package is not None:
                self.chosen[package.name] = package
                self.reasons[package.name] = wanted_by
                queue.append(package)
                return
        raise self._missing(alternatives, wanted_by)

    def _is_met(self, relation: Relation) -> bool:
        named = self.chosen.get(relation.name)
        if named is not None and _fits(named, relation):
            return True
        return any(_provides(package, relation) for package in self.chosen.values())

    def _candidates(self, relation: Relation) -> Iterator[Package]:
        """Yield the packages that fit: real ones before providers, in the order of the indexes."""
        usable = [index for index in self.indexes if relation.qualifier in ("", "any", "native", index.architecture)]
        for index in usable:
            yield from (
                package
                for package in index.versions(relation.name)
                # Another version of a chosen package cannot be had beside it.
                if package.name not in self.chosen and _fits(package, relation)
            )
        for index in usable:
            yield from (
                package
                for package in index.providing(relation.name)
                if package.name not in self.chosen and _provides(package, relation)
            )

    def _missing(self, alternatives: Sequence[Relation], wanted_by: str) -> ProvisionError:
        wanted = " | ".join(str(relation) for relation in alternatives)
        chain = [wanted]
        while wanted_by:
            chain.append(wanted_by)
            wanted_by = self.reasons[wanted_by]
        path = f" (needed by: {' <- '.join(chain[1:])})" if chain[1:] else ""
        found = [
            f"{package.name} {package.version}"
            for relation in alternatives
            for index in self.indexes
            for package in index.versions(relation.name)
        ]
        where = ", ".join(index.origin for index in self.indexes)
        return ProvisionError(
            f"no package for {wanted}{path}: {where} has {', '.join(found) if found else 'none of that name'}",
            hint="choose another suite, or another mirror (XBUILD_ARCHIVE)",
        )


def parse_relations(text: str) -> tuple[tuple[Relation, ...], ...]:
    """Read a Depends field: what is needed, each as its alternatives."""
    from debian.deb822 import PkgRelation  # slow to import

    return tuple(
        tuple(
            Relation(
                name=relation["name"],
                qualifier=relation.get("archqual") or "",
                operator=(relation.get("version") or ("", ""))[0],
                version=(relation.get("version") or ("", ""))[1],
            )
            for relation in alternatives
        )
        for alternatives in (PkgRelation.parse_relations(text) if text.strip() else ())
    )


def _fits(package: Package, relation: Relation) -> bool:
    return not relation.operator or _compares(package.version, relation.operator, relation.version)


def _provides(package: Package, relation: Relation) -> bool:
    """Whether the package's Provides meets the relation; one with a version is met only by one with a version."""
    if relation.name not in package.provides:
        return False
    for provided in (alternatives[0] for alternatives in parse_relations(package.provides)):
        if provided.name == relation.name:
            if not relation.operator:
                return True
            if provided.operator == "=" and _compares(provided.version, relation.operator, relation.version):
                return True
    return False


def _compares(version: str, operator: str, other: str) -> bool:
    from debian.debian_support import Version  # slow to import

    left, right = Version(version), Version(other)
    match operator:
        case "<<":
            return bool(left < right)
        case "<=" | "<":
            return bool(left <= right)
        case "=":
            return bool(left == right)
        case ">=" | ">":
            return bool(left >= right)
        case ">>":
            return bool(left > right)
        case _:
            raise ProvisionError(f"unknown operator in a dependency: {operator} {other}")
