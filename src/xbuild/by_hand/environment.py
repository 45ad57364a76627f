"""Making the environment, or finding it in the cache, and the variables a command is to be run with.

::

    by-hand/<target>-<digest>/
        cross/        the cross environment: `python` speaks for the target, what was installed is for this machine
        crossfiles/   the cross files, in which "the interpreter" is that `python`
        bin/          programs that come first on PATH
        config/       the config programs of Python and of libraries
        shell/        start-up files for `xbuild shell`
        ready         made last

It stays when the command is over: a configured build tree refers to all of it, and is built again and again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from uv import find_uv_bin

from xbuild.build.config_programs import config_programs, write_config_programs
from xbuild.build.crossenv import CrossVenv, create_crossenv
from xbuild.build.environment import CrossIsolatedEnv
from xbuild.build.process import LEAKING, CommandRunner, clean_environ
from xbuild.build.source import read_pyproject
from xbuild.by_hand.shells import Startup, startup_files
from xbuild.by_hand.shims import shims
from xbuild.crossfiles import write_all
from xbuild.errors import BuildError, UsageError
from xbuild.files import atomic_write
from xbuild.provision.cache import Cache
from xbuild.provision.workspaces import remove
from xbuild.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xbuild.crossfiles import CrossFiles
    from xbuild.crossfiles.spec import CrossSpec
    from xbuild.progress import Progress
    from xbuild.resolve import Resolved
    from xbuild.selection import Selection

PACKAGES = ("build", "setuptools", "wheel")
"""What is installed beside what the project requires: enough for ``python -m build --no-isolation`` of most."""

INSIDE = "XBUILD_INSIDE"
"""The variable that names the target inside an environment."""

_LONGEST_PROGRAM = 120
"""Of the path after ``#!``, of which older kernels read 127 bytes."""
_PLAIN = re.compile(r"[\w/.,+@%=-]+")
"""What a path that stands on PATH, after ``#!``, and in ENV, which shells expand, may have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """A cross build's environment: ``environ`` is all a command gets, ``startup`` the folder of the shells' files."""

    environ: Mapping[str, str]
    startup: Path


def project_requirements(folder: Path) -> tuple[str, ...]:
    """Return what the project in ``folder`` requires to be built; nothing where there is none, or none to be read."""
    try:
        system = read_pyproject(folder).get("build-system")
    except BuildError:
        return ()
    # What is no requirement, whoever builds the project will say so.
    requires = system.get("requires") if isinstance(system, dict) else None
    return tuple(each for each in requires if isinstance(each, str)) if isinstance(requires, list) else ()


def open_environment(
    selection: Selection,
    *,
    requirements: Sequence[str],
    progress: Progress,
    environ: Mapping[str, str],
    fresh: bool = False,
) -> Environment:
    """Return the environment of the cross build ``selection``, made if the cache does not have it.

    ``requirements`` are installed for the build machine, where ``python`` imports them. ``fresh`` makes it anew, with
    their newest releases. Raises :class:`UsageError` inside such an environment, and the errors of its parts.
    """
    inside = environ.get(INSIDE)
    if inside is not None:
        raise UsageError(
            f"this is already the environment of a cross build, for {inside}",
            hint="run the command alone, or leave the shell with 'exit' first",
        )
    resolved = resolve(selection, progress=progress, environ=environ)
    place = _place(resolved, requirements, Cache.default(environ, progress=progress))
    maker = _Maker(
        spec=resolved.spec,
        place=place,
        requirements=tuple(requirements),
        offline=selection.offline,
        environ=environ,
        progress=progress,
    )
    return maker.open(fresh=fresh)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where an environment is, in a cache."""

    cache: Cache
    name: str

    @property
    def folder(self) -> Path:
        return self.cache.root / "by-hand" / self.name


