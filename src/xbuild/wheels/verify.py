"""Opening a wheel and holding it to what its name promises and the target needs."""

from __future__ import annotations

import posixpath
import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from xbuild.wheels.archive import Archive, read_archive
from xbuild.wheels.manylinux import platform_need, unmet_needs
from xbuild.wheels.metadata import check_metadata
from xbuild.wheels.modules import check_module, is_module, parse_module_name
from xbuild.wheels.report import Finding, VerificationReport, wrong
from xbuild.wheels.tags import accepted_tags, expectation_from_tags, parse_platform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from packaging.tags import Tag

    from xbuild.targets import Target
    from xbuild.wheels.elf import ElfFile
    from xbuild.wheels.report import Severity
    from xbuild.wheels.tags import WheelExpectation


def verify_wheel(path: Path, expectation: WheelExpectation) -> VerificationReport:
    """Check the wheel at ``path`` against ``expectation``.

    Whatever is wrong with the wheel is in the report. Raises :class:`VerificationError` only if there is no such file.
    """
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    archive = read_archive(path)
    try:
        name, version, build, tags = parse_wheel_filename(path.name)
    except InvalidWheelFilename:
        name_error = wrong("XBW101", "the file's name is not NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl")
        return VerificationReport(path=path, findings=(name_error, *archive.findings))
    target = expectation.target
    findings = (
        *archive.findings,
        *check_metadata(archive, name=name, version=version, build=build, tags=tags),
        *_check_tags(tags, expectation),
        *_check_contents(archive, tags, expectation),
        *_check_promises(archive.elf_files, tags, target),
    )
    return VerificationReport(
        path=path,
        tags=tuple(sorted(map(str, tags))),
        findings=findings,
        elf_files=MappingProxyType(dict(archive.elf_files)),
        modules=tuple(sorted(member for member, elf in archive.elf_files.items() if is_module(member, elf))),
        need=platform_need(archive.elf_files, target=target) if target and archive.elf_files else None,
    )


def expectation_for(path: Path, *, target: Target | None = None, python: str | None = None) -> WheelExpectation:
    """Return what the wheel at ``path`` should be, going by its file name; ``target`` and ``python`` win over it.

    Raises :class:`UsageError` if the name is of a machine xbuild does not know. A name that is no wheel's is left for
    :func:`verify_wheel` to report.
    """
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        tags = parse_wheel_filename(path.name)[3]
    except InvalidWheelFilename:
        tags = frozenset()
    return expectation_from_tags(tags, target=target, python=python)


def _check_tags(tags: frozenset[Tag], expectation: WheelExpectation) -> Iterator[Finding]:
    """Interpreter and ABI must be some that the target takes; every platform must be the target's."""
    if not {(tag.interpreter, tag.abi) for tag in tags} & accepted_tags(expectation):
        yield wrong(
            "XBW112",
            "the target's interpreter does not take a wheel with this tag",
            expected=expectation.tag,
            found=", ".join(sorted(map(str, tags))),
        )
    if expectation.target is not None:
        for platform in sorted({tag.platform for tag in tags} - {"any"}):
            yield from _check_platform(platform, expectation.target)


def _check_platform(tag: str, target: Target) -> Iterator[Finding]:
    platform = parse_platform(tag)
    if platform is None or platform.machine != target.wheel_machine or platform.kind == "musllinux":
        yield wrong("XBW113", "the platform tag is not the target's", expected=target.linux_tag, found=tag)
    elif platform.version and platform.version < target.manylinux_floor:
        major, minor = target.manylinux_floor
        message = f"there is no manylinux tag this old for {target.name}"
        yield wrong("XBW113", message, expected=f"manylinux_{major}_{minor}_{target.wheel_machine}", found=tag)


def _check_contents(archive: Archive, tags: frozenset[Tag], expectation: WheelExpectation) -> Iterator[Finding]:
    """Look at each member's machine code, and at whether there should be any."""
    has_elf = "elf" in archive.members.values()
    if has_elf and any(tag.platform == "any" for tag in tags):
        some = next(name for name, kind in archive.members.items() if kind == "elf")
        yield wrong("XBW117", "the wheel's tag is for any platform, and this is machine code", member=some)
    is_whole = not any(finding.code == "XBW102" for finding in archive.findings)
    if is_whole and not has_elf and expectation.expect_native:
        yield wrong("XBW118", "the wheel has no machine code, and its project has compiled sources")
    elif is_whole and not has_elf and any(tag.platform != "any" for tag in tags):
        yield _finding("XBW118", "warning", "the wheel's tag is for one platform, and nothing in it is machine code")
    pairs = frozenset((tag.interpreter, tag.abi) for tag in tags)
    for member, elf in sorted(archive.elf_files.items()):
        yield from _check_elf(member, elf, expectation)
        yield from check_module(member, elf, expectation=expectation, tags=pairs)
        yield from _check_inner_libraries(member, elf, archive.elf_files)
    for member, kind in sorted(archive.members.items()):
        yield from _check_foreign(member, kind)


