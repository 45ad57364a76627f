"""One PEP 517 build: pypa/build drives the backend inside the cross environment."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from xbuild.build import backends
from xbuild.build.config_programs import config_programs, write_config_programs
from xbuild.build.crossenv import CrossVenv, create_crossenv
from xbuild.build.environment import CrossIsolatedEnv
from xbuild.build.process import CommandRunner, clean_environ
from xbuild.build.reproducible import fixed_environ
from xbuild.build.rust import write_rustc
from xbuild.build.source import read_pyproject
from xbuild.crossfiles import write_all
from xbuild.diagnostics import first_error
from xbuild.errors import BuildError
from xbuild.toolchains import install, with_places

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from build import ProjectBuilder

    from xbuild.build.source import SourceTree
    from xbuild.crossfiles.spec import CrossSpec
    from xbuild.progress import Progress
    from xbuild.toolchains import Toolchain

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildRequest:
    """One source to build for one target. ``directory`` is an empty scratch folder; ``log`` takes all output.

    ``date`` is the source's, in seconds since 1970. ``places`` are folders with the names that compilers are to write
    in their place. ``supply`` is called with build requirements before they are installed.
    """

    spec: CrossSpec
    source: SourceTree
    config_settings: Mapping[str, str | list[str]]
    directory: Path
    log: Path
    date: int
    places: Mapping[str, str]
    uv: str
    offline: bool
    supply: Callable[[Sequence[str]], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltWheel:
    """What the backend made, before it was verified."""

    path: Path
    backend: backends.Backend
    requirements: tuple[tuple[str, str], ...]


def build_wheel(request: BuildRequest, *, environ: Mapping[str, str], progress: Progress) -> BuiltWheel:
    """Build the wheel of ``request``. Raises :class:`BuildError`, with the first real error of the log, if it fails."""
    temporary = request.directory / "tmp"
    temporary.mkdir()
    # What a killed compiler leaves there goes with the scratch folder.
    base = clean_environ(environ) | fixed_environ(request.date) | {"TMPDIR": str(temporary)}
    runner = CommandRunner(log=request.log, environ=base, echo=progress.output)
    pyproject = read_pyproject(request.source.path)
    backend = backends.identify(pyproject)
    env, settings = _environment(request, pyproject, base, runner)
    with progress.step("Installing build requirements"):
        builder = _project_builder(request.source.path, env, runner)
        programs = backends.missing_programs(pyproject, search_path=base.get("PATH"))
        env.install({*builder.build_system_requires, *programs})
        env.install(_hook(request, lambda: builder.get_requires_for_build("wheel", settings)))
    with progress.step(f"Building {request.source.label} with {backend.value}"):
        made = Path(_hook(request, lambda: builder.build("wheel", request.directory / "dist", settings)))
        if not made.is_file():
            raise BuildError(
                f"{request.source.label}: the backend says that it made {made.name}, and did not",
                hint=f"its whole output is in {request.log}",
            )
    return BuiltWheel(path=made, backend=backend, requirements=env.installed())


def _environment(
    request: BuildRequest, pyproject: Mapping[str, Any], base: Mapping[str, str], runner: CommandRunner
) -> tuple[CrossIsolatedEnv, backends.ConfigSettings]:
    spec = dataclasses.replace(request.spec, toolchain=_own_toolchain(request))
    venv = CrossVenv.at(request.directory / "cross")
    # "The interpreter" in every file is the one that answers as the target.
    cross = write_all(dataclasses.replace(spec, build_python=venv.cross_python), request.directory / "crossfiles")
    create_crossenv(spec, sysconfigdata=cross.sysconfigdata, directory=request.directory / "cross", environ=base)
    config_dir = request.directory / "config"
    search_path = base.get("PATH", os.defpath)
    programs = config_programs(spec.sysroot.path, search_path, python_config=cross.python_config)
    write_config_programs(programs, config_dir)
    rust = write_rustc(request.directory / "rust", places=request.places, environ=base)
    env = CrossIsolatedEnv(
        venv=venv,
        # zig keeps every object it compiles: with the scratch folder, these go when the build is over.
        cross_environ={**cross.environment, **rust, "ZIG_LOCAL_CACHE_DIR": str(request.directory / "zig")},
        base_environ=base,
        tool_dir=spec.toolchain.cc.parent,
        config_dir=config_dir,
        uv=request.uv,
        runner=runner,
        offline=request.offline,
        supply=request.supply,
    )
    settings = backends.config_settings(
        pyproject, meson_cross_file=cross.meson, directory=request.directory, user=request.config_settings
    )
    return env, settings


def _own_toolchain(request: BuildRequest) -> Toolchain:
    """Return the toolchain as this build is to see it: it writes fixed names, and is in the scratch folder itself.

    The names of the cache's folders differ between machines, and some projects write their compiler's path down.
    """
    toolchain = request.spec.toolchain
    if toolchain.plan is None:
        return toolchain
    return install(with_places(toolchain.plan, request.places), request.directory / "toolchain")


def _project_builder(source: Path, env: CrossIsolatedEnv, runner: CommandRunner) -> ProjectBuilder:
    from build import BuildException, ProjectBuilder

    try:
        return ProjectBuilder.from_isolated_env(env, source, runner=runner)
    except BuildException as error:
        raise BuildError(f"{source}: {error}", hint="correct the project's pyproject.toml") from error


def _hook(request: BuildRequest, call: Callable[[], T]) -> T:
    from build import BuildBackendException, BuildException

    try:
        return call()
    except BuildBackendException as error:
        cause = error.exception
        output = cause.output if isinstance(cause, subprocess.CalledProcessError) and cause.output else ""
        reason = first_error(output)
        said = reason or str(error)
        raise BuildError(
            f"{request.source.label}: the build for {request.spec.target.name} failed"
            + (f": {said.splitlines()[0]}" if said else ""),
            hint=f"the backend's whole output is in {request.log}",
            details=_tail(reason, output) or None,
        ) from error
    except BuildException as error:
        raise BuildError(f"{request.source.label}: {error}", hint=f"the log is {request.log}") from error


def _tail(reason: str | None, output: str, lines: int = 30) -> str:
    """The first real error, then the end of the log, where the backend sums up."""
    end = "\n".join(output.rstrip().splitlines()[-lines:])
    return f"{reason}\n\n…\n{end}" if reason and reason not in end else end
