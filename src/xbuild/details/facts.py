"""What a build-details file should say, derived from the evidence beside it: the one table that check, repair and
synthesise share, so that what one reports another mends.

A fact is yielded only where the document must change (all of them, for an empty document).
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from xbuild.details.evidence import Found
from xbuild.details.headers import hexversion
from xbuild.details.json_text import lookup
from xbuild.details.meaning import machine_claims
from xbuild.details.model import PATH_KEYS
from xbuild.details.suffixes import extension_suffixes, split_suffix, stable_suffix
from xbuild.details.wording import pointer
from xbuild.targets import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from xbuild.details.evidence import Evidence
    from xbuild.details.model import Keys

_OTHER_NAMES = MappingProxyType({"armv7l": "linux-armv6l"})
"""Platforms that share a target's triplet and are right too: Raspbian's Arm v6."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """What the document should have at ``keys``, and where that was read; with ``remove``, nothing should be there."""

    keys: Keys
    value: Any
    origin: str
    remove: bool = False

    @property
    def pointer(self) -> str:
        """The JSON pointer of ``keys``."""
        return pointer(*self.keys)


def derive(evidence: Evidence, document: Mapping[str, Any], *, everything: bool = False) -> tuple[Fact, ...]:
    """Return every change ``evidence`` asks of ``document``, in the order of the specification's keys.

    ``document`` need not be valid, but its paths must be relative to ``base_prefix`` (see :mod:`xbuild.details.paths`).
    ``everything`` includes what the specification lets a file leave out.
    """
    rules: tuple[Callable[[Evidence, Mapping[str, Any]], Iterator[Fact]], ...] = (
        _interpreter,
        _platform,
        _version,
        _implementation,
        _abi,
        _libpython,
        _c_api,
    )
    return tuple(
        fact
        for rule in rules
        for fact in rule(evidence, document)
        if lookup(document, fact.keys) != fact.value and (everything or not _may_stay_out(fact, evidence, document))
    )


def right_prefix(evidence: Evidence, document: Mapping[str, Any]) -> Found | None:
    """Return what ``base_prefix`` of ``document`` should be, in the style of its paths.

    None if it leads to the prefix, or if nothing tells. Without an origin it is only supposed.
    """
    named, installed = document.get("base_prefix"), evidence.installed_prefix
    paths = [named] if isinstance(named, str) and named else [lookup(document, keys) for keys in PATH_KEYS]
    real = posixpath.abspath(evidence.prefix)
    if any(isinstance(path, str) and posixpath.isabs(path) for path in paths):
        known = installed is None or (isinstance(named, str) and _same(named, installed.value, real))
        return None if known else installed
    folder = posixpath.abspath(evidence.folder)
    if not evidence.has_tree or (isinstance(named, str) and _same(posixpath.join(folder, named), real)):
        return None
    return Found(value=posixpath.relpath(real, folder), origin=evidence.prefix_origin)


def _same(path: str, *others: str) -> bool:
    return posixpath.normpath(path) in map(posixpath.normpath, others)


def _may_stay_out(fact: Fact, evidence: Evidence, document: Mapping[str, Any]) -> bool:
    """Whether the specification lets ``document`` do without a key that it has not."""
    if lookup(document, fact.keys) is not None:
        return False
    match fact.keys:
        case ("base_interpreter",):
            return evidence.lacks(fact.keys, fact.value)
        case ("libpython", "link_extensions"):
            return evidence.dynamic is None and lookup(document, ("libpython", "dynamic")) is None
        case ("language", "version_info"):
            return True
    return False


def _interpreter(evidence: Evidence, document: Mapping[str, Any]) -> Iterator[Fact]:
    keys, found = ("base_interpreter",), evidence.interpreter
    current = lookup(document, keys)
    if found is None:
        return
    flagless = posixpath.basename(found.value).rstrip("".join(evidence.flags or ()))
    # python/cpython#142256: 3.14.0's generator forgot the flags of a free-threaded build.
    forgot_flags = isinstance(current, str) and posixpath.basename(current) == flagless and bool(evidence.flags)
    if not isinstance(current, str) or forgot_flags or _only_ours_is_right(evidence, keys, current, found):
        yield Fact(keys=keys, value=found.value, origin=found.origin)


def _platform(evidence: Evidence, document: Mapping[str, Any]) -> Iterator[Fact]:
    target, origin = evidence.target, evidence.target_origin
    if target is None:
        # Alone, the file can be believed where _multiarch and the suffix agree.
        claims = {where: claim for where, claim in machine_claims(document).items() if where != "/platform"}
        names = {claim if isinstance(claim, str) else claim.name for claim in claims.values()}
        target = next((claim for claim in claims.values() if isinstance(claim, Target)), None)
        if len(claims) < 2 or len(names) > 1:
            return
        origin = "implementation._multiarch and abi.extension_suffix"
    if target is not None and document.get("platform") != _OTHER_NAMES.get(target.name, target.platform):
        yield Fact(keys=("platform",), value=target.platform, origin=origin)


def _version(evidence: Evidence, document: Mapping[str, Any]) -> Iterator[Fact]:
    if (version := evidence.version) is None:
        return
    origin = evidence.version_origin
    yield Fact(keys=("language", "version"), value=version.short, origin=origin)
    yield Fact(keys=("language", "version_info"), value=version.to_dict(), origin=origin)
    if _may_be_cpython(document):
        yield Fact(keys=("implementation", "version"), value=version.to_dict(), origin=origin)
        yield Fact(keys=("implementation", "hexversion"), value=hexversion(version), origin=origin)


def _implementation(evidence: Evidence, document: Mapping[str, Any]) -> Iterator[Fact]:
    if evidence.version is None or not _may_be_cpython(document):
        return
    soabi = evidence.text("SOABI")
    if (
        lookup(document, ("implementation", "name")) is None
        and soabi is not None
        and soabi.value.startswith("cpython-")
    ):
        yield Fact(keys=("implementation", "name"), value="cpython", origin=soabi.origin)
    nodot = evidence.version.short.replace(".", "")
    yield Fact(keys=("implementation", "cache_tag"), value=f"cpython-{nodot}", origin=evidence.version_origin)
    if (multiarch := evidence.text("MULTIARCH")) is not None:
        yield Fact(keys=("implementation", "_multiarch"), value=multiarch.value, origin=multiarch.origin)
    isolated = ("implementation", "supports_isolated_interpreters")
    if lookup(document, isolated) is None and (evidence.version.major, evidence.version.minor) >= (3, 14):
        # Only Emscripten and WASI do not support them (gh-131372 added the attribute in 3.14).
        yield Fact(keys=isolated, value=True, origin="CPython 3.14 and later, on Linux")


def _may_be_cpython(document: Mapping[str, Any]) -> bool:
    return lookup(document, ("implementation", "name")) in (None, "cpython")  # a name of any type


def _abi(evidence: Evidence, document: Mapping[str, Any]) -> Iterator[Fact]:
    suffix = _extension_suffix(evidence, document)
    flags, origin = evidence.flags, evidence.flags_origin
    if flags is None and suffix is not None and _is_of_this_build(suffix.value, document):
        # The suffix is written from sysconfig, the flags from the interpreter that ran the generator.
        split = split_suffix(suffix.value)
        flags, origin = tuple(split[1]) if split else None, suffix.origin
    if flags is not None:
        yield Fact(keys=("abi", "flags"), value=list(flags), origin=origin)
    if suffix is not None:
        yield Fact(keys=("abi", "extension_suffix"), value=suffix.value, origin=suffix.origin)
        yield from _suffixes(evidence, document, suffix=suffix, flags=flags or ())


def _extension_suffix(evidence: Evidence, document: Mapping[str, Any]) -> Found | None:
    """The variable; without variables what the document has, or what its machine, version and flags make of it."""
    if evidence.variables:
        return evidence.text("EXT_SUFFIX")
    current, extensions = lookup(document, ("abi", "extension_suffix")), lookup(document, ("suffixes", "extensions"))
    if isinstance(current, str):
        return Found(value=current, origin="abi.extension_suffix")
    first = extensions[0] if isinstance(extensions, list) and extensions else None
    if isinstance(first, str) and _is_of_this_build(first, document):
        return Found(value=first, origin="suffixes.extensions")
    if evidence.target is None or evidence.version is None or evidence.flags is None:
        return None
    tag = evidence.version.short.replace(".", "") + "".join(evidence.flags)
    origin = f"{evidence.target_origin}; {evidence.version_origin}; {evidence.flags_origin}"
    return Found(value=f".cpython-{tag}-{evidence.target.triplet}.so", origin=origin)


def _is_of_this_build(suffix: str, document: Mapping[str, Any]) -> bool:
    """Whether a suffix is of the document's version and ``_multiarch``: the build machine's is the classic defect."""
    split, version = split_suffix(suffix), lookup(document, ("language", "version"))
    return (
        split is not None
        and split[2] == lookup(document, ("implementation", "_multiarch"))
        and (not isinstance(version, str) or split[0] == version.replace(".", ""))
    )


def _suffixes(
    evidence: Evidence, document: Mapping[str, Any], *, suffix: Found, flags: tuple[str, ...]
) -> Iterator[Fact]:
    if split_suffix(suffix.value) is not None:
        for kind, value in (("source", [".py"]), ("bytecode", [".pyc"])):
            if lookup(document, ("suffixes", kind)) is None:
                origin = "CPython's importlib.machinery, of every version"
                yield Fact(keys=("suffixes", kind), value=value, origin=origin)
    current, origin = lookup(document, ("suffixes", "extensions")), suffix.origin
    if not _plausible(current, suffix=suffix.value, known=evidence.stable_suffixes):
        if evidence.version is not None:
            current = extension_suffixes(
                suffix.value,
                version=(evidence.version.major, evidence.version.minor),
                flags=flags,
                alternative=_alternative(evidence),
                found=evidence.stable_suffixes,
            )
        elif isinstance(current, list):
            entries = [entry for entry in current if isinstance(entry, str)]
            current = [suffix.value, *(each for each in entries if each != suffix.value and split_suffix(each) is None)]
        else:
            return
        if evidence.binary is not None and evidence.stable_suffixes is not None:
            origin = f"{origin}; the import table in {evidence.binary.value}"
        yield Fact(keys=("suffixes", "extensions"), value=current, origin=origin)
    elif evidence.version is None or suffix.origin == "suffixes.extensions":
        origin = "suffixes.extensions"
    stable = stable_suffix(current)
    named = lookup(document, ("abi", "stable_abi_suffix"))
    if stable is not None and (named not in current or stable_suffix([named]) is None):
        yield Fact(keys=("abi", "stable_abi_suffix"), value=stable, origin=origin)


def _alternative(evidence: Evidence) -> str:
    found = evidence.text("ALT_SOABI")
    return found.value.strip("\"'") if found else ""


def _plausible(current: Any, *, suffix: str, known: frozenset[str] | None) -> bool:
    """Whether a list of suffixes may stay: the right one first, no other interpreter's, and what the binary has."""
    if not isinstance(current, list) or not all(isinstance(entry, str) for entry in current) or current[:1] != [suffix]:
        return False
    if known is not None and {entry for entry in current if entry.startswith(".abi3")} != known:
        return False
    platform = split_suffix(suffix)
    others = [split for entry in current if (split := split_suffix(entry)) is not None]
    return platform is None or all(other[2] == platform[2] for other in others)


