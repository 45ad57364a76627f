"""One target: what a build for it is made of, and whether compiled programs and modules run. A failure is a check."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from xbuild.build.process import clean_environ
from xbuild.by_hand.environment import INSIDE, open_environment
from xbuild.doctor.model import Check
from xbuild.doctor.probes import Probes
from xbuild.emulator import make_runner
from xbuild.errors import ProvisionError, XBuildError
from xbuild.provision.cache import Cache
from xbuild.resolve import missing, resolve, resolve_runtime

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xbuild.crossfiles.spec import CrossSpec, Runtime
    from xbuild.progress import Progress
    from xbuild.selection import Selection


def check_target(selection: Selection, *, environ: Mapping[str, str], progress: Progress) -> Iterator[Check]:
    """Yield what is found of building for ``selection``. What the cache does not have is fetched, unless offline."""
    examination = _Examination(selection, environ=environ, progress=progress)
    try:
        yield from examination.run()
    except XBuildError as error:
        yield Check.failed(examination.subject, error)
    except OSError as error:  # a damaged cache, a full disk
        where = f": {error.filename}" if error.filename else ""
        said = ProvisionError(
            f"{(error.strerror or str(error)).lower()}{where}",
            hint=f"if it is in the cache, run 'xbuild target remove {selection.target.name}'",
        )
        yield Check.failed(examination.subject, said)


class _Examination:
    """The parts in their order: what fails ends it, as what comes after needs it, and ``subject`` names it."""

    def __init__(self, selection: Selection, *, environ: Mapping[str, str], progress: Progress) -> None:
        self.subject = selection.target.name
        self._selection = selection
        # Of an environment that this runs in, nothing is to be seen.
        self._environ = {name: value for name, value in clean_environ(environ).items() if name != INSIDE}
        self._progress = progress
        self._cache = Cache.default(environ, progress=progress)

    def run(self) -> Iterator[Check]:
        selection, environ, progress = self._selection, self._environ, self._progress
        yield from self._to_fetch()
        self.subject = "target Python"
        runtime = resolve_runtime(selection, progress=progress, environ=environ)
        yield from self._parts(runtime)
        self.subject = "compilers"
        resolved = resolve(selection, progress=progress, environ=environ)
        spec = resolved.spec
        yield _ok("build Python", f"CPython {resolved.build_python_version}, {spec.build_python}")
        yield _ok(self.subject, _describe(spec))
        self.subject = "emulator"
        runner = make_runner(spec, directory=self._cache.root / "emulators", machine=os.uname().machine)
        self.subject = "cache"
        with progress.step("Compiling and running small programs"), self._cache.workspace() as folder:
            probes = Probes(
                spec=spec,
                runner=runner,
                folder=folder,
                cache=self._cache,
                environ=environ,
                progress=progress,
                cython=lambda: open_environment(
                    selection, requirements=("cython",), progress=progress, environ=environ
                ),
                offline=selection.offline,
            )
            yield from probes.run()

    def _to_fetch(self) -> Iterator[Check]:
        absent = missing(self._selection, environ=self._environ)
        if not absent:
            return
        titles = ", ".join(absent)
        if self._selection.offline:
            hint = "run the same command without --offline: it fetches them"
            yield Check.failed("to fetch", ProvisionError(f"not in the cache: {titles}", hint=hint))
        else:
            yield Check(subject="to fetch", status="absent", finding=f"not in the cache, and fetched now: {titles}")

    def _parts(self, runtime: Runtime) -> Iterator[Check]:
        python, sysroot, emulator = runtime.python, runtime.sysroot, runtime.emulator
        version = python.details.implementation.version
        micro = f"{version.major}.{version.minor}.{version.micro}{python.abi_flags}"
        yield _ok("target Python", f"CPython {micro}, {python.details_file}")
        glibc = f"glibc {sysroot.glibc[0]}.{sysroot.glibc[1]}" if sysroot.glibc else "C library of unknown version"
        yield _ok("sysroot", f"{glibc}, {sysroot.path}")
        if emulator is not None:
            yield _ok("emulator", f"QEMU {emulator.version}, {emulator.qemu}")


def _ok(subject: str, finding: str) -> Check:
    return Check(subject=subject, status="ok", finding=finding)


def _describe(spec: CrossSpec) -> str:
    toolchain = spec.toolchain
    family = {"gcc": "GCC", "clang": "Clang"}[toolchain.family]
    version = toolchain.version if toolchain.kind == "zig" else f"{family} {toolchain.version}"
    return f"{toolchain.kind}: {version}, {toolchain.cc}"
