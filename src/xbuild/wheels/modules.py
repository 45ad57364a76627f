"""Extension modules: what their file names and entry points say, against the interpreter and the wheel's tag.

A wrong suffix is the classic silent failure of a cross build: the wheel installs, and the module is not found.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, assert_never

from xbuild.wheels.report import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xbuild.wheels.elf import ElfFile
    from xbuild.wheels.tags import WheelExpectation

_MODULE = re.compile(r"(?P<stem>[^.]+)(?P<suffix>(?:\.(?P<abi>abi3t?|(?:cpython|pypy|graalpy)[^.-]*)(?:-[^.]*)?)?\.so)")

NEW_STABLE_SUFFIXES_SINCE = (3, 15)
"""The CPython that first looks for ``.abi3-<triplet>.so`` and ``.abi3t.so`` (PEP 803)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModuleName:
    """The file name of a possible extension module.

    ``kind`` is ``versioned`` (``.cpython-313-….so``, or another implementation's), ``stable`` (``.abi3.so``,
    ``.abi3t.so``, ``.abi3-<triplet>.so``) or ``plain`` (``.so``, which may be any library).
    """

    stem: str
    suffix: str
    kind: Literal["versioned", "stable", "plain"]


def parse_module_name(member: str) -> ModuleName | None:
    """Parse a member's file name; None if no interpreter would take it for an extension module."""
    match = _MODULE.fullmatch(posixpath.basename(member))
    if match is None:
        return None
    abi = match["abi"]
    kind: Literal["versioned", "stable", "plain"] = "versioned"
    if abi is None:
        kind = "plain"
    elif abi.startswith("abi3"):
        kind = "stable"
    return ModuleName(stem=match["stem"], suffix=match["suffix"], kind=kind)


def entry_points(stem: str) -> frozenset[str]:
    """Return the symbols by which CPython may find the module ``stem`` (PEP 3121, PEP 489; PEP 793 since 3.15)."""
    if stem.isascii():
        return frozenset({f"PyInit_{stem}", f"PyModExport_{stem}"})
    encoded = stem.encode("punycode").replace(b"-", b"_").decode("ascii")
    return frozenset({f"PyInitU_{encoded}", f"PyModExportU_{encoded}"})


def is_module(member: str, elf: ElfFile) -> bool:
    """Whether a file is an extension module by its suffix, or by an entry point if its suffix is plain ``.so``."""
    name = parse_module_name(member)
    if name is None:
        return False
    return name.kind != "plain" or not entry_points(name.stem).isdisjoint(elf.init_functions or ())


def check_module(
    member: str, elf: ElfFile, *, expectation: WheelExpectation, tags: frozenset[tuple[str, str]]
) -> Iterator[Finding]:
    """Yield what is wrong with an extension module. ``tags`` are the wheel's pairs of interpreter and ABI."""
    name = parse_module_name(member)
    if name is None or not is_module(member, elf):
        return
    match name.kind:
        case "versioned":
            yield from _check_versioned(member, name, expectation, tags)
        case "stable":
            yield from _check_stable(member, name, expectation, tags)
        case "plain":
            if _abis(tags) == {"none"}:
                yield _broken_promise(member, "warning", "an extension module in a wheel that promises no Python ABI")
        case _:
            assert_never(name.kind)
    yield from _check_entry_point(member, name, elf)
    if elf.type != "ET_DYN" or not elf.dynamic:
        message = "it is not a shared object with a dynamic section, so no interpreter can load it"
        yield Finding(
            code="XBW144", severity="error", message=message, member=member, expected="ET_DYN", found=elf.type
        )


def _check_versioned(
    member: str, name: ModuleName, expectation: WheelExpectation, tags: frozenset[tuple[str, str]]
) -> Iterator[Finding]:
    if name.suffix != expectation.extension_suffix:
        yield _wrong_suffix(member, name, expectation.extension_suffix)
    if not _abis(tags) - {"abi3", "abi3t"}:
        yield _broken_promise(
            member, "error", "a module for one version only, in a wheel that promises the stable ABI of several"
        )
    elif _abis(tags) == {"none"}:
        yield _broken_promise(member, "error", "an extension module in a wheel that promises no Python ABI")


def _check_stable(
    member: str, name: ModuleName, expectation: WheelExpectation, tags: frozenset[tuple[str, str]]
) -> Iterator[Finding]:
    abi, _, triplet = name.suffix.removeprefix(".").removesuffix(".so").partition("-")
    if _abis(tags) == {"none"}:
        yield _broken_promise(member, "error", "an extension module in a wheel that promises no Python ABI")
    wanted = expectation.extension_suffix.removesuffix(".so").split("-", 2)[-1]
    if triplet and triplet != wanted:
        yield _wrong_suffix(member, name, f".{abi}-{wanted}.so")
    if triplet and _oldest_version(expectation, tags) < NEW_STABLE_SUFFIXES_SINCE:
        yield Finding(
            code="XBW142",
            severity="error",
            message="CPython before 3.15 does not look for this suffix, and the wheel is for such a version",
            member=member,
            expected=f".{abi}.so",
            found=name.suffix,
        )
    if abi == "abi3t" and expectation.python < NEW_STABLE_SUFFIXES_SINCE:
        yield _wrong_suffix(member, name, expectation.stable_abi_suffix or expectation.extension_suffix)
    elif abi == "abi3" and "t" in expectation.abi_flags:
        yield _wrong_suffix(member, name, expectation.extension_suffix)
    elif abi == "abi3" and "abi3t" in _abis(tags):
        yield _broken_promise(
            member, "error", "free-threaded interpreters do not load .abi3.so, and the tag names them"
        )


def _oldest_version(expectation: WheelExpectation, tags: frozenset[tuple[str, str]]) -> tuple[int, int]:
    """Return the oldest interpreter that a wheel's stable modules are for."""
    stable = [_version(interpreter) for interpreter, abi in tags if abi.startswith("abi3")]
    return min(stable, default=expectation.python)


def _check_entry_point(member: str, name: ModuleName, elf: ElfFile) -> Iterator[Finding]:
    if elf.init_functions is None or not entry_points(name.stem).isdisjoint(elf.init_functions):
        return
    expected = f"PyInit_{name.stem}"
    if elf.init_functions:
        message = "the module exports another module's entry point, so importing it fails"
        yield Finding(
            code="XBW143",
            severity="error",
            message=message,
            member=member,
            expected=expected,
            found=", ".join(elf.init_functions),
        )
    else:
        message = "named like an extension module but without an entry point: it can be loaded by ctypes, not imported"
        yield Finding(
            code="XBW143", severity="warning", message=message, member=member, expected=expected, found="none"
        )


def _wrong_suffix(member: str, name: ModuleName, expected: str) -> Finding:
    return Finding(
        code="XBW141",
        severity="error",
        message="the target's interpreter does not look for modules with this suffix",
        member=member,
        expected=expected,
        found=name.suffix,
    )


def _broken_promise(member: str, severity: Literal["error", "warning"], message: str) -> Finding:
    return Finding(code="XBW142", severity=severity, message=message, member=member)


def _abis(tags: frozenset[tuple[str, str]]) -> set[str]:
    return {abi for _, abi in tags}


def _version(interpreter: str) -> tuple[int, int]:
    match = re.fullmatch(r"(?:cp|py)(\d)(\d*)", interpreter)
    return (int(match[1]), int(match[2] or 0)) if match else (0, 0)
