"""What is wrong with a file: problems that keep it from being read, findings of a check, and the error for both."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from xbuild.details.wording import describe, fill, printable
from xbuild.errors import DetailsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from xbuild.details.codes import Severity


Json: TypeAlias = bool | int | float | str | list[Any] | dict[str, Any] | None
"""What a JSON text can hold."""

_MOST_SHOWN = 30
_LONGEST_CONTAINER = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that keeps a document from being read: one of :data:`CODES`, where, and what.

    ``pointer`` is a JSON pointer (RFC 6901); line and column count from 1 and are 0 where the pointer says it all.
    ``expected`` and ``found`` are values that can be there, or words where no single value is meant ("a string"), and
    None where there is nothing to say; ``message`` says them in a sentence.
    """

    code: str
    message: str
    pointer: str = ""
    expected: Json = None
    found: Json = None
    line: int = 0
    column: int = 0

    @classmethod
    def make(
        cls, code: str, template: str, *, pointer: str = "", expected: Json = None, found: Json = None, **others: object
    ) -> Self:
        """Make a problem whose message is ``template`` with ``expected``, ``found`` and ``others`` filled in.

        The template's fields are those of :func:`xbuild.details.wording.fill`. An object or array that is found is
        kept if it is short, and otherwise only said to be one.
        """
        message = fill(template, {"expected": expected, "found": found, **others})
        if isinstance(found, dict | list) and len(json.dumps(found)) > _LONGEST_CONTAINER:
            found = describe(found)
        return cls(code=code, message=message, pointer=pointer, expected=expected, found=found)

    def __str__(self) -> str:
        where = f"{self.pointer}: " if self.pointer else ""
        return printable(f"{where}{self.message} [{self.code}]")


class InvalidDetailsError(DetailsError):
    """A file that is no ``build-details.json`` of a known version; ``problems`` has all that is wrong, with codes."""

    def __init__(self, source: str, problems: Sequence[Problem], *, hint: str | None = None) -> None:
        self.source = source
        self.problems = tuple(problems)
        if len(self.problems) == 1:
            [only] = self.problems
            position = f":{only.line}:{only.column}" if only.line else ""
            super().__init__(f"{source}{position}: {only}", hint=hint)
        else:
            lines = [f"  {problem}" for problem in self.problems[:_MOST_SHOWN]]
            if len(self.problems) > _MOST_SHOWN:
                lines.append(f"  and {len(self.problems) - _MOST_SHOWN} more")
            super().__init__("\n".join((f"{source}: {len(self.problems)} problems:", *lines)), hint=hint)


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix:
    """The value ``xbuild details repair`` would write, and where it was read."""

    value: Json
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One result of a check. ``line`` and ``column`` count from 1; where a key is missing they are its object's.

    ``expected`` and ``found`` are as in :class:`Problem`.
    """

    file: Path
    code: str
    severity: Severity
    pointer: str
    line: int
    column: int
    message: str
    reference: str
    url: str
    expected: Json = None
    found: Json = None
    fix: Fix | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of ``xbuild details check --json``."""
        fix = {"value": self.fix.value, "origin": self.fix.origin} if self.fix else None
        return {
            "file": str(self.file),
            "code": self.code,
            "severity": str(self.severity),
            "pointer": self.pointer,
            "line": self.line,
            "column": self.column,
            "message": self.message,
            "expected": self.expected,
            "found": self.found,
            "reference": self.reference,
            "url": self.url,
            "fix": fix,
        }
