"""What the user chose to build for, and what a toolchain file of theirs adds to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from xbuild.errors import ToolchainError
from xbuild.toolchains import Settings, ToolchainKind

if TYPE_CHECKING:
    from xbuild.targets import Target

DEFAULT_PYTHON = "3.13"
"""The CPython to build for where the user names none: fixed, so that the wheel does not depend on the machine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """What to build for, as the user chose it: one target, one CPython, and where their files come from.

    ``python`` is ``X.Y``, or ``X.Yt`` for the free-threaded build; None: the one of ``build_details``, else
    :data:`DEFAULT_PYTHON`. ``toolchain`` is ``gcc``, ``system``, ``zig`` or the path of a toolchain file.
    ``sysroot_image`` names the container image that is the source of both ``sysroot`` and ``build_details``: they are
    None until it has been copied from (:func:`xbuild.engines.container.sysroot.take_image`).
    """

    target: Target
    python: str | None = None
    toolchain: str = "gcc"
    sysroot: Path | None = None
    build_details: Path | None = None
    sysroot_image: str | None = None
    libraries: tuple[str, ...] = ()
    archive: str | None = None
    base_suite: str | None = None
    python_suite: str | None = None
    offline: bool = False


def read_settings(selection: Selection, *, search_path: str) -> Settings:
    """Return what the selection's toolchain file says of more than compilers: nothing if it has none."""
    if selection.toolchain in get_args(ToolchainKind):
        return Settings()
    from xbuild.toolchains.own_file import read_own_file

    file = Path(selection.toolchain)
    settings = read_own_file(file, search_path=search_path).settings
    if settings.target is not None and settings.target.name != selection.target.name:
        raise ToolchainError(
            f"{file} is for {settings.target.name}, not for {selection.target.name}",
            hint="name another --toolchain, or leave --target out",
        )
    return settings


def complete(selection: Selection, settings: Settings) -> Selection:
    """Return ``selection`` with what it leaves open taken from the toolchain file."""
    python = settings.python if selection.build_details is None and settings.build_details is None else None
    return replace(
        selection,
        python=selection.python or python,
        sysroot=selection.sysroot or settings.sysroot,
        build_details=selection.build_details or settings.build_details,
    )
