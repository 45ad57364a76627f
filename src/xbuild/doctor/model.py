"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xbuild.errors import XBuildError

Status = Literal["ok", "absent", "problem"]
"""``absent``: it is not there, and nothing breaks without it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing that was looked at. ``remedy`` says what to do, where something can be done.

    ``exit_status`` is that of the failure a build would end with because of a problem.
    """

    subject: str
    status: Status
    finding: str
    remedy: str | None = None
    details: str | None = None
    exit_status: int = 0

    @classmethod
    def failed(cls, subject: str, error: XBuildError) -> Check:
        """Return the problem that ``error`` tells of."""
        return cls(
            subject=subject,
            status="problem",
            finding=error.message,
            remedy=error.hint,
            details=error.details,
            exit_status=error.exit_code,
        )

    def to_dict(self) -> dict[str, Any]:
        """As ``schemas/doctor.schema.json`` has it."""
        return {
            "subject": self.subject,
            "status": self.status,
            "finding": self.finding,
            "remedy": self.remedy,
            "details": self.details,
        }


def exit_status(checks: Sequence[Check]) -> int:
    """Return the exit status of the first problem; 0 if there is none."""
    return next((check.exit_status for check in checks if check.status == "problem"), 0)
