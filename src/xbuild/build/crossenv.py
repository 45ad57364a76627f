"""The one place that knows crossenv: a build Python that answers every question as the target's would.

crossenv runs as a subprocess of the build Python. It is given a *stand-in prefix* in place of the target's own: the
target's headers and rewritten sysconfig data, with the build Python's standard library. The library must be the build
Python's: its pure modules belong to its extension modules, which differ between micro versions.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.build import sorted_folders
from xbuild.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.crossfiles.spec import CrossSpec

# Entries of the build Python's library that describe its machine, or are not part of the library.
_NOT_LINKED = ("config-", "_sysconfigdata", "_sysconfig_vars", "build-details", "site-packages", "dist-packages")


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossVenv:
    """An environment made by crossenv.

    ``cross_python`` runs build backends; ``build_python`` is the ordinary virtual environment beside it, whose
    packages ``cross_python`` can import; ``cross_bin`` and ``build_bin`` belong on PATH in this order.
    """

    cross_python: Path
    build_python: Path

    @classmethod
    def at(cls, directory: Path) -> CrossVenv:
        """Return the environment that :func:`create_crossenv` makes in ``directory``, made or not."""
        venv = directory / "env"
        return cls(cross_python=venv / "cross" / "bin" / "python", build_python=venv / "build" / "bin" / "python")

    @property
    def cross_bin(self) -> Path:
        """The folder of ``python`` as the target."""
        return self.cross_python.parent

    @property
    def build_bin(self) -> Path:
        """The folder of the build requirements' programs."""
        return self.build_python.parent


def create_crossenv(spec: CrossSpec, *, sysconfigdata: Path, directory: Path, environ: Mapping[str, str]) -> CrossVenv:
    """Make a cross environment for ``spec`` in the new folder ``directory``.

    Raises :class:`BuildError` with crossenv's own words if it cannot.
    """
    directory.mkdir(parents=True)
    stdlib = _stdlib_of(spec.build_python, environ)
    prefix = _stand_in_prefix(directory / "target", spec, stdlib)
    tools = directory / "crossenv"
    _expose_crossenv(tools)
    command = [str(spec.build_python), "-m", "crossenv", "--without-pip"]
    command += ["--sysconfigdata-file", str(sysconfigdata), "--machine", spec.target.wheel_machine]
    # Else crossenv asks the compiler and puts the sysroot's folders in CPATH, where they also reach the build's own
    # compiler runs and mix two C libraries' headers. An empty value is "none".
    command += ["--sysroot", "", "--cc", str(spec.toolchain.cc), "--ar", str(spec.toolchain.ar)]
    if spec.toolchain.cxx is not None:
        command += ["--cxx", str(spec.toolchain.cxx)]
    command += [str(prefix / "bin" / f"python{spec.python.version}"), str(directory / "env")]
    done = subprocess.run(
        command, env={**environ, "PYTHONPATH": str(tools)}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BuildError(
            f"crossenv cannot make an environment for {spec.target.name} from {spec.build_python}",
            hint="check that this interpreter is whole: it must have the venv module",
            details=(done.stdout + done.stderr).strip(),
        )
    _sort_folders(directory / "env")
    return CrossVenv.at(directory)


def _stdlib_of(python: Path, environ: Mapping[str, str]) -> Path:
    code = "import json, os, sys; print(json.dumps([os.path.dirname(os.__file__), sys.version_info[:2]]))"
    done = subprocess.run([str(python), "-I", "-c", code], env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(
            f"the build Python {python} does not run", hint="choose another interpreter", details=done.stderr.strip()
        )
    return Path(json.loads(done.stdout)[0])


def _stand_in_prefix(prefix: Path, spec: CrossSpec, stdlib: Path) -> Path:
    name = f"python{spec.python.version}{spec.python.abi_flags}"
    library = prefix / "lib" / name
    library.mkdir(parents=True)
    for entry in stdlib.iterdir():
        if not entry.name.startswith(_NOT_LINKED):
            (library / entry.name).symlink_to(entry)
    for config in spec.python.stdlib.glob("config-*"):
        (library / config.name).symlink_to(config)
    (prefix / "include").mkdir()
    (prefix / "include" / name).symlink_to(spec.python.include)
    executable = prefix / "bin" / f"python{spec.python.version}"
    executable.parent.mkdir()
    executable.touch(mode=0o755)
    return prefix


def _sort_folders(env: Path) -> None:
    """Have the interpreters of ``env`` list folders in order, whatever the file system's order is."""
    module = Path(sorted_folders.__file__).read_bytes()
    for site in env.glob("*/lib/python*/site-packages"):
        (site / "_xbuild_sorted_folders.py").write_bytes(module)
        (site / "_xbuild_sorted_folders.pth").write_text("import _xbuild_sorted_folders as s; s.install()\n", "ascii")


def _expose_crossenv(folder: Path) -> None:
    """Make crossenv, and nothing else of our environment, importable for another interpreter."""
    found = importlib.util.find_spec("crossenv")
    if found is None or found.origin is None:
        raise BuildError("crossenv is not installed", hint="install xbuild again: crossenv is one of its requirements")
    folder.mkdir()
    (folder / "crossenv").symlink_to(Path(found.origin).parent)
