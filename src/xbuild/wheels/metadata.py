"""A wheel's ``.dist-info`` against its file name."""

from __future__ import annotations

from email.parser import HeaderParser
from typing import TYPE_CHECKING

from xbuild.wheels.report import wrong

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.tags import Tag
    from packaging.utils import BuildTag
    from packaging.version import Version

    from xbuild.wheels.archive import Archive
    from xbuild.wheels.report import Finding


def check_metadata(
    archive: Archive, *, name: str, version: Version, build: BuildTag, tags: frozenset[Tag]
) -> Iterator[Finding]:
    """Yield each way in which the metadata is malformed or contradicts what was parsed from the file's name."""
    if archive.dist_info is None:
        return
    yield from _check_identity(archive, archive.dist_info, name=name, version=version)
    member = f"{archive.dist_info}/WHEEL"
    if "WHEEL" not in archive.texts:
        yield wrong("XBW106", "there is no readable WHEEL")
        return
    wheel = HeaderParser().parsestr(archive.texts["WHEEL"])
    major = str(wheel.get("Wheel-Version", "")).partition(".")[0]
    if major != "1":
        yield wrong(
            "XBW106", "no Wheel-Version that installers know", member=member, expected="1.x", found=major or "none"
        )
    yield from _check_tags(wheel.get_all("Tag", []), tags, member)
    wanted = f"{build[0]}{build[1]}" if build else None
    if wheel.get("Build") != wanted:
        yield wrong(
            "XBW106",
            "the build number is not the file name's",
            member=member,
            expected=str(wanted).lower(),
            found=str(wheel.get("Build")).lower(),
        )
    purelib = str(wheel.get("Root-Is-Purelib", "")).strip().lower()
    if purelib not in ("true", "false"):
        yield wrong(
            "XBW106", "Root-Is-Purelib is malformed", member=member, expected="true or false", found=purelib or "none"
        )
    yield from _check_places(archive, root_is_purelib=purelib == "true", member=member)


def _check_identity(archive: Archive, dist_info: str, *, name: str, version: Version) -> Iterator[Finding]:
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion, Version

    def same(found_name: str, found_version: str) -> bool:
        try:
            return (canonicalize_name(found_name), Version(found_version)) == (name, version)
        except InvalidVersion:
            return False

    folder_name, _, folder_version = dist_info.removesuffix(".dist-info").rpartition("-")
    if not same(folder_name, folder_version):
        yield wrong(
            "XBW105", "the folder is another project's", expected=f"{name}-{version}.dist-info", found=dist_info
        )
    if "METADATA" not in archive.texts:
        yield wrong("XBW105", "there is no readable METADATA")
        return
    metadata = HeaderParser().parsestr(archive.texts["METADATA"])
    found = (str(metadata.get("Name", "")), str(metadata.get("Version", "")))
    if not same(*found):
        yield wrong(
            "XBW105",
            "METADATA is another project's",
            member=f"{dist_info}/METADATA",
            expected=f"{name} {version}",
            found=" ".join(found),
        )


def _check_tags(lines: list[str], tags: frozenset[Tag], member: str) -> Iterator[Finding]:
    from packaging.tags import parse_tag

    try:
        listed = {tag for line in lines for tag in parse_tag(line.strip())}
    except ValueError as error:
        yield wrong("XBW106", f"a Tag is malformed: {error}", member=member)
        return
    if listed != tags:
        yield wrong(
            "XBW111",
            "the tags are not those of the file's name",
            member=member,
            expected=_listed(tags),
            found=_listed(listed),
        )


def _listed(tags: frozenset[Tag] | set[Tag]) -> str:
    return ", ".join(sorted(map(str, tags))) or "none"


def _check_places(archive: Archive, *, root_is_purelib: bool, member: str) -> Iterator[Finding]:
    """Machine code belongs to platlib: some systems keep it apart from what all machines can share."""
    data = (archive.dist_info or "").removesuffix(".dist-info") + ".data/"
    elf_files = [name for name, kind in archive.members.items() if kind == "elf"]
    if root_is_purelib and any(not name.startswith(data) for name in elf_files):
        message = "Root-Is-Purelib says that there is no machine code, and there is"
        yield wrong("XBW114", message, member=member, expected="false", found="true")
    for name in elf_files:
        if name.startswith(f"{data}purelib/"):
            yield wrong("XBW114", "machine code among the files for pure Python", member=name)
