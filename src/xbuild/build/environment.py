"""The isolated environment of one build: crossenv's interpreter, the build requirements, and the cross variables."""

from __future__ import annotations

import errno
import os
import subprocess
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from xbuild.errors import BuildError, ProvisionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from xbuild.build.crossenv import CrossVenv
    from xbuild.build.process import CommandRunner

# The user's flags come after ours, where the last one wins; everything else of ours replaces the user's.
_FLAGS = frozenset({"CFLAGS", "CXXFLAGS", "CPPFLAGS", "FFLAGS", "FCFLAGS", "LDFLAGS"})
_FULL_HINT = "free some space, or set XBUILD_CACHE_DIR to a folder on a larger disk"


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossIsolatedEnv:
    """pypa/build's ``IsolatedEnv`` for a target.

    Build requirements are installed for the build machine, in a clean environment: once the cross variables are set,
    an installer would resolve ninja, cmake and cython for the target (facts: pip does). The cross variables are only
    around the backend's hooks.
    ``base_environ`` is the clean environment, ``cross_environ`` the cross variables; ``tool_dir`` has the toolchain,
    ``config_dir`` the config programs of Python and of libraries.
    ``supply`` is called with the requirements before they are installed.
    """

    venv: CrossVenv
    cross_environ: Mapping[str, str]
    base_environ: Mapping[str, str]
    tool_dir: Path
    config_dir: Path
    uv: str
    runner: CommandRunner
    offline: bool
    supply: Callable[[Sequence[str]], None]

    @property
    def python_executable(self) -> str:
        """The interpreter that runs the backend's hooks."""
        return str(self.venv.cross_python)

    @property
    def path(self) -> tuple[Path, ...]:
        """What comes first on PATH."""
        return (self.venv.cross_bin, self.venv.build_bin, self.tool_dir, self.config_dir)

    def make_extra_environ(self) -> dict[str, str]:
        """Return what the hooks need on top of the clean environment."""
        extra = {name: self._with_users_flags(name, value) for name, value in self.cross_environ.items()}
        extra["PATH"] = os.pathsep.join([*map(str, self.path), self.base_environ.get("PATH", os.defpath)])
        return extra

    def _with_users_flags(self, name: str, value: str) -> str:
        users = self.base_environ.get(name) if name in _FLAGS else None
        return f"{value} {users}".strip() if users else value

    def install(self, requirements: Iterable[str]) -> None:
        """Install build requirements for the build machine. Raises :class:`BuildError` if one cannot be had."""
        wanted = sorted(requirements)
        if not wanted:
            return
        self.supply(wanted)
        command = [self.uv, "pip", "install", "--python", str(self.venv.build_python), "--no-progress"]
        if self.offline:
            command.append("--offline")
        try:
            self.runner([*command, "--", *wanted])
        except subprocess.CalledProcessError as error:
            message, details = (
                f"cannot install the build requirements: {', '.join(wanted)}",
                _what_uv_says(error.output),
            )
            if os.strerror(errno.ENOSPC) in details:
                raise ProvisionError(f"the disk is full: {message}", hint=_FULL_HINT, details=details) from error
            raise BuildError(
                message,
                hint="they are installed for the build machine; the log above has the one that has no build for it",
                details=details,
            ) from error

    def installed(self) -> tuple[tuple[str, str], ...]:
        """Return the name and version of each installed build requirement, sorted."""
        site = self.venv.build_bin.parent.glob("lib/python*/site-packages")
        found = metadata.distributions(path=[str(folder) for folder in site])
        return tuple(sorted((canonicalize_name(dist.name), dist.version) for dist in found))


def _what_uv_says(output: str) -> str:
    """Return uv's error with all its causes, without the progress and the warnings before it."""
    lines = output.strip().splitlines()
    begin = next((index for index, line in enumerate(lines) if line.startswith("error:")), 0)
    return "\n".join(lines[begin:])
