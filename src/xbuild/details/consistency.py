"""Whether a document agrees with the installation beside it."""

from __future__ import annotations

import posixpath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from xbuild.details.completion import apply, prefix_changes, relocate
from xbuild.details.facts import right_prefix
from xbuild.details.findings import Problem
from xbuild.details.headers import abi_flags
from xbuild.details.json_text import lookup
from xbuild.details.meaning import target_of
from xbuild.details.model import PATH_KEYS
from xbuild.details.wording import pointer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from xbuild.details.evidence import Evidence
    from xbuild.details.facts import Fact
    from xbuild.details.model import Keys

_MISSING: Mapping[Keys, str] = MappingProxyType(
    {
        ("base_interpreter",): "XBD120",
        ("abi", "extension_suffix"): "XBD121",
        ("abi", "stable_abi_suffix"): "XBD122",
        ("suffixes", "source"): "XBD123",
        ("suffixes", "bytecode"): "XBD123",
        ("suffixes", "extensions"): "XBD123",
        ("libpython", "dynamic"): "XBD124",
        ("libpython", "dynamic_stableabi"): "XBD125",
        ("libpython", "static"): "XBD126",
        ("libpython", "link_extensions"): "XBD127",
        ("c_api", "headers"): "XBD128",
        ("c_api", "pkgconfig_path"): "XBD129",
        ("implementation", "_multiarch"): "XBD159",
        ("implementation", "supports_isolated_interpreters"): "XBD159",
    }
)
_DIFFERENT: Mapping[Keys, str] = MappingProxyType(
    {
        ("platform",): "XBD139",
        ("language", "version"): "XBD150",
        ("language", "version_info"): "XBD150",
        ("implementation", "version"): "XBD150",
        ("implementation", "hexversion"): "XBD150",
        ("implementation", "cache_tag"): "XBD150",
        ("implementation", "_multiarch"): "XBD151",
        ("abi", "flags"): "XBD152",
        ("abi", "extension_suffix"): "XBD153",
        ("abi", "stable_abi_suffix"): "XBD153",
        ("suffixes", "extensions"): "XBD153",
        ("libpython", "link_extensions"): "XBD157",
    }
)
"""Any other key is a path: XBD154."""
_KINDS: Mapping[Keys, str] = MappingProxyType(
    {
        ("base_interpreter",): "program",
        ("libpython", "dynamic"): "shared library",
        ("libpython", "dynamic_stableabi"): "shared library",
        ("libpython", "static"): "static library",
        ("c_api", "headers"): "Python.h",
        ("c_api", "pkgconfig_path"): "python*.pc",
    }
)
"""What each path leads to."""
_REQUIRED = "XBD110"


def disagreements(document: Mapping[str, Any], facts: Sequence[Fact]) -> Iterator[Problem]:
    """Yield a problem for each change that the evidence asks of the document."""
    for fact in facts:
        current = lookup(document, fact.keys)
        if fact.remove or (fact.keys == ("base_prefix",) and isinstance(current, str)):
            continue  # the schema's finding already, or that of the surroundings, which says more
        if current is None:
            code, template = _MISSING.get(fact.keys, _REQUIRED), "missing; expected {expected}"
        else:
            code, template = _DIFFERENT.get(fact.keys, "XBD154"), "expected {expected}, found {found}"
            if fact.keys == ("base_interpreter",) and str(fact.value).removeprefix(str(current)).isalpha():
                code = "XBD156"
            if code == "XBD154":
                template += ", where there is no {kind:plain}"
        where, kind = pointer(*fact.keys), _KINDS.get(fact.keys)
        yield Problem.make(code, template, pointer=where, expected=fact.value, found=current, kind=kind)


def surroundings(document: Mapping[str, Any], evidence: Evidence) -> Iterator[Problem]:
    """Yield what is wrong with the tree as the document has it: its prefix, its paths, and files of other builds."""
    if evidence.has_tree:
        yield from _prefix(document, evidence)
        yield from _paths(document, evidence)
    target = evidence.target or target_of(document)
    if evidence.elf is not None and evidence.binary is not None and target and not evidence.elf.matches(target.elf):
        yield Problem.make(
            "XBD161",
            "{file:plain}: expected {expected:plain}, found {found:plain}",
            pointer="/libpython",
            expected=f"a file of {target.name}",
            found=str(evidence.elf),
            file=evidence.binary.value,
        )
    yield from _pyconfig(evidence, bits=target.elf.elf_class if target else None)


def _prefix(document: Mapping[str, Any], evidence: Evidence) -> Iterator[Problem]:
    named, right = document.get("base_prefix"), right_prefix(evidence, document)
    if not isinstance(named, str) or right is None:
        return  # the schema's finding
    if posixpath.isabs(right.value):
        template, why = "expected {expected} after {why:plain}, found {found}", right.origin
    else:
        template = "expected {expected}, found {found}, which leads to {why:plain}"
        why = posixpath.normpath(posixpath.join(posixpath.abspath(evidence.folder), named))
    yield Problem.make("XBD158", template, pointer="/base_prefix", expected=right.value, found=named, why=why)


def _paths(document: Mapping[str, Any], evidence: Evidence) -> Iterator[Problem]:
    relative = relocate(apply(document, prefix_changes(document, evidence)), evidence)
    for keys in PATH_KEYS:
        path, where = lookup(relative, keys), pointer(*keys)
        if isinstance(path, str) and evidence.lacks(keys, path):
            template, named = "there is no {kind:plain} at {found} in this tree", lookup(document, keys)
            yield Problem.make("XBD155", template, pointer=where, found=named, kind=_KINDS[keys])


def _pyconfig(evidence: Evidence, *, bits: int | None) -> Iterator[Problem]:
    if evidence.pyconfig is None:
        return
    if evidence.flags is not None and (found := abi_flags(evidence.pyconfig)) != evidence.flags:
        yield Problem.make(
            "XBD162",
            "{file:plain}: expected a build with the flags {expected} after {origin:plain}, found one with {found}",
            pointer="/c_api/headers",
            expected=list(evidence.flags),
            found=list(found),
            file=evidence.pyconfig_name,
            origin=evidence.flags_origin,
        )
    size = evidence.pyconfig.get("SIZEOF_VOID_P")
    if bits is not None and size is not None and size != str(bits // 8):
        yield Problem.make(
            "XBD162",
            "{file:plain}: expected SIZEOF_VOID_P {expected:plain}, found {found:plain}",
            pointer="/c_api/headers",
            expected=str(bits // 8),
            found=size,
            file=evidence.pyconfig_name,
        )
    if evidence.pyconfig_apart and evidence.headers is not None:
        yield Problem.make(
            "XBD163",
            "{expected:plain} only includes the real one, {found:plain}",
            pointer="/c_api/headers",
            expected=f"{evidence.headers.value}/pyconfig.h",
            found=evidence.pyconfig_name,
        )
