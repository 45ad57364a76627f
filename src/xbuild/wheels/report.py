"""What verification says about a wheel: findings with stable codes, and the facts it computed on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from xbuild.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xbuild.wheels.elf import ElfFile
    from xbuild.wheels.manylinux import PlatformNeed

Severity = Literal["error", "warning", "note"]

CODES: Mapping[str, str] = MappingProxyType(
    {
        "XBW101": "The file's name is not a wheel's name",
        "XBW102": "The archive is damaged or cannot be read",
        "XBW103": "A member's name is unsafe",
        "XBW104": "Two members have the same name",
        "XBW105": "The .dist-info folder is missing or is not this wheel's",
        "XBW106": "WHEEL is missing or malformed",
        "XBW107": "RECORD and the members differ",
        "XBW108": "A member does not have the hash or size that RECORD says",
        "XBW111": "WHEEL and the file's name have different tags",
        "XBW112": "The target's interpreter does not take the wheel's tag",
        "XBW113": "The platform tag is not the target's",
        "XBW114": "ELF files are in a place for pure Python",
        "XBW115": "The wheel needs a newer system than its platform tag promises",
        "XBW116": "The wheel needs libraries that its platform tag does not promise",
        "XBW117": "A wheel for any platform has ELF files",
        "XBW118": "A wheel for one platform has no ELF file",
        "XBW121": "An ELF file is damaged",
        "XBW122": "An ELF file is for another machine",
        "XBW123": "An ELF file is for another ABI of the machine",
        "XBW124": "A program asks for another dynamic loader",
        "XBW125": "A file is for another operating system",
        "XBW126": "A shared object's file is not ELF",
        "XBW131": "An ELF file needs libpython",
        "XBW132": "An ELF file looks for libraries in an absolute path",
        "XBW133": "A library of the wheel is not found by the file that needs it",
        "XBW134": "An ELF file needs another C library",
        "XBW141": "A module's suffix is not the target interpreter's",
        "XBW142": "A module does not keep the promise of the wheel's ABI tag",
        "XBW143": "A module's file does not export its entry point",
        "XBW144": "An extension module cannot be loaded dynamically",
        "XBW151": "A text named folders of the build",
        "XBW152": "A binary file names a folder of the build",
    }
)
"""Every code a finding can have, and its title. A code keeps its meaning for ever."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is wrong, or worth knowing. ``member`` is the name inside the wheel, where one is meant."""

    code: str
    severity: Severity
    message: str
    member: str | None = None
    expected: str | None = None
    found: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        names = ("code", "severity", "message", "member", "expected", "found")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def __str__(self) -> str:
        where = f"{self.member}: " if self.member else ""
        compared = f" (expected {self.expected}, found {self.found})" if self.expected and self.found else ""
        return f"{self.code} {where}{self.message}{compared}"


def wrong(
    code: str, message: str, *, member: str | None = None, expected: str | None = None, found: str | None = None
) -> Finding:
    """Return a finding that makes the wheel wrong."""
    return Finding(code=code, severity="error", message=message, member=member, expected=expected, found=found)


@dataclass(frozen=True, kw_only=True, slots=True)
class VerificationReport:
    """The result for one wheel. ``tags`` are those of its name, expanded and sorted; ``modules`` its extension modules.

    ``need`` is None where the machine is unknown or the wheel has no ELF file.
    """

    path: Path
    tags: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    elf_files: Mapping[str, ElfFile] = field(default_factory=lambda: MappingProxyType({}))
    modules: tuple[str, ...] = ()
    need: PlatformNeed | None = None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that make the wheel wrong."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def ok(self) -> bool:
        """Whether the wheel may be delivered."""
        return not self.errors

    def raise_for_errors(self) -> None:
        """Raise :class:`VerificationError` with every error, if there is one."""
        if self.ok:
            return
        first, *rest = self.errors
        more = f" (and {len(rest)} more)" if rest else ""
        raise VerificationError(
            f"{self.path.name} is not a correct wheel: {first}{more}",
            hint="the wheel was not delivered; the build's log shows which compiler, flags and paths it used",
            details="\n".join(map(str, self.findings)) if rest else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "wheel": str(self.path),
            "ok": self.ok,
            "tags": list(self.tags),
            "findings": [finding.to_dict() for finding in self.findings],
            "elf_files": sorted(self.elf_files),
            "modules": list(self.modules),
            "needs": self.need.to_dict() if self.need else None,
        }
