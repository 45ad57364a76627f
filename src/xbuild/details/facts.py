"""What a build-details file should say, derived from the evidence beside it: the one table that check, repair and
synthesise share, so that what one reports another mends.

A fact is yielded only where the document must change (all of them, for an empty document).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xbuild.details.headers import hexversion
from xbuild.details.json_text import lookup, pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from xbuild.details.evidence import Evidence, Found
    from xbuild.details.model import VersionInfo

Keys = tuple[str, ...]

PATH_KEYS: tuple[Keys, ...] = (
    ("base_interpreter",),
    ("libpython", "dynamic"),
    ("libpython", "dynamic_stableabi"),
    ("libpython", "static"),
    ("c_api", "headers"),
    ("c_api", "pkgconfig_path"),
)
"""Every path that is relative to ``base_prefix``."""

_SOABI_SUFFIX = re.compile(r"\.cpython-(?P<tag>\d+[a-z]*)-(?P<platform>.+)\.so")
_PLATFORM_FIRST = (3, 15)
"""From here on the stable ABI's suffix with the platform precedes the plain one (gh-122931)."""


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


def _may_stay_out(fact: Fact, evidence: Evidence, document: Mapping[str, Any]) -> bool:
    """Whether the specification lets ``document`` do without a key that it has not."""
    if lookup(document, fact.keys) is not None:
        return False
    match fact.keys:
        case ("base_interpreter",):
            return not evidence.exists(fact.value)
        case ("libpython", "link_extensions"):
            return evidence.dynamic is None and lookup(document, ("libpython", "dynamic")) is None
        case ("language", "version_info"):
            return True
    return False


def split_suffix(suffix: str) -> tuple[str, str] | None:
    """``".cpython-314t-riscv64-linux-gnu.so"`` -> ``("314t", "riscv64-linux-gnu")``; None for another form."""
    match = _SOABI_SUFFIX.fullmatch(suffix)
    return (match["tag"], match["platform"]) if match else None


def extension_suffixes(
    extension_suffix: str,
    *,
    version: tuple[int, int],
    flags: tuple[str, ...],
    alternative: str,
    found: frozenset[str] | None,
) -> tuple[str, ...]:
    """Return ``importlib.machinery.EXTENSION_SUFFIXES``.

    ``alternative`` is the variable ALT_SOABI (a debug build also imports modules of a release build); ``found`` are
    the stable-ABI suffixes in the interpreter's binary, None if there is none to look into.
    """
    split = split_suffix(extension_suffix)
    plain = [".abi3.so"]
    tagged = [f".abi3-{split[1]}.so"] if split else []
    stable = [*plain, *tagged]
    if version >= _PLATFORM_FIRST:
        stable = [*tagged, *plain, *(suffix.replace(".abi3", ".abi3t") for suffix in (*tagged, *plain))]
    expected = found
    if expected is None:
        expected = frozenset(stable if version >= _PLATFORM_FIRST else plain)
        if "t" in flags:  # a free-threaded build imports no .abi3 modules
            expected = frozenset(suffix for suffix in expected if suffix.startswith(".abi3t"))
    middle = [suffix for suffix in stable if suffix in expected]
    return (extension_suffix, *([f".{alternative}.so"] if alternative else []), *middle, ".so")


def stable_suffix(suffixes: tuple[str, ...]) -> str | None:
    """Return the stable ABI's suffix as CPython's own generator chooses it: the first of the list that is one."""
    return next((suffix for suffix in suffixes if suffix.startswith(".abi")), None)


def _interpreter(evidence: Evidence, document: Mapping[str, Any]) -> Iterator[Fact]:
    keys, found = ("base_interpreter",), evidence.interpreter
    current = lookup(document, keys)
    if found is None:
        return
    flagless = posixpath.basename(found.value).rstrip("".join(evidence.flags or ()))
    # python/cpython#142256: 3.14.0's generator forgot the flags of a free-threaded build.
    forgot_flags = isinstance(current, str) and posixpath.basename(current) == flagless and bool(evidence.flags)
    if not isinstance(current, str) or forgot_flags or _only_ours_exists(evidence, current, found):
        yield Fact(keys=keys, value=found.value, origin=found.origin)


def _platform(evidence: Evidence, document: Mapping[str, Any]) -> Iterator[Fact]:  # noqa: ARG001 (one signature)
    if evidence.target is not None:
        yield Fact(keys=("platform",), value=evidence.target.platform, origin=evidence.target_origin)


def _version(evidence: Evidence, document: Mapping[str, Any]) -> Iterator[Fact]:
    if (version := evidence.version) is None:
        return
    origin = evidence.version_origin
    yield Fact(keys=("language", "version"), value=_short(version), origin=origin)
    yield Fact(keys=("language", "version_info"), value=version.to_dict(), origin=origin)
    if lookup(document, ("implementation", "name")) in {None, "cpython"}:
        yield Fact(keys=("implementation", "version"), value=version.to_dict(), origin=origin)
        yield Fact(keys=("implementation", "hexversion"), value=hexversion(version), origin=origin)