def _libpython(evidence: Evidence, document: Mapping[str, Any]) -> Iterator[Fact]:
    libraries = (("dynamic", evidence.dynamic), ("dynamic_stableabi", evidence.dynamic_stableabi))
    for name, found in (*libraries, ("static", evidence.static)):
        yield from _path(evidence, document, ("libpython", name), found)
    linking = evidence.variables.get("LIBPYTHON")
    if linking is not None:
        # Also without a dynamic library, where it says no more than the truth: Meson reads it unconditionally.
        origin = f"{evidence.variables_name}: LIBPYTHON"
        yield Fact(keys=("libpython", "link_extensions"), value=bool(linking), origin=origin)


def _c_api(evidence: Evidence, document: Mapping[str, Any]) -> Iterator[Fact]:
    for name, found in (("headers", evidence.headers), ("pkgconfig_path", evidence.pkgconfig)):
        yield from _path(evidence, document, ("c_api", name), found)


def _path(evidence: Evidence, document: Mapping[str, Any], keys: Keys, found: Found | None) -> Iterator[Fact]:
    current = lookup(document, keys)
    if found is not None and (not isinstance(current, str) or _only_ours_is_right(evidence, keys, current, found)):
        yield Fact(keys=keys, value=found.value, origin=found.origin)


def _only_ours_is_right(evidence: Evidence, keys: Keys, current: str, found: Found) -> bool:
    return evidence.lacks(keys, current) and not evidence.lacks(keys, found.value)