def _check_foreign(member: str, kind: str) -> Iterator[Finding]:
    module = parse_module_name(member)
    if module is not None and kind not in ("elf", "unreadable"):
        # A plain .so may be a linker script, which is text.
        severity: Severity = "warning" if module.kind == "plain" else "error"
        yield Finding(code="XBW126", severity=severity, message="a shared object's name, but not ELF", member=member)
    elif kind in ("windows", "macos"):
        system = {"windows": "Windows", "macos": "macOS"}[kind]
        yield _finding("XBW125", "note", f"a program or library for {system}", member=member)


def _check_elf(member: str, elf: ElfFile, expectation: WheelExpectation) -> Iterator[Finding]:
    target = expectation.target
    if target is not None:
        yield from _check_machine(member, elf, target)
    for library in elf.needed:
        if re.fullmatch(r"libpython\d.*\.so.*", library):
            message = f"it needs {library}: extension modules take the interpreter's symbols from the program"
            yield wrong("XBW131", message, member=member)
        elif re.fullmatch(r"libc\.musl-\w+\.so\.1|libc\.so", library):
            yield wrong("XBW134", f"it needs {library}, musl's C library, and the target has glibc", member=member)
    for path in dict.fromkeys((*elf.rpath, *elf.runpath)):
        yield from _check_search_path(member, path, expectation)


def _check_machine(member: str, elf: ElfFile, target: Target) -> Iterator[Finding]:
    wanted = target.elf
    expected = f"{wanted.elf_class}-bit {wanted.data}-endian {wanted.machine}"
    found = f"{elf.elf_class}-bit {elf.data}-endian {elf.machine}"
    if expected != found:
        yield wrong("XBW122", "it is for another machine", member=member, expected=expected, found=found)
    elif elf.flags & wanted.flags_mask != wanted.flags:
        yield wrong(
            "XBW123",
            f"its e_flags are not those of {target.description}",
            member=member,
            expected=f"{wanted.flags:#x} under the mask {wanted.flags_mask:#x}",
            found=f"{elf.flags:#x}",
        )
    elif elf.interp is not None and elf.interp != target.loader:
        message = "the program asks for a dynamic loader that the target does not have"
        yield wrong("XBW124", message, member=member, expected=target.loader, found=elf.interp)


def _check_search_path(member: str, path: str, expectation: WheelExpectation) -> Iterator[Finding]:
    """``$ORIGIN`` is a wheel's own folder; anything else is a fact of the machine that built it."""
    if re.match(r"\$(ORIGIN|\{ORIGIN\})(/|$)", path):
        return
    inside = next((root for root in expectation.build_paths if _is_under(path, root)), None)
    triplet = re.escape(expectation.target.triplet) if expectation.target else "[^/]+"
    if inside is not None:
        yield wrong("XBW132", f"it looks for libraries in {path!r}, a folder of the build machine", member=member)
    elif re.fullmatch(rf"(/usr(/local)?)?/lib(64)?(/{triplet})?/?", path):
        message = f"it looks for libraries in {path!r}, before the system's own order"
        yield _finding("XBW132", "warning", message, member=member)
    else:
        yield wrong("XBW132", f"it looks for libraries in {path!r}, which is not relative to $ORIGIN", member=member)


def _is_under(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")


def _check_inner_libraries(member: str, elf: ElfFile, elf_files: Mapping[str, ElfFile]) -> Iterator[Finding]:
    """A library that is in the wheel must be where ``$ORIGIN`` leads, unless the package loads it before."""
    here = posixpath.dirname(member)
    folders = {
        posixpath.normpath(posixpath.join(here, re.sub(r"^\$(ORIGIN|\{ORIGIN\})/?", "", path)))
        for path in (*elf.rpath, *elf.runpath)
        if path.startswith("$")
    }
    for library in elf.needed:
        homes = {posixpath.dirname(name) for name in elf_files if posixpath.basename(name) == library}
        if homes and not homes & {folder if folder != "." else "" for folder in folders}:
            message = f"it needs {library}, which is in the wheel but not where its RUNPATH leads"
            yield _finding("XBW133", "warning", message, member=member)


def _check_promises(elf_files: Mapping[str, ElfFile], tags: frozenset[Tag], target: Target | None) -> Iterator[Finding]:
    """Compare what the ELF files need with the lowest manylinux tag of the wheel's name."""
    platforms = (parse_platform(platform) for platform in {tag.platform for tag in tags})
    promised = min(
        (platform.version for platform in platforms if platform and platform.kind == "manylinux" and platform.version),
        default=None,
    )
    if target is None or promised is None or promised < target.manylinux_floor:
        return
    for unmet in unmet_needs(elf_files, target=target, manylinux=promised):
        message = f"its tag promises manylinux_{promised[0]}_{promised[1]} and no more, but {unmet.text}"
        yield wrong("XBW116" if unmet.library else "XBW115", message)


def _finding(code: str, severity: Severity, message: str, *, member: str | None = None) -> Finding:
    return Finding(code=code, severity=severity, message=message, member=member)
