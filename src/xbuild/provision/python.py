"""A target Python in a directory: completing its ``build-details.json``, and reading it for a build."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.crossfiles.spec import TargetPython
from xbuild.details import load, read_variables, resolve
from xbuild.details.variables import find_variables
from xbuild.errors import DetailsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xbuild.details import BuildDetails, Origin
    from xbuild.targets import Target

DETAILS_FILE = "build-details.json"
ORIGINS_FILE = "build-details.origins.json"
"""Beside a ``build-details.json`` that xbuild wrote: where each value it added or changed came from."""


def write_details(stdlib: Path, *, prefix: Path, target: Target) -> None:
    """Write a complete, relocatable ``build-details.json`` into ``stdlib``, in place of the one there, and its origins.

    Raises :class:`DetailsError` if what is there is not enough.
    """
    from xbuild.details import complete, dumps  # not needed by a warm run

    completed = complete(stdlib, prefix=prefix, target=target)
    details, origins = _without_missing_files(completed.details, completed.origins, prefix=prefix)
    for other in stdlib.glob("build-details.*.json"):
        other.unlink()  # Debian's own name for it: readers must not have two to choose from
    (stdlib / DETAILS_FILE).write_text(dumps(details), "utf-8")
    write_origins(stdlib, origins)


def write_variables(stdlib: Path, *, target: Target) -> None:
    """Write the sysconfig variables as the JSON file that CPython installs since 3.14, where there is none.

    It is read in a tenth of the time that the Python file takes. Raises :class:`DetailsError` if that is malformed.
    """
    source = find_variables(stdlib, target=target)
    if source.suffix == ".py":
        name = source.stem.replace("_sysconfigdata_", "_sysconfig_vars_", 1) + ".json"
        text = json.dumps(dict(read_variables(stdlib, target=target)), indent=1, sort_keys=True)
        (stdlib / name).write_text(text + "\n", "utf-8")


def write_origins(folder: Path, origins: Sequence[Origin]) -> None:
    """Write where the values of the ``build-details.json`` in ``folder`` came from, for :func:`read_origins`."""
    text = json.dumps([asdict(origin) for origin in origins], indent=2)
    (folder / ORIGINS_FILE).write_text(text + "\n", "utf-8")


def read_origins(python: TargetPython) -> tuple[Origin, ...]:
    """Return what :func:`write_origins` wrote; nothing for a file that xbuild did not write."""
    from xbuild.details import Origin  # not needed by a warm run

    file = python.details_file.with_name(ORIGINS_FILE)
    return tuple(Origin(**origin) for origin in json.loads(file.read_bytes())) if file.is_file() else ()


def load_target_python(file: Path, target: Target, *, root: Path | None) -> TargetPython:
    """Read the complete ``build-details.json`` ``file``, in its standard library, with what it says lies around it.

    ``root`` is the tree that an emulator needs to run the interpreter. Raises :class:`DetailsError` if the file or the
    variables beside it cannot be read, or if the headers are missing.
    """
    details = resolve(load(file), file)
    if details.c_api is None:
        raise DetailsError(f"{file}: no c_api.headers: extension modules cannot be compiled")
    include = Path(details.c_api.headers)
    if not (include / "Python.h").is_file():
        raise DetailsError(f"{file}: c_api.headers names {include}, which has no Python.h")
    interpreter = Path(details.base_interpreter) if details.base_interpreter else None
    return TargetPython(
        details=details,
        details_file=file,
        prefix=Path(details.base_prefix),
        include=include,
        stdlib=file.parent,
        variables=read_variables(file.parent, target=target),
        root=root,
        executable=interpreter if interpreter is not None and interpreter.exists() else None,
    )


def _without_missing_files(
    details: BuildDetails, origins: Sequence[Origin], *, prefix: Path
) -> tuple[BuildDetails, Sequence[Origin]]:
    """Take out what trees of ours leave out: the static library, and ``.pc`` files, which name the target's folders."""
    from xbuild.details import Origin

    gone: list[Origin] = []
    library, c_api = details.libpython, details.c_api
    if library is not None and library.static is not None and not (prefix / library.static).exists():
        gone.append(Origin(pointer="/libpython/static", origin="the file is not in the tree", old=library.static))
        library = replace(library, static=None)
    folder = c_api.pkgconfig_path if c_api is not None else None
    if c_api is not None and folder is not None and not any((prefix / folder).glob("python-*.pc")):
        gone.append(Origin(pointer="/c_api/pkgconfig_path", origin="the files are not in the tree", old=folder))
        c_api = replace(c_api, pkgconfig_path=None)
    return replace(details, libpython=library, c_api=c_api), (*origins, *gone)


def copy_headers(include: Path, destination: Path, *, pyconfig: Path) -> None:
    """Copy the headers in ``include`` to ``destination``, with ``pyconfig`` as their ``pyconfig.h``."""
    shutil.copytree(include, destination)
    shutil.copyfile(pyconfig, destination / "pyconfig.h")
