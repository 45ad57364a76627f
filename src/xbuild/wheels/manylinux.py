"""The manylinux tag a wheel has earned, by auditwheel's policies and what its ELF files need.

auditwheel's own analysis looks libraries up on the build machine. Here a library is in the wheel, promised by a policy,
or missing, so the answer is the same on every machine.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from xbuild.errors import UsageError, VerificationError
from xbuild.wheels.tags import LEGACY_MANYLINUX, parse_platform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from auditwheel.policy import Policy

    from xbuild.targets import Target, Version
    from xbuild.wheels.elf import ElfFile

_GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformNeed:
    """What a wheel's ELF files need of the system.

    ``glibc`` is the newest symbol version of the C library, None if there is none.
    ``manylinux`` is the oldest policy they keep, no older than the target's first; None where they keep none, and
    ``reasons`` says why. ``external`` are the libraries no policy promises, with the files that need them.
    """

    glibc: Version | None
    manylinux: Version | None
    aliases: tuple[str, ...] = ()
    external: Mapping[str, tuple[str, ...]]
    reasons: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the need as JSON values."""
        return {
            "glibc": _dotted(self.glibc),
            "manylinux": _dotted(self.manylinux),
            "external": {library: list(members) for library, members in self.external.items()},
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformChoice:
    """The platform tags to give a wheel, sorted; ``explanation`` says why they are not better ones."""

    tags: tuple[str, ...]
    explanation: str | None = None


def platform_need(elf_files: Mapping[str, ElfFile], *, target: Target) -> PlatformNeed:
    """Return what ``elf_files`` (the wheel's, by member name) need."""
    policies = _policies(target.wheel_machine)
    problems: tuple[_Problem, ...] = ()
    for policy in policies:
        problems = tuple(_problems(elf_files, policy, target))
        if not problems:
            break
    kept = bool(policies) and not problems
    version = _version_of(policy) if kept else None
    oldest = max(version, target.manylinux_floor) if version else None
    return PlatformNeed(
        glibc=_newest_glibc(elf_files.values()),
        manylinux=oldest,
        aliases=policy.aliases if kept and oldest == version else (),
        external=_external(problems),
        reasons=tuple(need.text for need in _unmet(problems))
        if policies
        else (f"there is no manylinux policy for {target.wheel_machine}",),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Unmet:
    """Something ELF files need that a manylinux tag does not promise; ``library`` is set if it is a whole library."""

    text: str
    library: str | None = None


def unmet_needs(elf_files: Mapping[str, ElfFile], *, target: Target, manylinux: Version) -> tuple[Unmet, ...]:
    """Return why ``elf_files`` do not keep the promise of ``manylinux_X_Y``; empty if they do."""
    policies = [policy for policy in _policies(target.wheel_machine) if _version_of(policy) <= manylinux]
    if not policies:
        return (Unmet(text=f"there is no manylinux policy that old for {target.wheel_machine}"),)
    return _unmet(_problems(elf_files, policies[-1], target))


def platform_tag(elf_files: Mapping[str, ElfFile], *, target: Target, requested: str) -> PlatformChoice:
    """Choose the platform tags for a wheel with ``elf_files``.

    ``requested`` is ``auto`` (the honest manylinux tag, or ``linux`` with an explanation), ``linux``, or a tag such as
    ``manylinux_2_28`` (also ``manylinux2014``, and with the target's machine at its end).

    A wheel for glibc 2.17 gets ``manylinux2014_<machine>`` beside ``manylinux_2_17_<machine>``, as from auditwheel:
    pip before 20.3, which CPython 3.8 and 3.9.0 bring with them, knows only the former. Newer ones have no older name.

    Raises :class:`UsageError` for a tag that does not exist for the target and :class:`VerificationError` if the wheel
    needs more than the tag promises.
    """
    if requested == "linux" or not elf_files:
        return PlatformChoice(tags=(target.linux_tag,) if elf_files else ())
    if requested == "auto":
        need = platform_need(elf_files, target=target)
        if need.manylinux is None:
            return PlatformChoice(tags=(target.linux_tag,), explanation=f"no manylinux tag: {'; '.join(need.reasons)}")
        return PlatformChoice(tags=_tags(need.manylinux, target, need.aliases))
    asked = _requested_version(requested, target)
    if unmet := unmet_needs(elf_files, target=target, manylinux=asked):
        raise VerificationError(
            f"the wheel cannot be tagged {requested}: {'; '.join(need.text for need in unmet)}",
            hint="use --platform-tag auto for the tag it has earned; an older sysroot or --toolchain zig lowers it",
        )
    return PlatformChoice(tags=_tags(asked, target, _legacy_names(asked, target)))


def platforms_of(machine: str, *, glibc: Version | None) -> tuple[str, ...]:
    """Return the platform tags that an installer takes on a machine with this C library, the best first."""
    newest = glibc or (2, 0)
    names = []
    for minor in range(newest[1], 4, -1):
        names.append(f"manylinux_{newest[0]}_{minor}_{machine}")
        names += [f"{name}_{machine}" for name, version in LEGACY_MANYLINUX.items() if version == (newest[0], minor)]
    return (*names, f"linux_{machine}")


def provided_libraries(elf_files: Mapping[str, ElfFile]) -> frozenset[str]:
    """Return the names under which the wheel's own files can be needed."""
    names = {posixpath.basename(name) for name in elf_files}
    return frozenset(names | {elf.soname for elf in elf_files.values() if elf.soname})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Problem:
    what: str
    member: str
    library: str | None = None


def _problems(elf_files: Mapping[str, ElfFile], policy: Policy, target: Target) -> Iterator[_Problem]:
    """Yield each reason for which ``elf_files`` do not keep ``policy``."""
    inside = provided_libraries(elf_files)
    promised = policy.whitelist | inside | {posixpath.basename(target.loader)}
    for member, elf in sorted(elf_files.items()):
        for library in elf.needed:
            if library not in promised:
                what = f"{library} is not part of every such system"
                yield _Problem(what=what, member=member, library=library)
            elif misused := _misused_symbols(elf, library, policy):
                yield _Problem(what=f"not every {library} has {', '.join(misused)}", member=member)
        for library, versions in sorted(elf.version_needs.items()):
            beyond = sorted(version for version in versions if not _allows(policy, version))
            if beyond and library not in inside:
                yield _Problem(what=f"{library} is too old there to have {', '.join(beyond)}", member=member)


def _unmet(problems: Iterable[_Problem]) -> tuple[Unmet, ...]:
    """Say each thing once, with the files it concerns."""
    members: dict[tuple[str, str | None], list[str]] = {}
    for problem in problems:
        members.setdefault((problem.what, problem.library), []).append(problem.member)
    return tuple(
        Unmet(text=f"{what}: needed by {_some(names)}", library=library) for (what, library), names in members.items()
    )


def _some(names: list[str]) -> str:
    shown = names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _allows(policy: Policy, version: str) -> bool:
    """Whether ``policy`` promises a symbol version; names it does not know (a project's own library) are no concern."""
    family, _, number = version.partition("_")
    allowed = policy.symbol_versions.get(family)
    return allowed is None or number in allowed


def _misused_symbols(elf: ElfFile, library: str, policy: Policy) -> list[str]:
    """Return what ``elf`` takes from a promised library that only some builds of that library export."""
    listed = policy.blacklist.get(library, frozenset())
    return sorted(listed & ((elf.undefined or frozenset()) | {"*"}))


@cache
def _policies(machine: str) -> tuple[Policy, ...]:
    """Return auditwheel's manylinux policies for a wheel machine, the one with the oldest glibc first."""
    from auditwheel.architecture import Architecture
    from auditwheel.libc import Libc
    from auditwheel.policy import WheelPolicies

    try:
        architecture = Architecture(machine)
    except ValueError:
        return ()
    policies = [policy for policy in WheelPolicies(libc=Libc.GLIBC, arch=architecture) if policy.priority > 0]
    return tuple(sorted(policies, key=_version_of))


def _version_of(policy: Policy) -> Version:
    parsed = parse_platform(policy.name)
    assert parsed is not None  # noqa: S101, auditwheel's names are platform tags
    assert parsed.version is not None  # noqa: S101, and the one without a version has priority 0
    return parsed.version


def _requested_version(requested: str, target: Target) -> Version:
    machine = target.wheel_machine
    parsed = parse_platform(requested if requested.endswith(f"_{machine}") else f"{requested}_{machine}")
    if parsed is None or (parsed.kind, parsed.machine) != ("manylinux", machine) or parsed.version is None:
        raise UsageError(
            f"{requested!r} is not a platform tag for {target.name}",
            hint="use auto, linux, or manylinux_X_Y such as manylinux_2_28",
        )
    if parsed.version < target.manylinux_floor:
        raise UsageError(
            f"there is no {requested} for {target.name}: its first is {_tags(target.manylinux_floor, target)[0]}",
            hint="use --platform-tag auto for the oldest tag that the wheel has earned",
        )
    return parsed.version


def _tags(version: Version, target: Target, aliases: Iterable[str] = ()) -> tuple[str, ...]:
    return tuple(sorted({f"manylinux_{version[0]}_{version[1]}_{target.wheel_machine}", *aliases}))


def _legacy_names(version: Version, target: Target) -> tuple[str, ...]:
    return tuple(f"{name}_{target.wheel_machine}" for name, glibc in LEGACY_MANYLINUX.items() if glibc == version)


def _newest_glibc(files: Iterable[ElfFile]) -> Version | None:
    versions = (version for elf in files for names in elf.version_needs.values() for version in names)
    matches = (_GLIBC.fullmatch(version) for version in versions)
    return max(((int(match[1]), int(match[2])) for match in matches if match), default=None)


def _external(problems: Iterable[_Problem]) -> dict[str, tuple[str, ...]]:
    members: dict[str, list[str]] = {}
    for problem in problems:
        if problem.library:
            members.setdefault(problem.library, []).append(problem.member)
    return {library: tuple(names) for library, names in sorted(members.items())}


def _dotted(version: Version | None) -> str | None:
    return f"{version[0]}.{version[1]}" if version else None