def _implementation(evidence: Evidence, document: Mapping[str, Any]) -> Iterator[Fact]:
    name, tag = (lookup(document, ("implementation", key)) for key in ("name", "cache_tag"))
    if name not in {None, "cpython"} or evidence.version is None:
        return
    soabi = evidence.text("SOABI")
    if name is None and soabi is not None and soabi.value.startswith("cpython-"):
        yield Fact(keys=("implementation", "name"), value="cpython", origin=soabi.origin)
    if tag is None:
        nodot = _short(evidence.version).replace(".", "")
        yield Fact(keys=("implementation", "cache_tag"), value=f"cpython-{nodot}", origin=evidence.version_origin)
    if (multiarch := evidence.text("MULTIARCH")) is not None:
        yield Fact(keys=("implementation", "_multiarch"), value=multiarch.value, origin=multiarch.origin)
    isolated = ("implementation", "supports_isolated_interpreters")
    if lookup(document, isolated) is None and (evidence.version.major, evidence.version.minor) >= (3, 14):
        # Only Emscripten and WASI do not support them (gh-131372 added the attribute in 3.14).
        yield Fact(keys=isolated, value=True, origin="CPython 3.14 and later, on Linux")


def _abi(evidence: Evidence, document: Mapping[str, Any]) -> Iterator[Fact]:
    flags = evidence.flags
    if flags is None:
        return
    yield Fact(keys=("abi", "flags"), value=list(flags), origin=evidence.flags_origin)
    suffix, origin = _extension_suffix(evidence)
    if suffix is None or evidence.version is None:
        return
    yield Fact(keys=("abi", "extension_suffix"), value=suffix, origin=origin)
    for kind, value in (("source", [".py"]), ("bytecode", [".pyc"])):
        if lookup(document, ("suffixes", kind)) is None:
            yield Fact(keys=("suffixes", kind), value=value, origin="CPython's importlib.machinery, of every version")
    alternative = evidence.text("ALT_SOABI")
    suffixes = extension_suffixes(
        suffix,
        version=(evidence.version.major, evidence.version.minor),
        flags=flags,
        alternative=alternative.value.strip("\"'") if alternative else "",
        found=evidence.stable_suffixes,
    )
    where = origin
    if evidence.binary is not None and evidence.stable_suffixes is not None:
        where = f"{origin}; {evidence.binary.value}: strings of its import table"
    current = lookup(document, ("suffixes", "extensions"))
    if not _plausible(current, suffix=suffix, known=evidence.stable_suffixes):
        yield Fact(keys=("suffixes", "extensions"), value=list(suffixes), origin=where)
        current = list(suffixes)
    stable = lookup(document, ("abi", "stable_abi_suffix"))
    if stable not in current:
        expected = stable_suffix(tuple(current))
        if expected is not None:
            yield Fact(keys=("abi", "stable_abi_suffix"), value=expected, origin=where)


def _extension_suffix(evidence: Evidence) -> tuple[str | None, str]:
    if (found := evidence.text("EXT_SUFFIX")) is not None:
        return found.value, found.origin
    if evidence.variables or evidence.target is None or evidence.version is None or evidence.flags is None:
        return None, ""
    tag = _short(evidence.version).replace(".", "") + "".join(evidence.flags)
    origin = f"{evidence.target_origin}; {evidence.version_origin}; {evidence.flags_origin}"
    return f".cpython-{tag}-{evidence.target.triplet}.so", origin


def _plausible(current: Any, *, suffix: str, known: frozenset[str] | None) -> bool:
    """Whether a list of suffixes may stay: the right one first, no other interpreter's, and what the binary has."""
    if not isinstance(current, list) or not current or current[0] != suffix:
        return False
    if known is not None and {entry for entry in current if str(entry).startswith(".abi3")} != known:
        return False
    platform = split_suffix(suffix)
    others = (split_suffix(entry) for entry in current if isinstance(entry, str))
    return platform is None or all(other is None or other[1] == platform[1] for other in others)


def _libpython(evidence: Evidence, document: Mapping[str, Any]) -> Iterator[Fact]:
    libraries = (("dynamic", evidence.dynamic), ("dynamic_stableabi", evidence.dynamic_stableabi))
    for name, found in (*libraries, ("static", evidence.static)):
        current = lookup(document, ("libpython", name))
        if found is not None and (not isinstance(current, str) or _only_ours_exists(evidence, current, found)):
            yield Fact(keys=("libpython", name), value=found.value, origin=found.origin)
    linking = evidence.variables.get("LIBPYTHON")
    if linking is not None:
        # Also without a dynamic library, where it says no more than the truth: Meson reads it unconditionally.
        origin = f"{evidence.variables_name}: LIBPYTHON"
        yield Fact(keys=("libpython", "link_extensions"), value=bool(linking), origin=origin)


def _c_api(evidence: Evidence, document: Mapping[str, Any]) -> Iterator[Fact]:
    for name, found in (("headers", evidence.headers), ("pkgconfig_path", evidence.pkgconfig)):
        current = lookup(document, ("c_api", name))
        if found is not None and (not isinstance(current, str) or _only_ours_exists(evidence, current, found)):
            yield Fact(keys=("c_api", name), value=found.value, origin=found.origin)


def _only_ours_exists(evidence: Evidence, current: str, found: Found) -> bool:
    return not evidence.exists(current) and evidence.exists(found.value)


def _short(version: VersionInfo) -> str:
    return f"{version.major}.{version.minor}"
