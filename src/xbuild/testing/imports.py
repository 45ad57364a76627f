"""What the target's interpreter wrote about its imports (``importer.py``), and what it means for the wheel."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from xbuild.errors import TestError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.testing.modules import Modules


_NO_LIBRARY = re.compile(r"(\S+\.so\S*): cannot open shared object file")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One import. ``missing`` is the module a ModuleNotFoundError names."""

    state: Literal["begun", "imported", "failed"]
    missing: str | None = None
    error: str = ""
    traceback: str = ""


def read_journal(text: str) -> Mapping[str, Outcome]:
    """Return the outcome of each import; a last line cut short by the interpreter's death counts for nothing."""
    outcomes: dict[str, Outcome] = {}
    for line in text.splitlines(keepends=True):
        if not line.endswith("\n"):
            continue
        match json.loads(line):
            case ["failed", name, missing, error, traceback]:
                outcomes[name] = Outcome(state="failed", missing=missing, error=error, traceback=traceback)
            case [state, name]:
                outcomes[name] = Outcome(state=state)
    return outcomes


def judge_imports(
    outcomes: Mapping[str, Outcome], *, modules: Modules, wheel: str
) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Return the modules that were imported, and those that were not for want of a module the wheel does not require.

    The second is allowed for an extension module deep in a package, which may be for another package's users, as long
    as another extension module was imported. Raises :class:`TestError` otherwise.
    """
    imported = tuple(name for name, outcome in outcomes.items() if outcome.state == "imported")
    failed = {name: outcome for name, outcome in outcomes.items() if outcome.state == "failed"}
    own = {name.partition(".")[0] for name in (*modules.top, *modules.native)}
    skipped = {
        name: outcome.missing
        for name, outcome in failed.items()
        if outcome.missing is not None and outcome.missing.partition(".")[0] not in own and name not in modules.top
    }
    if not set(imported) & set(modules.native):
        skipped = {}
    wrong = {name: outcome for name, outcome in failed.items() if name not in skipped}
    if wrong:
        raise _error(wrong, wheel=wheel, own=own)
    return imported, skipped


def _error(wrong: Mapping[str, Outcome], *, wheel: str, own: set[str]) -> TestError:
    """The first failure is the message: those after it often follow from it."""
    name, first = next(iter(wrong.items()))
    more = f" (and {len(wrong) - 1} more of its modules)" if len(wrong) > 1 else ""
    library = _NO_LIBRARY.search(first.error)
    hint = None
    if library is not None:
        hint = f"the target has no {library[1]}: name its package with '--lib', or put the library into the wheel"
    elif first.missing is not None and first.missing.partition(".")[0] not in own:
        hint = f"the wheel does not require what has the module {first.missing!r}; '--command' tests it another way"
    return TestError(
        f"{wheel} failed its test: importing {name}{more}: {first.error}", hint=hint, details=first.traceback
    )
