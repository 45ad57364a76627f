"""Components by name: from the cache where it has them, else from the archive.

A request (which component, for what, from where) is answered by a record in the cache: the tree's key and its
provenance. With a record and its tree there, neither the network nor an index is touched, and nothing heavy imported.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from xbuild.errors import ProvisionError
from xbuild.progress import Progress, SilentProgress
from xbuild.provision.components import (
    BuildPython,
    GccTree,
    ProvisionedPython,
    ProvisionedSysroot,
    Qemu,
    package_version,
)
from xbuild.provision.model import REVISION, Component, PackageRecord, Provenance, Tree
from xbuild.targets import Target, parse_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from xbuild.provision.cache import Cache
    from xbuild.provision.debian.archive import Archive
    from xbuild.provision.debian.plan import Plan, Planner
    from xbuild.provision.debian.sources import ArchiveSettings

_PREFIX = "component "


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One component that is wanted. ``key`` says all that the answer depends on, before any index is read;
    ``base_keys`` are what it is called in the cache's base.

    ``target`` is the machine it is for: the build machine's own name for what all targets share.
    """

    key: str
    title: str
    target: str
    plan: Callable[[Planner], Plan] = field(compare=False)
    base_keys: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """A component that the cache has; ``size`` is in bytes."""

    target: str
    tree: Tree
    size: int


