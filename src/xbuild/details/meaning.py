"""What the text of PEP 739 demands of a document beyond its schema, and whether the document contradicts itself.

Needs nothing but the document, which may be malformed: the schema's findings are others'.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from xbuild.details.findings import Problem
from xbuild.details.headers import hexversion
from xbuild.details.json_text import lookup
from xbuild.details.model import PATH_KEYS, RELEASE_LEVELS, VersionInfo
from xbuild.details.suffixes import of_platform, split_suffix, stable_suffix
from xbuild.details.wording import pointer
from xbuild.errors import TargetError
from xbuild.targets import Target, get_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_LANGUAGE_VERSION = re.compile(r"\d{1,3}\.\d{1,3}", re.ASCII)
_IMPLEMENTATION_KEYS = frozenset({"name", "version", "hexversion", "cache_tag", "supports_isolated_interpreters"})
"""PEP 421's attributes, and the one CPython 3.14 added to every implementation's (python/cpython#126206)."""
_KERNEL_NAMES = {"armv8l": "armv7l"}
"""What a kernel calls its machine for a program of another word size, and what wheels call the program's."""
_CACHE_TAG = ("implementation", "cache_tag")
_MOST = 2**31
_OTHER = "expected {expected}, found {found}"


def meaning(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield every problem of the document's meaning."""
    rules: tuple[Callable[[Mapping[str, Any]], Iterator[Problem]], ...] = (
        _platform,
        _machines,
        _versions,
        _implementation,
        _abi,
        _suffixes,
        _stable_suffix,
        _libpython,
        _empty_paths,
    )
    for rule in rules:
        yield from rule(document)


def target_of(document: Mapping[str, Any]) -> Target | None:
    """Return the known target that most of a document's machine names mean, None if there is none."""
    known = Counter(target.name for target in machine_claims(document).values() if isinstance(target, Target))
    return get_target(known.most_common(1)[0][0]) if known else None


def known_target(name: str) -> Target | None:
    """Return the target of a name or triplet, None if there is none."""
    try:
        return get_target(name)
    except TargetError:
        return None


def _platform(document: Mapping[str, Any]) -> Iterator[Problem]:
    platform = document.get("platform")
    if platform == "":
        target = target_of(document)
        template, expected = "empty; expected {expected:plain}", 'the platform, such as "linux-riscv64"'
        if target is not None:
            template, expected = "empty; expected {expected}", target.platform
        yield Problem.make("XBD130", template, pointer="/platform", expected=expected, found=platform)
    elif isinstance(platform, str):
        proper = _proper_platform(platform)
        if proper is not None and proper != platform:
            template = "{found} is {expected} in wheel tags"
            yield Problem.make("XBD139", template, pointer="/platform", expected=proper, found=platform)


def _proper_platform(platform: str) -> str | None:
    """Return the platform by the machine's name in wheels, None if the machine is none that is known."""
    system, dash, machine = platform.partition("-")
    if system != "linux" or not dash or machine in _KERNEL_NAMES:
        return f"linux-{_KERNEL_NAMES[machine]}" if machine in _KERNEL_NAMES else None
    target = known_target(machine)
    return target.platform if target else None


def machine_claims(document: Mapping[str, Any]) -> dict[str, Target | str]:
    """Return what each key says of the machine, by its pointer: a known target, else the triplet as it is written."""
    claims: dict[str, Target | str] = {}
    platform = document.get("platform")
    if isinstance(platform, str) and (proper := _proper_platform(platform)) is not None:
        target = known_target(proper.removeprefix("linux-"))
        claims |= {"/platform": target} if target else {}
    triplet = lookup(document, ("implementation", "_multiarch"))
    if isinstance(triplet, str) and triplet:
        claims["/implementation/_multiarch"] = known_target(triplet) or triplet
    suffix = lookup(document, ("abi", "extension_suffix"))
    if isinstance(suffix, str) and (split := split_suffix(suffix)) is not None:
        claims["/abi/extension_suffix"] = known_target(split[2]) or split[2]
    return claims


def _machines(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the minority of the keys that name the machine; of two that differ, the one that is not the suffix."""
    claims = machine_claims(document)
    groups = [{where for where in claims if _agree(claims, where, with_=each)} for each in claims]
    # A tie goes to the suffix: it is what the modules of the installation are called.
    majority = max(groups, key=lambda group: (len(group), "/abi/extension_suffix" in group), default=set())
    for where in claims:
        if where not in majority:
            agreeing = next(each for each in reversed(claims) if each in majority)
            claim = claims[agreeing]
            yield Problem.make(
                "XBD138",
                "expected {expected}, found {found}: {agreeing:plain} is of {majority:plain}",
                pointer=where,
                expected=_named(where, claim, document),
                found=lookup(document, tuple(where.split("/")[1:])),
                agreeing=agreeing,
                majority=claim if isinstance(claim, str) else claim.name,
            )


def _agree(claims: Mapping[str, Target | str], where: str, *, with_: str) -> bool:
    """Whether the key at ``where`` may stand beside the triplet ``with_``; the platform has no C library's name."""
    one, other = (claim if isinstance(claim, str) else claim.triplet for claim in (claims[where], claims[with_]))
    if where == "/platform" != with_:
        return one.partition("-")[0] == other.partition("-")[0]
    return one == other


def _named(where: str, machine: Target | str, document: Mapping[str, Any]) -> str:
    """Return what the key at ``where`` would say if it were of ``machine``, a target or a triplet."""
    triplet = machine if isinstance(machine, str) else machine.triplet
    if where == "/platform":
        cpu = triplet.partition("-")[0]
        target = known_target(cpu)
        return target.platform if target else f"linux-{cpu}"
    if where == "/implementation/_multiarch":
        return triplet
    suffix = str(lookup(document, ("abi", "extension_suffix")))
    return of_platform(suffix, triplet)


def _versions(document: Mapping[str, Any]) -> Iterator[Problem]:
    language = lookup(document, ("language", "version"))
    info = lookup(document, ("language", "version_info"))
    where = "/language/version"
    if not isinstance(language, str):
        return
    if not _LANGUAGE_VERSION.fullmatch(language):
        expected = 'major and minor, such as "3.14"'
        template = "expected {expected:plain}, found {found}"
        yield Problem.make("XBD134", template, pointer=where, expected=expected, found=language)
        return
    if (version := _version_info(info)) is not None and version.short != language:
        template = "expected {expected} after language.version_info, found {found}"
        yield Problem.make("XBD134", template, pointer=where, expected=version.short, found=language)
    if lookup(document, ("implementation", "name")) != "cpython":
        return
    version, where = _version_info(lookup(document, ("implementation", "version"))), "/implementation/version"
    if version is not None and version.short != language:
        template = "expected {expected} after language.version, found {found}"
        yield Problem.make("XBD134", template, pointer=where, expected=language, found=version.short)
    tag, expected = lookup(document, _CACHE_TAG), f"cpython-{language.replace('.', '')}"
    if isinstance(tag, str) and tag != expected:
        yield Problem.make("XBD134", _OTHER, pointer="/implementation/cache_tag", expected=expected, found=tag)
    yield from _suffix_version(document, language.replace(".", ""))


def _suffix_version(document: Mapping[str, Any], nodot: str) -> Iterator[Problem]:
    suffix, where = lookup(document, ("abi", "extension_suffix")), "/abi/extension_suffix"
    if suffix is None:
        suffix, where = next(iter(_extensions(document)), None), "/suffixes/extensions/0"
    split = split_suffix(suffix) if isinstance(suffix, str) else None
    # Where the cache tag agrees with the suffix, it is the language's version that is wrong.
    if split is not None and split[0] != nodot and lookup(document, _CACHE_TAG) != f"cpython-{split[0]}":
        template = "expected {expected} after language.version, found {found}"
        expected = f".cpython-{nodot}{split[1]}-{split[2]}.so"
        yield Problem.make("XBD134", template, pointer=where, expected=expected, found=suffix)


def _implementation(document: Mapping[str, Any]) -> Iterator[Problem]:
    implementation = document.get("implementation")
    if not isinstance(implementation, dict):
        return
    name = implementation.get("name")
    if isinstance(name, str) and name != name.lower():
        yield Problem.make("XBD135", _OTHER, pointer="/implementation/name", expected=name.lower(), found=name)
    for key in implementation:
        if key not in _IMPLEMENTATION_KEYS and not key.startswith("_"):
            where = pointer("implementation", key)
            yield Problem.make("XBD136", _OTHER, pointer=where, expected=f"_{key}", found=key)
    version, number = _version_info(implementation.get("version")), implementation.get("hexversion")
    if version is not None and isinstance(number, int) and number != hexversion(version):
        expected = hexversion(version)
        template = f"expected {{expected}} ({expected:#x}) for implementation.version, found {{found}}"
        where = "/implementation/hexversion"
        yield Problem.make("XBD134", template, pointer=where, expected=expected, found=number)


def _abi(document: Mapping[str, Any]) -> Iterator[Problem]:
    extensions = _extensions(document)
    has_extensions = bool(extensions) or "c_api" in document
    suffix = lookup(document, ("abi", "extension_suffix"))
    if suffix is None and has_extensions:
        expected = "the suffix of extension modules"
        template = "missing; expected {expected:plain}"
        yield Problem.make("XBD121", template, pointer="/abi/extension_suffix", expected=expected)
    stable = [entry for entry in extensions if entry.startswith(".abi")]
    if stable and lookup(document, ("abi", "stable_abi_suffix")) is None:
        template = "missing; expected {expected}, which suffixes.extensions has"
        yield Problem.make("XBD122", template, pointer="/abi/stable_abi_suffix", expected=stable[0])
    flags = lookup(document, ("abi", "flags"))
    if not isinstance(flags, list) or not all(isinstance(flag, str) for flag in flags):
        return
    named = suffix if isinstance(suffix, str) else next(iter(extensions), "")
    if (split := split_suffix(named)) is not None and split[1] != "".join(flags):
        template = "expected {expected} after {named}, found {found}"
        yield Problem.make("XBD131", template, pointer="/abi/flags", expected=list(split[1]), found=flags, named=named)


def _suffixes(document: Mapping[str, Any]) -> Iterator[Problem]:
    if "suffixes" not in document:
        template = "missing; expected {expected:plain}"
        yield Problem.make("XBD123", template, pointer="/suffixes", expected="an object of lists")
        return
    extensions, first = _extensions(document), "/suffixes/extensions/0"
    if not extensions:
        return
    suffix = lookup(document, ("abi", "extension_suffix"))
    if isinstance(suffix, str) and suffix != extensions[0]:
        template = "expected abi.extension_suffix, {expected}, found {found}"
        yield Problem.make("XBD137", template, pointer=first, expected=suffix, found=extensions[0])
    triplet = lookup(document, ("implementation", "_multiarch"))
    if suffix is None and isinstance(triplet, str) and (split := split_suffix(extensions[0])) and split[2] != triplet:
        template = "expected {expected} after implementation._multiarch, found {found}"
        expected = of_platform(extensions[0], triplet)
        yield Problem.make("XBD137", template, pointer=first, expected=expected, found=extensions[0])


def _stable_suffix(document: Mapping[str, Any]) -> Iterator[Problem]:
    suffix, stable = (lookup(document, ("abi", f"{kind}_suffix")) for kind in ("extension", "stable_abi"))
    if not isinstance(stable, str):
        return
    is_cpython = lookup(document, ("implementation", "name")) == "cpython"
    extensions, template = _extensions(document), ""
    if stable == suffix or (is_cpython and not stable.startswith(".abi")):
        template = "expected the stable ABI's suffix, found {found}"
    elif extensions and stable not in extensions:
        template = "expected one of suffixes.extensions, found {found}"
    if template:
        expected = stable_suffix(extensions) or "a suffix of its own, such as .abi3.so"
        yield Problem.make("XBD137", template, pointer="/abi/stable_abi_suffix", expected=expected, found=stable)


def _libpython(document: Mapping[str, Any]) -> Iterator[Problem]:
    libpython = document.get("libpython")
    if not isinstance(libpython, dict) or "dynamic" in libpython:
        if isinstance(libpython, dict) and "link_extensions" not in libpython:
            template = "missing, but there is libpython.dynamic; expected {expected:plain}"
            where = "/libpython/link_extensions"
            yield Problem.make("XBD127", template, pointer=where, expected="true or false")
        return
    if "dynamic_stableabi" in libpython:
        template, found = "found {found}, but there is no libpython.dynamic", libpython["dynamic_stableabi"]
        yield Problem.make("XBD132", template, pointer="/libpython/dynamic_stableabi", found=found)
    if libpython.get("link_extensions") is True:
        template = "expected {expected}, found {found}: there is no libpython.dynamic to link to"
        yield Problem.make("XBD133", template, pointer="/libpython/link_extensions", expected=False, found=True)


def _empty_paths(document: Mapping[str, Any]) -> Iterator[Problem]:
    for keys in (("base_prefix",), *PATH_KEYS):
        if lookup(document, keys) == "":
            template = "expected {expected:plain}, found {found:kind}"
            yield Problem.make("XBD111", template, pointer=pointer(*keys), expected="a path", found="")


def _extensions(document: Mapping[str, Any]) -> list[str]:
    found = lookup(document, ("suffixes", "extensions"))
    return [entry for entry in found if isinstance(entry, str)] if isinstance(found, list) else []


def _version_info(info: Any) -> VersionInfo | None:
    if not isinstance(info, dict):
        return None
    found = [info.get(name) for name in ("major", "minor", "micro", "serial")]
    numbers = [number for number in found if type(number) is int and 0 <= number < _MOST]  # true is none
    if len(numbers) < len(found):
        return None
    level = info.get("releaselevel")
    if not isinstance(level, str) or level not in RELEASE_LEVELS:
        return None
    major, minor, micro, serial = numbers
    return VersionInfo(major=major, minor=minor, micro=micro, releaselevel=level, serial=serial)
