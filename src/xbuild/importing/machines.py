"""Which target a toolchain is for, from what its file says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xbuild.errors import TargetError, ToolchainError
from xbuild.importing.facts import Evidence
from xbuild.targets import Target, get_target, target_names
from xbuild.toolchains.system import machine_matches

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMPILER = re.compile(r"(?P<triplet>.+-linux(-\w+)?)-(gcc|g\+\+|cc|c\+\+|clang|clang\+\+)(-[\d.]+)?")


def by_triplet(triplet: str, said: str, where: str) -> Evidence:
    """Return what a GNU triplet, of whichever distribution, tells."""
    fits = (name for name in target_names() if machine_matches(triplet, get_target(name)))
    return Evidence(said=f"{said} {triplet!r}", where=where, targets=frozenset(fits))


def by_compiler(program: str, where: str) -> Evidence | None:
    """Return what the name of a compiler tells; None if it tells nothing."""
    match = _COMPILER.fullmatch(program.rpartition("/")[2])
    return by_triplet(match["triplet"], "the compiler's triplet", where) if match else None


def by_name(machine: str, said: str, where: str) -> Evidence:
    """Return what the name of a machine tells, as ``uname -m`` and its like have it."""
    try:
        targets = frozenset({get_target(machine).name})
    except TargetError:
        targets = frozenset()
    return Evidence(said=f"{said} {machine!r}", where=where, targets=targets)


def by_meson(family: str, endian: str | None, where: str) -> Evidence:
    """Return what Meson's ``cpu_family`` and ``endian`` tell."""
    targets = [get_target(name) for name in target_names()]
    fits = (
        target.name for target in targets if target.meson.cpu_family == family and endian in {None, target.meson.endian}
    )
    said = f"cpu_family {family!r}" + (f", endian {endian!r}" if endian else "")
    return Evidence(said=said, where=where, targets=frozenset(fits))


def choose(evidence: Sequence[Evidence], asked: Target | None, *, named: str) -> Target:
    """Return the target that ``evidence`` tells, or ``asked``, if the user has said it, which only must not be another.

    Raises :class:`ToolchainError` if the evidence fits no target, more than one, or not the one that was asked for.
    """
    if asked is not None:
        other = next((each for each in evidence if each.targets and asked.name not in each.targets), None)
        if other is not None:
            raise ToolchainError(
                f"{other.where}: {other.said} is not {asked.name}, which --target says",
                hint="leave --target out, or import the file of that machine",
            )
        return asked
    strange = next((each for each in evidence if not each.targets), None)
    if strange is not None:
        raise ToolchainError(f"{strange.where}: {strange.said} is no target of xbuild's", hint=_hint())
    if not evidence:
        raise ToolchainError(f"{named} does not say which machine it is for", hint=_hint())
    common = frozenset.intersection(*(each.targets for each in evidence))
    if len(common) == 1:
        return get_target(next(iter(common)))
    listed = "".join(f"\n  {each.where}: {each.said}" for each in evidence)
    problem = "fits more than one target" if common else "is not of one machine"
    raise ToolchainError(f"what {named} says {problem}:{listed}", hint=_hint())


def _hint() -> str:
    return f"say with --target what it is for, if it is one of {', '.join(target_names())}"
