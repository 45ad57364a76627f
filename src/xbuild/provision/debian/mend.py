"""What is mended in an unpacked tree before it is used from where it will be."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from xbuild.errors import ProvisionError

if TYPE_CHECKING:
    from pathlib import Path

    from xbuild.targets import Target


def mend_programs(tree: Path, final: Path, *, build: Target) -> None:
    """Make the programs of the build machine run in ``final``."""
    from xbuild.provision.relocate import relocate

    relocate(tree, final, machine=build)


def mend_gcc(tree: Path, final: Path, *, target: Target, build: Target) -> None:
    """Make GCC run in ``final`` with the assembler and the linker beside it, never with those of PATH.

    A cross compiler's packages have them where GCC looks first; the machine's own GCC expects them on PATH.
    """
    mend_programs(tree, final, build=build)
    folder = tree / "usr" / target.triplet / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("ar", "as", "ld", "nm", "objcopy", "objdump", "ranlib", "readelf", "strip"):
        if not (folder / name).exists():
            (folder / name).symlink_to(f"../../bin/{target.triplet}-{name}")


def mend_build_python(tree: Path, final: Path, *, build: Target, version: str) -> None:
    """Make the interpreter run in ``final``, also under the names that scripts call it by."""
    mend_programs(tree, final, build=build)
    programs = tree / "usr" / "bin"
    for name in ("python", "python3"):
        if not (programs / name).exists():
            (programs / name).symlink_to(f"python{version}")


def mend_target_python(tree: Path, final: Path, *, target: Target, version: str) -> None:
    """Make ``usr`` a relocatable prefix with all its headers in one folder and a complete ``build-details.json``.

    Raises :class:`ProvisionError` if the packages do not have what a Python of Debian's has.
    """
    from xbuild.provision.python import write_details, write_variables

    prefix = tree / "usr"
    include = prefix / "include" / f"python{version}"
    pyconfig = prefix / "include" / target.triplet / f"python{version}" / "pyconfig.h"
    stdlib = prefix / "lib" / f"python{version}"
    for needed in (include / "Python.h", pyconfig, stdlib / "os.py"):
        if not needed.is_file():
            raise ProvisionError(
                f"the packages of {final.name} have no {needed.relative_to(tree)}",
                hint="name another suite with --python-suite",
            )
    # Debian's own only includes the real one by its multiarch path, which is on no build's include path.
    shutil.copyfile(pyconfig, include / "pyconfig.h")
    write_details(stdlib, prefix=prefix, target=target)
    write_variables(stdlib, target=target)
