"""What a build in a container may use, as ``--container KEY=VALUE`` and ``[tool.xbuild.container]`` say it."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from xbuild.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ANY_NETWORK = "bridge"
"""The network of a build that is allowed one and does not say which."""

_SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_TIMES = {"": 1, "s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The limits of one build.

    ``network`` is the engine's name of the network the build may use; None: it has none. ``memory`` is in bytes, and
    None for three quarters of what the engine has. ``cpus`` is a number of cores, None for all. ``pids`` is how many
    processes and threads there may be at once. ``timeout`` is in seconds.
    """

    network: str | None = None
    memory: int | None = None
    cpus: float | None = None
    pids: int = 4096
    timeout: float = 6 * 3600


def parse_limits(pairs: Iterable[str]) -> Limits:
    """Return the limits that ``KEY=VALUE`` texts set. Raises :class:`UsageError` for one that is none."""
    found: dict[str, Any] = {}
    for text in pairs:
        key, equals, value = text.partition("=")
        if not equals or key not in _READERS:
            keys = ", ".join(each.name for each in fields(Limits))
            raise UsageError(f"--container {text}: expected KEY=VALUE with a key of {keys}")
        try:
            found[key] = _READERS[key](value.strip())
        except ValueError as error:
            raise UsageError(f"--container {text}: {error}") from error
    return replace(Limits(), **found)


def format_memory(size: int) -> str:
    """``2 GiB``, ``300 MiB``."""
    return f"{size / 2**30:.3g} GiB" if size >= 2**30 else f"{size / 2**20:.3g} MiB"


def _network(text: str) -> str | None:
    match text.lower():
        case "true":
            return ANY_NETWORK
        case "false" | "none":
            return None
        case "":
            raise ValueError("expected true, false, or the name of one of the engine's networks")
        case _:
            return text


def _measure(units: Mapping[str, int], example: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]?)(?:i?b)?", text.lower())
        if match is None or match[2] not in units or float(match[1]) == 0:
            raise ValueError(f"expected {example}")
        return int(float(match[1]) * units[match[2]])

    return read


def _cores(text: str) -> float:
    try:
        cores = float(text)
    except ValueError:
        cores = 0
    if not 0 < cores < float("inf"):
        raise ValueError("expected a number of cores, such as 2 or 0.5")
    return cores


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise ValueError("expected a number of processes, such as 4096")
    return int(text)


_READERS: dict[str, Callable[[str], Any]] = {
    "network": _network,
    "memory": _measure(_SIZES, "a size, such as 4g or 800m"),
    "cpus": _cores,
    "pids": _count,
    "timeout": _measure(_TIMES, "a time, such as 90m, 6h or 30s"),
}