@dataclass(frozen=True, kw_only=True)
class Provisioner:
    """Provides components for builds on the machine ``build``.

    ``base_suite`` and ``python_suite`` take the place of xbuild's own choice. ``refresh`` reads the archive again even
    for what the cache can answer. ``archive`` is the one that ``settings`` name, unless another is given.

    Every method raises :class:`ProvisionError` for what cannot be had, and :class:`~xbuild.errors.TargetError` for what
    does not exist for the target.
    """

    settings: ArchiveSettings
    cache: Cache
    build: Target
    progress: Progress = field(default_factory=SilentProgress)
    offline: bool = False
    refresh: bool = False
    base_suite: str | None = None
    python_suite: str | None = None
    archive: Archive | None = None
    _answered: dict[str, Tree] = field(default_factory=dict, init=False, repr=False, compare=False)

    # Components

    def target_python(self, target: Target, version: str) -> ProvisionedPython:
        """Return CPython ``version`` (``"3.14"``) for ``target``."""
        from xbuild.provision.python import DETAILS_FILE, load_target_python

        tree = self._answer(self.target_python_request(target, version))
        file = tree.path / "usr" / "lib" / f"python{version}" / DETAILS_FILE
        python = load_target_python(file, target, root=tree.path)
        return ProvisionedPython(python=python, tree=tree)

    def sysroot(self, target: Target, libraries: Sequence[str] = ()) -> ProvisionedSysroot:
        """Return the target's C library and the Debian packages ``libraries`` with all they need."""
        from xbuild.crossfiles.spec import Sysroot

        tree = self._answer(self.sysroot_request(target, libraries))
        glibc = parse_version(package_version(tree, "libc6"))
        return ProvisionedSysroot(sysroot=Sysroot(path=tree.path, triplet=target.triplet, glibc=glibc), tree=tree)

    def gcc(self, target: Target) -> GccTree:
        """Return GCC for ``target``, of the suite that :meth:`sysroot` takes the C library from."""
        tree = self._answer(self.gcc_request(target))
        version = package_version(tree, r"gcc-\d+(-(?!base|cross).*)?")
        return GccTree(tree=tree, triplet=target.triplet, major=version.partition(".")[0], version=version)

    def build_python(self, version: str) -> BuildPython:
        """Return CPython ``version`` (``"3.14"``) for the build machine."""
        tree = self._answer(self.build_python_request(version))
        executable = tree.path / "usr" / "bin" / f"python{version}"
        return BuildPython(executable=executable, version=package_version(tree, f"python{version}"), tree=tree)

    def qemu(self, target: Target) -> Qemu:
        """Return QEMU's user emulation of ``target``."""
        tree = self._answer(self.qemu_request())
        path = tree.path / "usr" / "bin" / f"qemu-{target.qemu.name}"
        if not path.exists():
            raise ProvisionError(f"the package of QEMU has no {path.name}", hint=f"install {path.name} yourself")
        return Qemu(path=path, version=package_version(tree, "qemu-user"), tree=tree)

    # Requests, for :meth:`prepare`

    def target_python_request(self, target: Target, version: str) -> Request:
        """What :meth:`target_python` asks for."""
        return self._request(
            "target-python",
            target,
            (version, self.python_suite),
            title=f"CPython {version} for {target.name}",
            plan=lambda planner: planner.target_python(target, version),
        )

    def sysroot_request(self, target: Target, libraries: Sequence[str] = ()) -> Request:
        """What :meth:`sysroot` asks for."""
        names = tuple(sorted(set(libraries)))
        return self._request(
            "sysroot",
            target,
            (self.base_suite, *names),
            title=f"the sysroot for {target.name}",
            plan=lambda planner: planner.sysroot(target, names),
        )

    def gcc_request(self, target: Target) -> Request:
        """What :meth:`gcc` asks for."""
        return self._request(
            "toolchain",
            target,
            (self.base_suite,),
            title=f"GCC for {target.name}",
            plan=lambda planner: planner.gcc(target),
        )

    def build_python_request(self, version: str) -> Request:
        """What :meth:`build_python` asks for."""
        return self._request(
            "build-python",
            self.build,
            (version, self.python_suite),
            title=f"CPython {version} for this machine",
            plan=lambda planner: planner.build_python(version),
        )

    def qemu_request(self) -> Request:
        """What :meth:`qemu` asks for, for whichever target."""
        return self._request("emulator", self.build, (), title="QEMU", plan=lambda planner: planner.qemu())

    def prepare(self, requests: Iterable[Request]) -> tuple[Tree, ...]:
        """Make all of ``requests`` available, with one download for what the cache does not have."""
        wanted = tuple(requests)
        missing = [request for request in dict.fromkeys(wanted) if self._known(request) is None]
        if missing:
            self._provide(missing)
        return tuple(self._answered[request.key] for request in wanted)

    # What the cache has

    def has(self, request: Request) -> bool:
        """Say whether the cache can answer ``request``."""
        return self._known(request) is not None

    def stored(self) -> tuple[Stored, ...]:
        """Return the components in the cache, by target and component."""
        sizes = self.cache.trees()
        found = [
            Stored(target=value["target"], tree=tree, size=sizes[tree.path.name])
            for key, value in self.cache.records().items()
            if key.startswith(_PREFIX) and (tree := self._tree_of(value)) is not None
        ]
        return tuple(sorted(found, key=lambda each: (each.target, each.tree.provenance.component, each.tree.path.name)))

    def remove(self, target: Target) -> int:
        """Remove what the cache has for ``target``, also what newer packages have replaced; return the bytes freed.

        Cross files, environments, toolchains and emulators made of it go too: nothing else ever removes them, as files
        that were handed out name them.
        """
        for key, value in self.cache.records().items():
            if key.startswith(_PREFIX) and value.get("target") == target.name:
                self.cache.remove_record(key)
        self._answered.clear()
        # A tree is called <component>-<target>-<digest>.
        trees = [key for key in self.cache.trees() if key.split("-")[-2:-1] == [target.name]]
        return sum(self.cache.remove_tree(key) for key in trees) + self.cache.remove_folders(self._made_for(target))

    def _made_for(self, target: Target) -> Iterator[Path]:
        """Find the folders of cross files, environments, wrappers and emulators for ``target``."""
        yield from self.cache.root.glob(f"crossfiles/{target.name}-cp*")
        yield from self.cache.root.glob(f"by-hand/{target.name}-*")
        yield from (file.parent for file in self.cache.root.glob(f"toolchains/*/{target.triplet}-gcc"))
        for script in self.cache.root.glob("emulators/*/run"):
            if f"\n# Runs a program of {target.name}.\n".encode() in script.read_bytes():
                yield script.parent

    # How it is done

    @cached_property
    def _planner(self) -> Planner:
        """Made only where the cache has no answer."""
        from xbuild.provision.debian.archive import Archive
        from xbuild.provision.debian.plan import Planner

        archive = self.archive or Archive(
            settings=self.settings, cache=self.cache, progress=self.progress, offline=self.offline
        )
        return Planner(
            archive=archive,
            build=self.build,
            cache=self.cache.root.absolute(),
            base_suite=self.base_suite,
            python_suite=self.python_suite,
        )

    def _request(
        self,
        component: Component,
        target: Target,
        options: Sequence[str | None],
        *,
        title: str,
        plan: Callable[[Planner], Plan],
    ) -> Request:
        # The cache's place is part of it, because programs in a tree name the tree's place.
        parts = [REVISION, component, target.name, *options, "on", self.build.name, "from", self.settings.url]
        asked = _PREFIX + " ".join(str(part or "-") for part in parts)
        key, *below = (f"{asked} {root.absolute()}" for root in self.cache.roots)
        return Request(key=key, base_keys=tuple(below), title=title, target=target.name, plan=plan)

    def _answer(self, request: Request) -> Tree:
        return self.prepare([request])[0]

    def _known(self, request: Request) -> Tree | None:
        if request.key in self._answered:
            return self._answered[request.key]
        if self.refresh:
            return None
        for key in (request.key, *request.base_keys):
            value = self.cache.record(key)
            tree = self._tree_of(value) if value is not None else None
            if tree is not None:
                self._answered[request.key] = tree
                return tree
        return None

    def _tree_of(self, value: dict[str, Any]) -> Tree | None:
        """Return the tree that a record names, or None if it is no longer there (or of another version of xbuild)."""
        try:
            path = self.cache.tree_path(value["tree"])
            provenance = dict(value["provenance"])
            packages = tuple(PackageRecord(**package) for package in provenance.pop("packages"))
            tree = Tree(path=path, digest=value["digest"], provenance=Provenance(**provenance, packages=packages))
        except (KeyError, TypeError, ValueError):
            return None
        return tree if path.is_dir() else None

    def _provide(self, requests: Sequence[Request]) -> None:
        """Fetch the packages of all ``requests`` at once, then make their trees."""
        from xbuild.provision.debian.trees import digest_of, key_of, make_tree, provenance_of

        with self.progress.step("Choosing packages"):
            plans = [(request, request.plan(self._planner)) for request in requests]
        recipes = [plan.recipe for _, plan in plans if not self.cache.tree_path(key_of(plan.recipe)).is_dir()]
        packages = dict.fromkeys(package for recipe in recipes for package in recipe.packages)
        files = self._planner.archive.fetch(packages)
        for request, plan in plans:
            with self.progress.step(f"Unpacking {request.title}"):
                path = self.cache.tree(key_of(plan.recipe), partial(make_tree, plan.recipe, files))
            provenance = provenance_of(plan, archive=self.settings.url)
            tree = Tree(path=path, digest=digest_of(plan.recipe), provenance=provenance)
            record = {"target": request.target, "tree": path.name, "digest": tree.digest}
            self.cache.write_record(request.key, record | {"provenance": asdict(provenance)})
            self._answered[request.key] = tree
