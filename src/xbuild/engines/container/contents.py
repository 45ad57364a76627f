"""What is provisioned in an image, as its label says it, and whether that is enough for a build."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from xbuild.errors import EngineError
from xbuild.selection import DEFAULT_PYTHON

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xbuild.selection import Selection


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Provisioned:
    """One target and CPython, with all that builds for them take from the archive."""

    target: str
    python: str
    toolchain: str = "gcc"
    libraries: tuple[str, ...] = ()
    base_suite: str | None = None
    python_suite: str | None = None

    def fetch_arguments(self) -> list[str]:
        """Return the arguments of ``xbuild target fetch``."""
        arguments = [self.target, "--python", self.python, "--toolchain", self.toolchain]
        for library in self.libraries:
            arguments += ["--lib", library]
        if self.base_suite is not None:
            arguments += ["--base-suite", self.base_suite]
        if self.python_suite is not None:
            arguments += ["--python-suite", self.python_suite]
        return arguments


def provisioned(selections: Iterable[Selection]) -> tuple[Provisioned, ...]:
    """Return what an image needs for ``selections``, sorted.

    What the user brings from this machine (a sysroot, a target Python) is not in it.
    Raises :class:`EngineError` for compilers that are on this machine: programs of it need not run in a container.
    """
    needed = set()
    for selection in selections:
        if selection.toolchain not in ("gcc", "zig"):
            raise EngineError(
                f"xbuild's images have no toolchain {selection.toolchain!r}: it is of this machine",
                hint="use --toolchain gcc or zig, or an image of your own that has the compilers: --image",
            )
        needed.add(
            Provisioned(
                target=selection.target.name,
                python=selection.python or DEFAULT_PYTHON,
                toolchain=selection.toolchain,
                libraries=tuple(sorted(set(selection.libraries))),
                base_suite=selection.base_suite,
                python_suite=selection.python_suite,
            )
        )
    return tuple(sorted(needed, key=lambda each: json.dumps(asdict(each))))


def dump(contents: Iterable[Provisioned]) -> str:
    """Return the label's value."""
    return json.dumps([asdict(each) for each in contents], separators=(",", ":"))


def load(label: str) -> tuple[Provisioned, ...]:
    """Read the label; nothing of one that another version of xbuild wrote in another way."""
    try:
        rows: list[dict[str, Any]] = json.loads(label)
        return tuple(Provisioned(**{**row, "libraries": tuple(row["libraries"])}) for row in rows)
    except (ValueError, TypeError, KeyError):
        return ()


def covers(has: Iterable[Provisioned], wanted: Iterable[Provisioned]) -> bool:
    """Say whether an image that ``has`` these is enough for ``wanted``."""
    return set(wanted) <= set(has)
