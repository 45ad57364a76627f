"""The machine xbuild runs on: what it is, and the programs it has that a cross file names."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.errors import TargetError
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xbuild.targets import Target

# Programs of the build machine that are worth naming in a cross file, where the machine has them.
_TOOLS = {"pkg-config": ("pkg-config", "pkgconf"), "cmake": ("cmake",), "cc": ("cc", "gcc"), "c++": ("c++", "g++")}


def build_machine(system: str, machine: str) -> Target:
    """Return the machine xbuild runs on, in the words targets are described in."""
    if system != "Linux":
        raise TargetError(
            f"xbuild builds on Linux, and this is {system}", hint="run it in a Linux container or a virtual machine"
        )
    try:
        return get_target(machine)
    except TargetError as error:
        raise TargetError(f"xbuild does not know the machine it runs on: {machine}", hint=error.hint) from error


def find_tools(environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Yield the programs of this machine that a cross file names, by the names it has for them."""
    for tool, names in _TOOLS.items():
        found = next(filter(None, (shutil.which(name, path=environ.get("PATH")) for name in names)), None)
        if found is not None:
            yield tool, Path(found)
