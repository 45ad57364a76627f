"""From what the user chose to one :class:`CrossSpec`: provisioning, toolchain, emulator and build Python together."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.build.pythons import FoundPython, ask_build_python, find_build_python
from xbuild.crossfiles.spec import CrossSpec, Runtime
from xbuild.emulator import ask_version, find_qemu, make_emulator, parse_version_output
from xbuild.errors import DetailsError, ToolchainError
from xbuild.machine import build_machine, find_tools
from xbuild.progress import SilentProgress
from xbuild.provision.cache import Cache
from xbuild.provision.debian.sources import ArchiveSettings
from xbuild.provision.directory import own_sysroot, own_target_python
from xbuild.provision.image import python_root, read_record
from xbuild.provision.provisioner import Provisioner
from xbuild.selection import DEFAULT_PYTHON, complete, read_settings
from xbuild.toolchains import find_pkg_config, materialise, with_pkg_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from xbuild.crossfiles.spec import Emulator, Sysroot, TargetPython
    from xbuild.progress import Progress
    from xbuild.provision.model import ImageRecord, Provenance, Tree
    from xbuild.provision.provisioner import Request
    from xbuild.selection import Selection
    from xbuild.toolchains import Toolchain, ToolchainPlan


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """The cross build's description and where its parts came from; ``image`` is that of a ``sysroot_image``."""

    spec: CrossSpec
    provenance: tuple[Provenance, ...]
    build_python_version: str
    image: ImageRecord | None = None


def resolve(selection: Selection, *, progress: Progress, environ: Mapping[str, str], refresh: bool = False) -> Resolved:
    """Return the description of a cross build for ``selection``, fetching what is not in the cache.

    ``refresh`` reads the archive again, for newer packages. Raises the errors of the parts: :class:`DetailsError`,
    :class:`TargetError`, :class:`ToolchainError`, :class:`ProvisionError`.
    """
    return _Resolver(selection, progress=progress, environ=environ, refresh=refresh).resolve()


def resolve_runtime(selection: Selection, *, progress: Progress, environ: Mapping[str, str]) -> Runtime:
    """Return what runs programs of the target for ``selection``: no compilers and no build Python are fetched for it.

    Raises the errors of its parts, as :func:`resolve` does.
    """
    return _Resolver(selection, progress=progress, environ=environ, refresh=False).resolve_runtime()


def describe(selection: Selection, *, environ: Mapping[str, str]) -> Iterator[str]:
    """Say, a line each, where :func:`resolve` would take the parts from. Neither network nor cache is changed."""
    return _Resolver(selection, progress=SilentProgress(), environ=environ, refresh=False).describe()


