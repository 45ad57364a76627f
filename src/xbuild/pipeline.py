"""The sequence, once for every engine: provision, plan, build, verify, test, deliver."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.tags import platform_tags
from uv import find_uv_bin

from xbuild import report
from xbuild.build.builder import BuildRequest, build_wheel
from xbuild.build.process import clean_environ
from xbuild.build.reproducible import build_places, compiler_places, source_date
from xbuild.build.sdist import fetch_sdist, resolve_sdist
from xbuild.build.source import find_requirement, list_files, open_source
from xbuild.errors import BuildError
from xbuild.files import atomic_write
from xbuild.progress import TimedProgress
from xbuild.provision.cache import Cache
from xbuild.resolve import describe, resolve
from xbuild.supply import IndexSupply, Interpreter
from xbuild.testing.wheel import run_test
from xbuild.toolchains.preflight import preflight
from xbuild.toolchains.zig import prepare_zig
from xbuild.wheels.fallback import compiled_sources, detect_fallback
from xbuild.wheels.manylinux import platform_tag
from xbuild.wheels.reproducible import finish, has_common_deflate
from xbuild.wheels.tags import WheelExpectation
from xbuild.wheels.verify import verify_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from packaging.requirements import Requirement

    from xbuild.build.builder import BuiltWheel
    from xbuild.build.source import SourceTree
    from xbuild.crossfiles.spec import CrossSpec
    from xbuild.progress import Progress
    from xbuild.resolve import Resolved
    from xbuild.selection import Selection
    from xbuild.supply import Supply
    from xbuild.testing.wheel import TestResult
    from xbuild.wheels.elf import ElfFile
    from xbuild.wheels.report import VerificationReport
    from xbuild.wheels.reproducible import Finished

# crossenv's scripts start with "#!<folder>/build/cross/env/build/bin/python3.14 -I", below the cache's root: older
# kernels read 127 bytes of such a line, and a space ends the path.
_LONGEST_ROOT = 60
_KEPT_LOGS = 40
_CXX_SUFFIXES = (".cc", ".cpp", ".cxx", ".c++", ".hpp", ".hxx")


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelRequest:
    """What ``xbuild wheel`` was asked for: one source, built once for each selection.

    ``source`` is a folder, an sdist or a requirement. ``platform_tag`` is ``auto``, ``linux`` or ``manylinux_X_Y``.
    ``test`` says whether to test; None: if there is a ``test_command``.
    """

    source: str
    selections: tuple[Selection, ...]
    config_settings: Mapping[str, str | list[str]] = field(default_factory=dict)
    platform_tag: str = "auto"
    allow_pure: bool = False
    test: bool | None = None
    test_command: str | None = None
    find_links: tuple[str, ...] = ()
    outdir: Path = Path("dist")

    @property
    def is_tested(self) -> bool:
        """Whether the wheels are tested before they are delivered."""
        return self.test_command is not None if self.test is None else self.test


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of the plan, as ``--dry-run`` shows it."""

    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What came out: the delivered wheels, and the report (``schemas/report.schema.json``)."""

    wheels: tuple[Path, ...]
    report: dict[str, Any]


def plan(request: WheelRequest, *, environ: Mapping[str, str]) -> tuple[Step, ...]:
    """Return the steps of ``request``, without doing any of them and without the network."""
    steps = []
    for selection in request.selections:
        label = selection.target.name + (f", CPython {selection.python}" if selection.python else "")
        steps += [f"{label}: {line}" for line in describe(selection, environ=environ)]
        steps.append(f"{label}: build a wheel from {request.source}")
        steps.append(f"{label}: verify the wheel and set its platform tag ({request.platform_tag})")
        if request.is_tested:
            steps.append(f"{label}: test it under the emulator: {request.test_command or 'import its modules'}")
    steps.append(f"put {'the wheels' if len(request.selections) > 1 else 'the wheel'} into {request.outdir}")
    return tuple(Step(title=title) for title in steps)


def run(
    request: WheelRequest, *, progress: Progress, environ: Mapping[str, str], supply: Supply | None = None
) -> Result:
    """Build, verify, test and deliver a wheel for each selection, in their order.

    A wheel is delivered when it has passed everything that was asked for; the first failure is raised, and the wheels
    delivered before it stay. ``supply`` is asked for the packages of each installation; by default that is left to the
    installer, which asks the package index.
    """
    cache = Cache.default(environ, progress=progress)
    builds = []
    for selection in request.selections:
        with _scratch(cache) as scratch:
            one = _OneBuild(
                request=request,
                selection=selection,
                cache=cache,
                scratch=scratch,
                progress=TimedProgress(progress),
                environ=environ,
                supply=supply or IndexSupply(),
            )
            builds.append(_run_one(one))
    return Result(wheels=tuple(build.wheel for build in builds), report=report.render(builds))


def fetch_source(  # noqa: PLR0913, the sdist depends on all of it
    requirement: Requirement,
    *,
    python_version: str,
    directory: Path,
    cache: Cache,
    offline: bool,
    progress: Progress,
    environ: Mapping[str, str],
) -> Path:
    """Return the sdist of ``requirement``'s newest release for ``python_version`` (``"3.14"``), in ``directory``.

    Raises :class:`BuildError` if there is none and :class:`xbuild.errors.ProvisionError` if it cannot be fetched.
    """
    with progress.step(f"Finding the sdist of {requirement}"):
        link = resolve_sdist(
            requirement,
            uv=find_uv_bin(),
            python_version=python_version,
            environ=clean_environ(environ),
            offline=offline,
        )
    return fetch_sdist(link, directory=directory, cache=cache, progress=progress, offline=offline)


@dataclass(frozen=True, kw_only=True, slots=True)
class _OneBuild:
    """What the steps of one build share. ``scratch`` is removed when it is over."""

    request: WheelRequest
    selection: Selection
    cache: Cache
    scratch: Path
    progress: TimedProgress
    environ: Mapping[str, str]
    supply: Supply

    def folder(self, name: str) -> Path:
        """Return a new folder in the scratch folder."""
        path = self.scratch / name
        path.mkdir()
        return path


def _run_one(one: _OneBuild) -> report.Build:
    resolved, source = _prepare(one)
    spec = resolved.spec
    date = source_date(source, one.environ)
    # Before the build, which may add generated sources.
    files = list_files(source.path)
    native = compiled_sources(files, read=partial(_read_text, source.path))
    _check_compilers(one, spec, cxx=any(name.lower().endswith(_CXX_SUFFIXES) for name in files))
    log = _new_log(one.cache, f"{source.label}-{spec.target.name}-cp{spec.python.version_nodot}")
    built = _build(one, resolved, source, date=date, log=log)
    with one.progress.step("Verifying the wheel"):
        expectation = _expectation(spec, build_paths=(*map(str, one.cache.roots), str(one.scratch)))
        elf_files = _verify_built(one, built, expectation, native=native, log=log)
        places = build_places(one.scratch, source.path, one.cache.roots, spec, one.environ)
        write = partial(finish, built.path, places=places, date=date, output_dir=one.folder("finished"))
        wheel, verification = _finish(one, write, expectation, elf_files)
    tested = _test(one, spec, wheel)
    return report.Build(
        resolved=resolved,
        source=source,
        requirements=built.requirements,
        wheel=deliver(wheel, one.request.outdir),
        verification=verification,
        test=tested,
        steps=one.progress.steps,
    )


def _prepare(one: _OneBuild) -> tuple[Resolved, SourceTree]:
    """Resolve the selection and open the source: first of all where it is at hand, to fetch nothing for a wrong one."""
    requirement = find_requirement(one.request.source)
    source = _open_source(one) if requirement is None else None
    resolved = resolve(one.selection, progress=one.progress, environ=one.environ)
    if source is None:
        source = _open_source(one, python_version=resolved.spec.python.version)
    return resolved, source


def _open_source(one: _OneBuild, *, python_version: str = "") -> SourceTree:
    """Copy or unpack the source. Only the sdist of a requirement depends on the Python to build for."""

    def fetch(requirement: Requirement) -> Path:
        return fetch_source(
            requirement,
            python_version=python_version,
            directory=one.folder("sdist"),
            cache=one.cache,
            offline=one.selection.offline,
            progress=one.progress,
            environ=one.environ,
        )

    return open_source(one.request.source, into=one.folder("source"), fetch_sdist=fetch)


def _check_compilers(one: _OneBuild, spec: CrossSpec, *, cxx: bool) -> None:
    """Compile and link an extension for the target, unless these very compilers and headers did it before."""
    if spec.toolchain.kind == "zig":
        prepare_zig(spec.toolchain, spec.target, cache=one.cache.root / "zig", cxx=cxx, progress=one.progress)
    language = "c++" if cxx else "c"
    marker = one.cache.root / "preflight" / f"{spec.toolchain.digest}-{_headers_digest(spec)}-{language}"
    if not marker.exists():
        with one.progress.step("Checking the compilers"), one.cache.disk_errors():
            preflight(
                spec.toolchain,
                include=spec.python.include,
                target=spec.target,
                cxx=cxx,
                marker=marker,
                directory=one.scratch,
            )


def _headers_digest(spec: CrossSpec) -> str:
    """Name the Python headers: their place, and the file that differs between machines."""
    content = str(spec.python.include).encode() + (spec.python.include / "pyconfig.h").read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


def _build(one: _OneBuild, resolved: Resolved, source: SourceTree, *, date: int, log: Path) -> BuiltWheel:
    interpreter = Interpreter(
        version=resolved.build_python_version,
        abi_flags=resolved.spec.python.abi_flags,
        machine=os.uname().machine,
        platforms=tuple(platform_tags()),
    )
    request = BuildRequest(
        spec=resolved.spec,
        source=source,
        config_settings=one.request.config_settings,
        directory=one.folder("build"),
        log=log,
        date=date,
        places=compiler_places(one.scratch, source.path, one.cache.roots, resolved.spec, one.environ),
        uv=find_uv_bin(),
        offline=one.selection.offline,
        supply=partial(one.supply.provide, interpreter=interpreter),
    )
    return build_wheel(request, environ=one.environ, progress=one.progress)


def _verify_built(
    one: _OneBuild, built: BuiltWheel, expectation: WheelExpectation, *, native: Sequence[str], log: Path
) -> Mapping[str, ElfFile]:
    """Return the machine code in the wheel that the backend made, if all is well with it."""
    verification = verify_wheel(built.path, expectation)
    if not one.request.allow_pure:
        # First of all: a wheel that lost its modules has nothing else that could be wrong.
        fallback = detect_fallback(verification, sources=native, log=log.read_text("utf-8", errors="replace"))
        if fallback is not None:
            raise fallback.error()
    verification.raise_for_errors()
    return verification.elf_files


def _finish(
    one: _OneBuild, write: Callable[..., Finished], expectation: WheelExpectation, elf_files: Mapping[str, ElfFile]
) -> tuple[Path, VerificationReport]:
    """Return the wheel with its final tag, in its reproducible form, and what verification says of it."""
    choice = platform_tag(elf_files, target=one.selection.target, requested=one.request.platform_tag)
    if choice.explanation:
        one.progress.note(choice.explanation)
    finished = write(platforms=choice.tags)  # none for pure Python
    for finding in finished.findings:
        if finding.severity == "warning":
            one.progress.note(f"{finding.member}: {finding.message}")
    if not has_common_deflate():
        one.progress.note(
            "this Python compresses in a way of its own: elsewhere the wheel is other bytes of the same files"
        )
    verification = verify_wheel(finished.path, expectation)
    verification.raise_for_errors()
    return finished.path, replace(verification, findings=(*verification.findings, *finished.findings))


def _expectation(spec: CrossSpec, *, build_paths: tuple[str, ...]) -> WheelExpectation:
    abi = spec.python.details.abi
    major, minor = spec.python.version.split(".")
    return WheelExpectation(
        target=spec.target,
        python=(int(major), int(minor)),
        abi_flags=spec.python.abi_flags,
        extension_suffix=spec.python.extension_suffix,
        stable_abi_suffix=abi.stable_abi_suffix if abi else None,
        build_paths=build_paths,
    )


def _test(one: _OneBuild, spec: CrossSpec, wheel: Path) -> TestResult | None:
    if not one.request.is_tested:
        return None
    return run_test(
        wheel,
        runtime=spec,
        find_links=one.request.find_links,
        command=one.request.test_command,
        offline=one.selection.offline,
        progress=one.progress,
        environ=one.environ,
        directory=one.scratch,
        supply=one.supply,
    )


def _read_text(root: Path, name: str) -> str:
    return (root / name).read_text("utf-8", errors="replace")


def deliver(wheel: Path, outdir: Path) -> Path:
    """Put the wheel into ``outdir``: whole, or not at all."""
    target = outdir / wheel.name
    try:
        atomic_write(target, wheel.read_bytes())
    except OSError as error:
        raise BuildError(
            f"cannot write {target}: {error.strerror}", hint="choose another folder with --outdir, or make room in it"
        ) from error
    return target


@contextmanager
def _scratch(cache: Cache) -> Iterator[Path]:
    """Give an empty folder that builds can live in: crossenv makes scripts that start with ``#!`` and its path."""
    suitable = len(str(cache.root)) <= _LONGEST_ROOT and not any(char.isspace() for char in str(cache.root))
    # A cache elsewhere for its scratch folders alone: they are cleaned up in the same way.
    where = cache if suitable else Cache(Path(tempfile.gettempdir(), f"xbuild-{os.getuid()}"), progress=cache.progress)
    with where.workspace() as folder:
        yield folder


def _new_log(cache: Cache, name: str) -> Path:
    """Return a new, empty log file, which no other build writes to; the oldest logs are removed."""
    log = cache.root / "logs" / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(3).hex()}.log"
    with cache.disk_errors():
        atomic_write(log, "")
    remove_old_logs(log.parent)
    return log


def remove_old_logs(folder: Path) -> None:
    """Leave the newest logs of builds in ``folder``, and no others."""
    for old in sorted(folder.glob("*.log"), key=_modified)[:-_KEPT_LOGS]:
        old.unlink(missing_ok=True)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another build has just removed it
        return 0
