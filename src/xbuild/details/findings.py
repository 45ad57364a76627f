"""Problems of a file, each with a stable code, and the error that carries them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xbuild.errors import DetailsError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that keeps a document from being read. ``pointer`` is RFC 6901; ``code`` is a stable ``XBD…``."""

    code: str
    pointer: str
    message: str

    def __str__(self) -> str:
        return f"{self.pointer or 'the document'}: {self.message} [{self.code}]"


class InvalidDetailsError(DetailsError):
    """A document that is JSON, but no ``build-details.json`` of a known version; ``problems`` has all that is wrong."""

    def __init__(self, source: str, problems: Sequence[Problem], *, hint: str | None = None) -> None:
        self.source = source
        self.problems = tuple(problems)
        if len(self.problems) == 1:
            super().__init__(f"{source}: {self.problems[0]}", hint=hint)
        else:
            lines = "\n".join(f"  {problem}" for problem in self.problems)
            super().__init__(f"{source}: {len(self.problems)} problems:\n{lines}", hint=hint)