def missing(selection: Selection, *, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return what :func:`resolve` would have to fetch for ``selection``, by its titles. Nothing is changed."""
    return _Resolver(selection, progress=SilentProgress(), environ=environ, refresh=False).missing()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """What need not be provisioned: what the user brought, and what the machine has (None where it has not)."""

    own_python: TargetPython | None
    own_sysroot: Sysroot | None
    version: str
    build_python: FoundPython | None
    qemu: tuple[Path, str] | None


class _Resolver:
    """Resolving one selection: what its parts share, and the provenance they leave."""

    def __init__(self, selection: Selection, *, progress: Progress, environ: Mapping[str, str], refresh: bool) -> None:
        self._path = environ.get("PATH", os.defpath)
        self._settings = read_settings(selection, search_path=self._path)
        self._selection = complete(selection, self._settings)
        self._asked_python = selection.python
        self._target = selection.target
        self._progress = progress
        self._environ = environ
        self._cache = Cache.default(environ, progress=progress)
        self._provisioner = Provisioner(
            settings=ArchiveSettings.discover(selection.archive, environ),
            cache=self._cache,
            build=build_machine(platform.system(), platform.machine()),
            progress=progress,
            offline=selection.offline,
            refresh=refresh,
            base_suite=selection.base_suite,
            python_suite=selection.python_suite,
        )
        self._trees: list[Tree] = []

    def resolve(self) -> Resolved:
        found = self._look()
        plan_toolchain = self._toolchain_planner()
        runtime = self._runtime(found, [*self._runtime_requests(found), *self._build_requests(found)])
        toolchain = self._toolchain(plan_toolchain(runtime.sysroot), runtime.sysroot)
        build_python = found.build_python or self._provisioned_build_python(found.version)
        spec = CrossSpec(
            target=self._target,
            python=runtime.python,
            sysroot=runtime.sysroot,
            emulator=runtime.emulator,
            toolchain=toolchain,
            build_python=build_python.executable,
            tools={**dict(find_tools(self._environ)), **self._settings.tools},
        )
        provenance = tuple(tree.provenance for tree in self._trees)
        return Resolved(
            spec=spec, provenance=provenance, build_python_version=build_python.version, image=self._image_record()
        )

    def resolve_runtime(self) -> Runtime:
        found = self._look()
        return self._runtime(found, self._runtime_requests(found))

    def describe(self) -> Iterator[str]:
        found = self._look()
        if self._awaits_image:
            yield f"take the sysroot and CPython {found.version} from the image {self._selection.sysroot_image}"
        if found.own_python is not None:
            yield f"use the target Python of {found.own_python.details_file}"
        if self._selection.sysroot is not None:
            yield f"use the sysroot {self._selection.sysroot}"
        if self._selection.toolchain != "gcc":
            yield f"use the toolchain {self._selection.toolchain}"
        if found.build_python is not None:
            yield f"use the build Python {found.build_python.executable}"
        if found.qemu is not None:
            yield f"use the emulator {found.qemu[0]}"
        for request in (*self._runtime_requests(found), *self._build_requests(found)):
            if self._provisioner.has(request):
                yield f"use {request.title} from the cache"
            else:
                yield f"fetch {request.title} from {self._provisioner.settings.url}"

    def missing(self) -> tuple[str, ...]:
        found = self._look()
        requests = (*self._runtime_requests(found), *self._build_requests(found))
        return tuple(request.title for request in requests if not self._provisioner.has(request))

    def _look(self) -> _Found:
        """Look at what the user brought and what the machine has."""
        own_python = self._own_python()
        version = self._version(own_python)
        return _Found(
            own_python=own_python,
            own_sysroot=self._own_sysroot(),
            version=version,
            build_python=self._own_build_python(version)
            or find_build_python(version, environ=self._environ, cache=self._cache),
            qemu=self._find_qemu() if self._needs_emulator else None,
        )

    def _own_sysroot(self) -> Sysroot | None:
        chosen = self._selection.sysroot
        if chosen is None:
            return None
        named = "--sysroot" if chosen != self._settings.sysroot else f"{self._selection.toolchain}: the sysroot"
        if self._selection.sysroot_image is not None:
            named = f"--sysroot-image {self._selection.sysroot_image}, as copied to"
        return own_sysroot(chosen, self._target, named=named)

    @property
    def _awaits_image(self) -> bool:
        """Whether the sysroot and the target Python are to come from an image that has not been copied from."""
        return self._selection.sysroot_image is not None and self._selection.sysroot is None

    def _image_record(self) -> ImageRecord | None:
        reference, sysroot = self._selection.sysroot_image, self._selection.sysroot
        return read_record(sysroot, reference=reference) if reference is not None and sysroot is not None else None

    def _runtime_requests(self, found: _Found) -> Iterator[Request]:
        """What is missing to run programs of the target."""
        if found.own_python is None and not self._awaits_image:
            yield self._provisioner.target_python_request(self._target, found.version)
        if self._selection.sysroot is None and not self._awaits_image:
            yield self._provisioner.sysroot_request(self._target, self._selection.libraries)
        if found.qemu is None and self._needs_emulator:
            yield self._provisioner.qemu_request()

    def _build_requests(self, found: _Found) -> Iterator[Request]:
        """What is missing, beyond that, to build for the target."""
        if self._selection.toolchain == "gcc":
            yield self._provisioner.gcc_request(self._target)
        if found.build_python is None:
            yield self._provisioner.build_python_request(found.version)

    def _runtime(self, found: _Found, requests: Iterable[Request]) -> Runtime:
        # All that is missing at once: one download, one progress bar.
        self._provisioner.prepare(requests)
        python = found.own_python or self._provisioned_python(found.version)
        sysroot = found.own_sysroot or self._provisioned_sysroot()
        if self._settings.pkg_config_dirs:
            sysroot = replace(sysroot, more_pkgconfig_dirs=self._settings.pkg_config_dirs)
        emulator = self._emulator(found.qemu, python, sysroot)
        return Runtime(target=self._target, python=python, sysroot=sysroot, emulator=emulator)

    # The target's Python

    def _own_python(self) -> TargetPython | None:
        if self._selection.build_details is None:
            return None
        python = own_target_python(self._selection.build_details, self._target, cache=self._cache)
        asked = self._selection.python
        if asked is not None and asked != python.version + python.abi_flags:
            raise DetailsError(
                f"{self._selection.build_details}: expected CPython {asked}, as --python says, "
                f"found {python.version}{python.abi_flags}",
                hint="leave --python out, or name the file of the other interpreter",
            )
        if self._selection.sysroot_image is not None and self._selection.build_details != self._settings.build_details:
            return replace(python, root=python_root(python.prefix))
        return python

    def _version(self, own_python: TargetPython | None) -> str:
        if own_python is not None:
            return own_python.version + own_python.abi_flags
        return self._selection.python or DEFAULT_PYTHON

    def _provisioned_python(self, version: str) -> TargetPython:
        provisioned = self._provisioner.target_python(self._target, version)
        self._trees.append(provisioned.tree)
        return provisioned.python

    # Its libraries and compilers

    def _provisioned_sysroot(self) -> Sysroot:
        provisioned = self._provisioner.sysroot(self._target, self._selection.libraries)
        self._trees.append(provisioned.tree)
        return provisioned.sysroot

    def _toolchain(self, plan: ToolchainPlan, sysroot: Sysroot) -> Toolchain:
        pkg_config = find_pkg_config(self._path)
        if pkg_config is not None:
            plan = with_pkg_config(plan, pkg_config, sysroot=sysroot.path, directories=sysroot.pkgconfig_dirs)
        return materialise(plan, self._cache.root / "toolchains")

    def _toolchain_planner(self) -> Callable[[Sysroot], ToolchainPlan]:
        """Return what plans the toolchain, once its sysroot is there.

        What is wrong with a toolchain the user brought is found out now, and not when all else has been fetched.
        """
        match self._selection.toolchain:
            case "gcc":
                return self._gcc_plan
            case "system":
                from xbuild.toolchains.system import system_plan

                plan = system_plan(self._target, path=self._path, sysroot=self._selection.sysroot)
                return lambda _sysroot: plan
            case "zig":
                from xbuild.toolchains.zig import find_zig

                return partial(self._zig_plan, find_zig())
            case file:
                from xbuild.toolchains.own import file_plan

                plan = file_plan(Path(file), target=self._target, search_path=self._path)
                return lambda _sysroot: plan

    def _gcc_plan(self, sysroot: Sysroot) -> ToolchainPlan:
        from xbuild.toolchains.gcc import gcc_plan

        gcc = self._provisioner.gcc(self._target)
        self._trees.append(gcc.tree)
        support = None
        if self._selection.sysroot is not None:
            from xbuild.provision.foreign_gcc import gcc_support

            support = gcc_support(gcc, sysroot, target=self._target, cache=self._cache)
        return gcc_plan(
            target=self._target,
            triplet=gcc.triplet,
            major=int(gcc.major),
            version=gcc.version,
            tree=gcc.tree.path,
            sysroot=sysroot.path,
            library_dirs=sysroot.library_dirs,
            support=support,
        )

    def _zig_plan(self, zig: Path, sysroot: Sysroot) -> ToolchainPlan:
        from xbuild.toolchains.zig import zig_plan, zig_version

        return zig_plan(
            self._target,
            zig=zig,
            version=zig_version(zig),
            cache=self._cache.root / "zig",
            sysroot=sysroot.path if self._selection.libraries or self._selection.sysroot else None,
        )

    # What runs

    @property
    def _needs_emulator(self) -> bool:
        return self._target.name != self._provisioner.build.name

    def _emulator(self, found: tuple[Path, str] | None, python: TargetPython, sysroot: Sysroot) -> Emulator | None:
        if not self._needs_emulator:
            return None
        if found is None:
            qemu = self._provisioner.qemu(self._target)
            self._trees.append(qemu.tree)
            found = qemu.path, qemu.version
        return make_emulator(
            *found,
            target=self._target,
            python=python,
            sysroot=sysroot,
            directory=self._cache.root / "emulators",
            cpu=self._settings.cpu,
        )

    def _find_qemu(self) -> tuple[Path, str] | None:
        own = self._settings.qemu
        if own is None:
            return find_qemu(self._target, path=self._path)
        version = parse_version_output(ask_version(own))
        if version is None:
            raise ToolchainError(
                f"{self._selection.toolchain}: emulator.qemu: {own} is not QEMU's user emulation",
                hint=f"name qemu-{self._target.qemu.name}, or leave it out to have it found or fetched",
            )
        return own, version

    def _own_build_python(self, version: str) -> FoundPython | None:
        """Return the toolchain file's. With --python another may be asked for, and then it is left out."""
        own = self._settings.build_python
        if own is None:
            return None
        named = f"{self._selection.toolchain}: build.python: {own}"
        found = ask_build_python(own)
        if found is None:
            raise ToolchainError(
                f"{named} does not start as a Python", hint="mend it, or leave it out to have one found or fetched"
            )
        if found.is_of(version):
            return found
        problem = f"{named} is CPython {found.version}{'t' if found.free_threaded else ''}, not {version}"
        if self._asked_python is None:
            raise ToolchainError(
                problem, hint="name one with the version of the target's Python, or leave it out to have one found"
            )
        self._progress.note(f"{problem}, as --python says: another one is taken")
        return None

    def _provisioned_build_python(self, version: str) -> FoundPython:
        built = self._provisioner.build_python(version)
        self._trees.append(built.tree)
        return FoundPython(executable=built.executable, version=built.version)
