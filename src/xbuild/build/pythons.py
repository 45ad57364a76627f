"""Finding a build Python: an interpreter of the build machine with the target's major and minor version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from python_discovery import PythonInfo


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundPython:
    """An interpreter of the build machine and its whole version (``"3.13.7"``)."""

    executable: Path
    version: str


def find_build_python(version: str, *, free_threaded: bool = False, environ: Mapping[str, str]) -> FoundPython | None:
    """Return an interpreter of CPython ``version`` (``"3.14"``) that can make virtual environments, or None.

    Looked for: the interpreter xbuild runs with, PATH, what uv manages, and pyenv's versions, whether on PATH or not.
    A virtual environment's interpreter stands for the one it was made from.
    """
    from python_discovery import get_interpreter

    def suits(info: PythonInfo) -> bool:
        return info.has_venv and info.free_threaded == free_threaded and not info.debug_build

    spec = f"cpython{version}{'t' if free_threaded else ''}"
    found = get_interpreter(spec, try_first_with=list(_pyenv(version, environ)), env=environ, predicate=suits)
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
