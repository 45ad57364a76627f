"""The suffixes of extension modules: how CPython composes them and in which order it lists them."""

from __future__ import annotations

import re

_SOABI_SUFFIX = re.compile(r"\.cpython-(?P<tag>\d+[a-z]*)-(?P<platform>.+)\.so", re.ASCII)
_PLATFORM_FIRST = (3, 15)
"""From here on the stable ABI's suffix with the platform precedes the plain one (python/cpython#122931)."""


def split_suffix(suffix: str) -> tuple[str, str, str] | None:
    """``".cpython-314t-riscv64-linux-gnu.so"`` -> ``("314", "t", "riscv64-linux-gnu")``; None for another form."""
    match = _SOABI_SUFFIX.fullmatch(suffix)
    if match is None:
        return None
    digits = match["tag"].rstrip("abcdefghijklmnopqrstuvwxyz")
    return digits, match["tag"].removeprefix(digits), match["platform"]


def of_platform(suffix: str, platform: str) -> str:
    """Return ``suffix`` with another platform; one of another form as it is."""
    split = split_suffix(suffix)
    return f"{suffix.removesuffix(f'{split[2]}.so')}{platform}.so" if split else suffix


def extension_suffixes(
    suffix: str, *, version: tuple[int, int], flags: tuple[str, ...], alternative: str, found: frozenset[str] | None
) -> list[str]:
    """Return ``importlib.machinery.EXTENSION_SUFFIXES`` of a CPython whose ``abi.extension_suffix`` is ``suffix``.

    ``alternative`` is the variable ALT_SOABI: a debug build also imports modules of a release build. ``found`` are the
    stable-ABI suffixes in the interpreter's binary, None if there is none to look into.
    """
    split = split_suffix(suffix)
    plain, tagged = [".abi3.so"], [f".abi3-{split[2]}.so"] if split else []
    stable = [*plain, *tagged]
    if version >= _PLATFORM_FIRST:
        stable = [*tagged, *plain, *(name.replace(".abi3", ".abi3t") for name in (*tagged, *plain))]
    if found is None:
        # Only patched CPythons before 3.15 have more than the plain one; a free-threaded one imports no .abi3 modules.
        found = frozenset(stable if version >= _PLATFORM_FIRST else plain)
        found = frozenset(name for name in found if "t" not in flags or name.startswith(".abi3t"))
    return [
        suffix,
        *([f".{alternative}.so"] if alternative else []),
        *(name for name in stable if name in found),
        ".so",
    ]


def stable_suffix(suffixes: list[str]) -> str | None:
    """Return the stable ABI's suffix as CPython's own generator chooses it: the first of the list that is one."""
    return next((suffix for suffix in suffixes if suffix.startswith(".abi")), None)
