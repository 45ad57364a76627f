"""Finding a build Python: an interpreter of the build machine with the target's major and minor version."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from python_discovery import PythonInfo

    from xbuild.provision.cache import Cache

_log = logging.getLogger(__name__)


_QUESTION = (
    "import platform, sysconfig; print(platform.python_version(), sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundPython:
    """An interpreter of the build machine and its whole version (``"3.13.7"``)."""

    executable: Path
    version: str
    free_threaded: bool = False

    def is_of(self, version: str) -> bool:
        """Say whether it is a CPython ``X.Y``, or with a ``t`` at its end the free-threaded one."""
        number, threads = version.removesuffix("t"), version.endswith("t")
        return self.version.startswith(f"{number}.") and self.free_threaded == threads


def ask_build_python(executable: Path) -> FoundPython | None:
    """Return what the interpreter ``executable`` is; None if it does not start."""
    try:
        done = subprocess.run([executable, "-I", "-c", _QUESTION], capture_output=True, text=True, check=True)
        version, free_threaded = done.stdout.split()
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return FoundPython(executable=executable, version=version, free_threaded=free_threaded == "1")


def find_build_python(version: str, *, environ: Mapping[str, str], cache: Cache) -> FoundPython | None:
    """Return an interpreter of CPython ``version`` (``"3.14"``, ``"3.14t"``) that can make environments, or None.

    Looked for: the interpreter xbuild runs with, PATH, what uv manages, and pyenv's versions, whether on PATH or not.
    A virtual environment's interpreter stands for the one it was made from. What was found is kept in ``cache``:
    asking every interpreter takes longer than all the rest of a warm run.
    """
    names = ("PATH", "PYENV_ROOT", "HOME", "UV_PYTHON_INSTALL_DIR")
    where = [sys.executable, *(environ.get(name, "") for name in names)]
    key = f"build python {version} {json.dumps(where)}"
    known = cache.record(key)
    if known is not None and _modified(Path(known["executable"])) == known["modified"]:
        return FoundPython(executable=Path(known["executable"]), version=known["version"])
    found = _search(version, environ)
    if found is not None:
        record = {"executable": str(found.executable), "version": found.version}
        cache.write_record(key, {**record, "modified": _modified(found.executable)})
    return found


def _search(version: str, environ: Mapping[str, str]) -> FoundPython | None:
    from python_discovery import get_interpreter

    number, free_threaded = version.removesuffix("t"), version.endswith("t")

    def suits(info: PythonInfo) -> bool:
        return info.has_venv and info.free_threaded == free_threaded and not info.debug_build

    pyenv = list(_pyenv(number, environ))
    try:
        found = get_interpreter(f"cpython{version}", try_first_with=pyenv, env=environ, predicate=suits)
    except RuntimeError as error:  # xbuild's own interpreter is asked too, and one that does not start raises this
        _log.info("looking for a build Python: %s", error)
        return None
    executable = found and (found.system_executable or found.executable)
    if found is None or not executable:
        return None
    return FoundPython(executable=Path(executable), version=found.version_str)


def _pyenv(version: str, environ: Mapping[str, str]) -> Iterator[str]:
    """pyenv's own versions, newest first: its shims on PATH answer only for the version that is switched on."""
    root = Path(environ.get("PYENV_ROOT") or Path(environ.get("HOME", "/nonexistent"), ".pyenv"))

    def micro(folder: Path) -> int:
        digits = folder.name.rpartition(".")[2].rstrip("t")
        return int(digits) if digits.isdigit() else -1

    for folder in sorted((root / "versions").glob(f"{version}.*"), key=micro, reverse=True):
        for name in (f"python{version}", f"python{version}t"):
            if (folder / "bin" / name).is_file():
                yield str(folder / "bin" / name)


def _modified(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None
