"""Repairing a build-details file as text: the change a distribution reviews, applies and sends upstream."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xbuild.details.completion import (
    Origin,
    apply,
    changes_for,
    origins,
    read_document,
    relocate,
    require_machine,
)
from xbuild.details.evidence import gather
from xbuild.details.json_text import lookup, read_text
from xbuild.details.model import PATH_KEYS
from xbuild.details.wording import pointer

if TYPE_CHECKING:
    from pathlib import Path

    from xbuild.details.evidence import Evidence
    from xbuild.targets import Target

_INDENT = re.compile(r"\{\r?\n([ \t]+)\"")


@dataclass(frozen=True, kw_only=True, slots=True)
class Repaired:
    """A file's text before and after repair, and the origin of each value that changed."""

    file: Path
    before: str
    after: str
    origins: tuple[Origin, ...]
    evidence: Evidence

    def diff(self) -> str:
        """Return a unified diff, empty if nothing changed."""
        name = str(self.file)
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            fromfile=name,
            tofile=f"{name} (repaired)",
        )
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def repair(file: Path, *, target: Target | None = None, relative: bool = False) -> Repaired:
    """Return ``file`` with everything corrected that the files beside it support, and nothing else changed.

    Repairing twice changes nothing. ``relative`` also makes every path relative, so that the installation can be
    moved. ``target`` is told from the files if it is not given. Raises :class:`DetailsError` for a file that is not
    JSON or has another major version, and for files beside it that are malformed or another machine's.
    """
    before = read_text(file)
    document = read_document(file)
    evidence = gather(file.parent, target=target, file=file)
    require_machine(evidence)
    changes = changes_for(document, evidence)
    after = apply(document, changes)
    record = list(origins(document, changes))
    if relative:
        moved = relocate(after, evidence)
        for keys in (("base_prefix",), *PATH_KEYS):
            old = lookup(after, keys)
            if old != lookup(moved, keys):
                record.append(Origin(pointer=pointer(*keys), origin="the same path, relative", old=old))
        after = moved
    text = before if after == document else _serialise(after, like=before)
    return Repaired(file=file, before=before, after=text, origins=tuple(record), evidence=evidence)


def _serialise(document: object, *, like: str) -> str:
    indent = match[1] if (match := _INDENT.search(like)) else "  "
    return json.dumps(document, indent=indent, ensure_ascii=False) + "\n"
