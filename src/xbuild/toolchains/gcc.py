"""GCC of a Debian archive, unpacked and relocated by provisioning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xbuild.errors import ToolchainError
from xbuild.toolchains.foreign import foreign_arguments
from xbuild.toolchains.model import Command, ToolchainPlan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from xbuild.targets import Target
    from xbuild.toolchains.model import ToolName

_BINUTILS: tuple[ToolName, ...] = ("ar", "ranlib", "strip", "nm", "ld", "objcopy", "readelf")


def gcc_plan(  # noqa: PLR0913 - what provisioning found out about the tree, once each
    *,
    target: Target,
    triplet: str,
    major: int,
    version: str,
    tree: Path,
    sysroot: Path,
    library_dirs: Sequence[Path] = (),
    support: Path | None = None,
    cc_args: Sequence[str] = (),
    cxx_args: Sequence[str] = (),
    fc_args: Sequence[str] = (),
) -> ToolchainPlan:
    """Plan the GCC ``version`` in ``tree``, whose programs are ``usr/bin/<triplet>-gcc-<major>`` and so on.

    ``support`` is for a sysroot whose C library is not of the same suite, and ``library_dirs`` are that sysroot's
    (:mod:`xbuild.toolchains.foreign`). ``cc_args``, ``cxx_args`` and ``fc_args`` are what the relocated drivers must be
    told to find their own parts. C++ and Fortran are left out when the tree does not have them. Raises
    :class:`ToolchainError` for a missing C compiler or binutils.
    """
    programs = tree / "usr/bin"
    foreign = foreign_arguments(support, library_dirs=library_dirs) if support is not None else ()
    roots = (sysroot, tree, support) if support is not None else (sysroot, tree)
    common = (f"--sysroot={sysroot}", *foreign, *_prefix_maps(*roots))
    tools: dict[ToolName, Command] = {}
    compilers: tuple[tuple[ToolName, str, Sequence[str]], ...] = (
        ("cc", f"{triplet}-gcc-{major}", cc_args),
        ("cxx", f"{triplet}-g++-{major}", cxx_args),
        # Else its debug information has its own command line, with the folder of its modules.
        ("fc", f"{triplet}-gfortran-{major}", (*fc_args, "-gno-record-gcc-switches")),
    )
    for name, program, arguments in compilers:
        if (programs / program).exists():
            tools[name] = Command(program=programs / program, arguments=(*arguments, *common))
    for name in _BINUTILS:
        if (programs / f"{triplet}-{name}").exists():
            tools[name] = Command(program=programs / f"{triplet}-{name}")
    missing = [name for name in ("cc", "ar", "ranlib", "strip") if name not in tools]
    if missing:
        raise ToolchainError(
            f"the GCC {major} provisioned for {target.name} is incomplete: {programs} has no {', '.join(missing)}",
            hint=f"remove it with `xbuild target remove {target.name}` and fetch it again",
        )
    return ToolchainPlan(kind="gcc", family="gcc", version=version, triplet=target.triplet, tools=tools)


def _prefix_maps(*roots: Path) -> list[str]:
    """Keep this machine's cache out of ``__FILE__`` and debug information: a wheel is to be the same everywhere."""
    return [f"-ffile-prefix-map={root}=" for root in dict.fromkeys(roots) if "=" not in str(root)]