def _place(resolved: Resolved, requirements: Sequence[str], cache: Cache) -> _Place:
    # The name stands for all that the content depends on.
    content = repr((resolved.spec, resolved.build_python_version, sorted(requirements)))
    digest = hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    place = _Place(cache=cache, name=f"{resolved.spec.target.name}-{digest}")
    program = str(CrossVenv.at(place.folder / "cross").build_bin / "python3.13t")
    if len(program) <= _LONGEST_PROGRAM and _PLAIN.fullmatch(program):
        return place
    short = Cache(Path(tempfile.gettempdir(), f"xbuild-{os.getuid()}"), progress=cache.progress)
    return dataclasses.replace(place, cache=short)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Maker:
    """Making one environment in its place."""

    spec: CrossSpec
    place: _Place
    requirements: tuple[str, ...]
    offline: bool
    environ: Mapping[str, str]
    progress: Progress

    def open(self, *, fresh: bool) -> Environment:
        folder, cache = self.place.folder, self.place.cache
        ready = folder / "ready"
        if fresh or not ready.exists():
            with cache.lock(f"by-hand-{self.place.name}", waiting_for=f"the environment {folder}"), cache.disk_errors():
                if fresh or not ready.exists():  # another process made it while this one waited
                    ready.unlink(missing_ok=True)
                    remove(folder)  # what a killed process left, or what is to be made anew
                    self._make()
                    atomic_write(ready, "")
        with cache.disk_errors():
            return self._environment(self._write_files())

    def _make(self) -> None:
        folder = self.place.folder
        with self.progress.step(f"Making the environment for {self.spec.target.name}"):
            files = self._write_files()
            base = clean_environ(self.environ)
            create_crossenv(self.spec, sysconfigdata=files.sysconfigdata, directory=folder / "cross", environ=base)
        if self.requirements:
            with self.progress.step(f"Installing {', '.join(self.requirements)}"):
                self._isolated(files).install(self.requirements)

    def _write_files(self) -> CrossFiles:
        """Write what only says what the environment is like; each time, as another xbuild may say it in other words."""
        folder = self.place.folder
        spec = dataclasses.replace(self.spec, build_python=self._venv.cross_python)
        files = write_all(spec, folder / "crossfiles")
        search_path = clean_environ(self.environ).get("PATH", os.defpath)
        configs = config_programs(self.spec.sysroot.path, search_path, python_config=files.python_config)
        write_config_programs(configs, folder / "config")
        programs = shims(folder / "bin", venv=self._venv, files=files)
        texts = {folder / "bin" / name: text for name, text in programs.items()}
        for path, text in {**texts, **startup_files(self._startup(files), folder / "shell")}.items():
            if not path.is_file() or path.read_text("utf-8") != text:
                atomic_write(path, text)
                path.chmod(0o755 if path in texts else 0o644)
        return files

    @property
    def _venv(self) -> CrossVenv:
        return CrossVenv.at(self.place.folder / "cross")

    def _isolated(self, files: CrossFiles) -> CrossIsolatedEnv:
        base = clean_environ(self.environ)
        return CrossIsolatedEnv(
            venv=self._venv,
            cross_environ=self._variables(files),
            base_environ=base,
            tool_dir=self.spec.toolchain.cc.parent,
            config_dir=self.place.folder / "config",
            uv=find_uv_bin(),
            runner=CommandRunner(log=self.place.folder / "log", environ=base, echo=self.progress.output),
            offline=self.offline,
            supply=lambda _requirements: None,  # uv asks the index itself
        )

    def _variables(self, files: CrossFiles) -> dict[str, str]:
        ours = {
            INSIDE: self.spec.target.name,
            "XBUILD_SYSROOT": str(self.spec.sysroot.path),
            "XBUILD_MESON_CROSS_FILE": str(files.meson),
        }
        if self.spec.emulator is not None:
            ours["XBUILD_EMULATOR"] = str(self.spec.emulator.wrapper)
        # zig keeps every object it compiles.
        return {**files.environment, "ZIG_LOCAL_CACHE_DIR": str(self.place.folder / "zig"), **ours}

    def _startup(self, files: CrossFiles) -> Startup:
        variables = self._variables(files)
        path = [self.place.folder / "bin", *self._isolated(files).path]
        # As clean_environ() has it.
        variables["PYTHONNOUSERSITE"] = "1"
        return Startup(name=self.spec.target.name, variables=variables, unset=LEAKING - variables.keys(), path=path)

    def _environment(self, files: CrossFiles) -> Environment:
        isolated = self._isolated(files)
        extra = isolated.make_extra_environ()
        extra["PATH"] = f"{self.place.folder / 'bin'}{os.pathsep}{extra['PATH']}"
        return Environment(environ={**isolated.base_environ, **extra}, startup=self.place.folder / "shell")
