"""The tags a target's interpreter takes, and what a wheel's name says.

PEP 425 tags, abi3 (PEP 384), abi3t (PEP 803) and the platform tags of PEP 600 and PEP 656. Nothing here asks the
running interpreter, whose tags are those of the build machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xbuild.errors import UsageError
from xbuild.targets import get_target, target_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.tags import Tag

    from xbuild.targets import Target, Version

LEGACY_MANYLINUX: dict[str, Version] = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
"""The names before PEP 600, and the glibc each stands for."""

_PLATFORM = re.compile(
    r"(?:(?P<legacy>manylinux(?:1|2010|2014))"
    r"|(?P<perennial>manylinux|musllinux)_(?P<major>\d{1,4})_(?P<minor>\d{1,4})"
    r"|linux)_(?P<machine>\w+)"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelExpectation:
    """What a wheel is verified against.

    ``target`` is None for a wheel of pure Python, whose machine does not matter.
    ``abi_flags`` are the interpreter's (``t``, ``d``); its two suffixes are those of ``build-details.json``.
    ``build_paths`` are folders of the build machine that nothing in a wheel may name.
    ``expect_native`` says that a wheel without machine code is wrong.
    """

    target: Target | None
    python: Version
    abi_flags: str = ""
    extension_suffix: str
    stable_abi_suffix: str | None = None
    build_paths: tuple[str, ...] = ()
    expect_native: bool = False

    @property
    def interpreter(self) -> str:
        """The interpreter part of the tag: ``cp313``."""
        return f"cp{self.python[0]}{self.python[1]}"

    @property
    def abi(self) -> str:
        """The ABI part of the tag of version-specific modules: ``cp313``, ``cp313t``."""
        return self.interpreter + self.abi_flags

    @property
    def tag(self) -> str:
        """The tag of a wheel with version-specific modules: ``cp313-cp313-linux_riscv64``."""
        return f"{self.interpreter}-{self.abi}-{self.target.linux_tag if self.target else 'any'}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """One platform tag, parsed; ``version`` is glibc's or musl's, None for a plain ``linux`` tag."""

    kind: str
    version: Version | None
    machine: str


def parse_platform(tag: str) -> Platform | None:
    """Parse ``manylinux_2_17_aarch64``, ``manylinux2014_…``, ``musllinux_1_2_…`` or ``linux_…``; None for any other."""
    match = _PLATFORM.fullmatch(tag)
    if match is None:
        return None
    if match["legacy"]:
        return Platform(kind="manylinux", version=LEGACY_MANYLINUX[match["legacy"]], machine=match["machine"])
    version = (int(match["major"]), int(match["minor"])) if match["perennial"] else None
    return Platform(kind=match["perennial"] or "linux", version=version, machine=match["machine"])


def accepted_tags(expectation: WheelExpectation) -> frozenset[tuple[str, str]]:
    """Return every pair of interpreter and ABI that an installer on the target takes.

    ``("cp313", "cp313")``, ``("cp39", "abi3")``, ``("py3", "none")``: the version and below.
    The platform is judged apart.
    """
    from packaging.tags import compatible_tags, cpython_tags

    abis = [expectation.abi]
    if "d" in expectation.abi_flags:  # a debug build loads what a release build does, since 3.8
        abis.append(expectation.abi.replace("d", ""))
    tags = {
        *cpython_tags(expectation.python, abis=abis, platforms=["any"]),
        *compatible_tags(expectation.python, interpreter=expectation.interpreter, platforms=["any"]),
    }
    return frozenset((tag.interpreter, tag.abi) for tag in tags)


def expectation_from_tags(
    tags: Iterable[Tag], *, target: Target | None = None, python: str | None = None
) -> WheelExpectation:
    """Return what a wheel should be going by its own tags, for a wheel that comes without any other facts.

    ``target`` and ``python`` (``"3.13"``, ``"3.14t"``) win over the tags. An abi3 wheel is held to its oldest version.
    Raises :class:`UsageError` if the tags are of a machine xbuild does not know.
    """
    tags = list(tags)
    if target is None:
        target = _target_of(tags)
    if python is None:
        python = _python_of(tags)
    flags = python.lstrip("0123456789.")
    major, _, minor = python.removesuffix(flags).partition(".")
    triplet = target.triplet if target else ""
    return WheelExpectation(
        target=target,
        python=(int(major), int(minor)),
        abi_flags=flags,
        extension_suffix=f".cpython-{major}{minor}{flags}-{triplet}.so",
        stable_abi_suffix=".abi3t.so" if "t" in flags else ".abi3.so",
    )


def _target_of(tags: list[Tag]) -> Target | None:
    platforms = sorted({tag.platform for tag in tags})
    if set(platforms) <= {"any"}:
        return None
    machines = {parsed.machine for name in platforms if (parsed := parse_platform(name))}
    for name in target_names():
        if get_target(name).wheel_machine in machines:
            return get_target(name)
    raise UsageError(
        f"the platform tags are those of no known target: {', '.join(platforms)}",
        hint=f"known targets: {', '.join(target_names())}",
    )


def _python_of(tags: list[Tag]) -> str:
    """``cp313t`` -> ``3.13t``; ``cp39-abi3`` -> ``3.9``; ``py3`` -> ``3.0``, which takes the same tags."""
    for tag in sorted(tags, key=str, reverse=True):
        match = re.fullmatch(r"cp(\d)(\d{1,2})", tag.interpreter)
        if match:
            flags = tag.abi.removeprefix(tag.interpreter) if tag.abi.startswith(tag.interpreter) else ""
            return f"{match[1]}.{match[2]}{'t' if tag.abi == 'abi3t' else flags}"
    match = re.fullmatch(r"py3(\d{1,2})", max((tag.interpreter for tag in tags), default=""))
    return f"3.{match[1]}" if match else "3.0"
