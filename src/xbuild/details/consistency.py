"""Whether a document agrees with the installation beside it."""

from __future__ import annotations

import posixpath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from xbuild.details.findings import Problem
from xbuild.details.headers import abi_flags
from xbuild.details.json_text import lookup, pointer, shorten
from xbuild.details.meaning import target_of
from xbuild.details.model import PATH_KEYS
from xbuild.details.paths import relocatable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

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
        ("implementation", "_multiarch"): "XBD151",
        ("abi", "flags"): "XBD152",
        ("abi", "extension_suffix"): "XBD153",
        ("abi", "stable_abi_suffix"): "XBD153",
        ("suffixes", "extensions"): "XBD153",
        ("libpython", "link_extensions"): "XBD157",
    }
)
"""Any other key is a path: XBD154."""
_REQUIRED = "XBD110"


def disagreements(document: Mapping[str, Any], facts: Sequence[Fact]) -> Iterator[Problem]:
    """Yield a problem for each change that the evidence asks of the document."""
    for fact in facts:
        current = lookup(document, fact.keys)
        if fact.remove:
            continue  # the schema's finding already
        expected = f"expected {shorten(fact.value)}"
        if current is None:
            code, message = _MISSING.get(fact.keys, _REQUIRED), f"missing; {expected}"
        else:
            code, message = _DIFFERENT.get(fact.keys, "XBD154"), f"{expected}, found {shorten(current)}"
            if fact.keys == ("base_interpreter",) and str(fact.value).startswith(str(current)):
                code = "XBD156"
            if code == "XBD154":
                message += ", which is not there"
        yield Problem(code=code, pointer=pointer(*fact.keys), message=message)


def surroundings(document: Mapping[str, Any], evidence: Evidence, *, file: Path) -> Iterator[Problem]:
    """Yield what is wrong with the tree as the document has it: its prefix, its paths, and files of other builds."""
    if evidence.has_tree:
        yield from _prefix(document, evidence, file=file)
        yield from _paths(document, evidence)
    target = evidence.target or target_of(document)
    if evidence.elf is not None and evidence.binary is not None and target and not evidence.elf.matches(target.elf):
        message = f"{evidence.binary.value} is of another machine than {target.name}: {evidence.elf}"
        yield Problem(code="XBD161", pointer="/libpython", message=message)
    yield from _pyconfig(evidence, bits=target.elf.elf_class if target else None)


def _prefix(document: Mapping[str, Any], evidence: Evidence, *, file: Path) -> Iterator[Problem]:
    named = document.get("base_prefix")
    if not isinstance(named, str):
        return
    real = evidence.prefix.absolute().as_posix()
    if posixpath.isabs(named):
        installed = evidence.text("prefix")
        if installed is None or posixpath.normpath(named) in {posixpath.normpath(installed.value), real}:
            return
        message = f"{shorten(named)}, but {installed.origin} has {shorten(installed.value)}"
    else:
        leads_to = posixpath.normpath(posixpath.join(file.absolute().parent.as_posix(), named))
        if leads_to == real:
            return
        message = f"{shorten(named)} leads to {leads_to}, but the prefix is {real}"
    yield Problem(code="XBD158", pointer="/base_prefix", message=message)


def _paths(document: Mapping[str, Any], evidence: Evidence) -> Iterator[Problem]:
    relative = relocatable(document, folder="/")
    for keys in PATH_KEYS:
        path = lookup(relative, keys)
        if isinstance(path, str) and not evidence.exists(path):
            message = f"{shorten(lookup(document, keys))} is not in this tree"
            yield Problem(code="XBD155", pointer=pointer(*keys), message=message)


def _pyconfig(evidence: Evidence, *, bits: int | None) -> Iterator[Problem]:
    if evidence.pyconfig is None:
        return
    if evidence.flags is not None and (found := abi_flags(evidence.pyconfig)) != evidence.flags:
        message = f"{evidence.pyconfig_name} is of a build with the flags {shorten(list(found))}, but "
        message += f"{evidence.flags_origin} has {shorten(list(evidence.flags))}"
        yield Problem(code="XBD162", pointer="/c_api/headers", message=message)
    size = evidence.pyconfig.get("SIZEOF_VOID_P")
    if bits is not None and size is not None and size != str(bits // 8):
        message = f"{evidence.pyconfig_name} has SIZEOF_VOID_P {size}, but the machine has {bits // 8}"
        yield Problem(code="XBD162", pointer="/c_api/headers", message=message)
    if evidence.pyconfig_apart:
        message = f"its pyconfig.h only includes the real one, {evidence.pyconfig_name}"
        yield Problem(code="XBD163", pointer="/c_api/headers", message=message)
