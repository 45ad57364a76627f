"""What the C headers of an installation say: the exact version, and how the interpreter was configured."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xbuild.details.json_text import is_file, read_text
from xbuild.details.model import VersionInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_DEFINE = re.compile(r"^[ \t]*+#[ \t]*+define[ \t]++(\w++)(.*+)", re.MULTILINE)
_LEVELS = {"PY_RELEASE_LEVEL_ALPHA": "alpha", "PY_RELEASE_LEVEL_BETA": "beta", "PY_RELEASE_LEVEL_GAMMA": "candidate"}
_LEVELS |= {"PY_RELEASE_LEVEL_FINAL": "final"}
_LEVEL_NIBBLES = {"alpha": 0xA, "beta": 0xB, "candidate": 0xC, "final": 0xF}
_PY_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:(a|b|rc)(\d+))?\+?", re.ASCII)
_MOST_DIGITS = 6


def parse_defines(text: str) -> Mapping[str, str]:
    """Return the ``#define``d macros without parameters; conditions are not evaluated, the last definition counts."""
    found = ((name, rest.partition("/*")[0].strip()) for name, rest in _DEFINE.findall(text))
    return {name: value for name, value in found if not value.startswith("(")}


def read_version(headers: Path) -> VersionInfo | None:
    """Return the version in ``patchlevel.h``, None where it has none."""
    file = headers / "patchlevel.h"
    return parse_patchlevel(read_text(file)) if is_file(file) else None


def parse_patchlevel(text: str) -> VersionInfo | None:
    """Return the version that the text of a ``patchlevel.h`` defines, None if it is incomplete."""
    defines = parse_defines(text)
    names = ("PY_MAJOR_VERSION", "PY_MINOR_VERSION", "PY_MICRO_VERSION", "PY_RELEASE_SERIAL")
    numbers = [defines.get(name, "") for name in names]
    level = _LEVELS.get(defines.get("PY_RELEASE_LEVEL", ""))
    if level is None or not all(number.isascii() and number.isdigit() for number in numbers):
        return None
    if any(len(number) > _MOST_DIGITS for number in numbers):
        return None
    major, minor, micro, serial = map(int, numbers)
    return VersionInfo(major=major, minor=minor, micro=micro, releaselevel=level, serial=serial)


def parse_version_text(text: str) -> VersionInfo | None:
    """Return the version in ``platform.python_version()``'s form (``3.15.0rc1``), None if it is not of that form."""
    match = _PY_VERSION.fullmatch(text)
    if match is None or any(group and len(group) > _MOST_DIGITS for group in match.groups()):
        return None
    level = {None: "final", "a": "alpha", "b": "beta", "rc": "candidate"}[match[4]]
    major, minor, micro = (int(match[index]) for index in (1, 2, 3))
    return VersionInfo(major=major, minor=minor, micro=micro, releaselevel=level, serial=int(match[5] or 0))


def hexversion(version: VersionInfo) -> int:
    """Return ``sys.hexversion`` of a version."""
    level = _LEVEL_NIBBLES[version.releaselevel]
    return version.major << 24 | version.minor << 16 | version.micro << 8 | level << 4 | version.serial


def find_pyconfig(headers: Path, *, triplet: str | None) -> Path | None:
    """Return the real ``pyconfig.h`` of the headers in ``headers``, None if it is not there.

    Debian keeps it in ``include/<triplet>/pythonX.Y/``; the one beside ``Python.h`` only includes it, by machine.
    """
    multiarch = [headers.parent / triplet / headers.name / "pyconfig.h"] if triplet and "/" not in triplet else []
    for file in (*multiarch, headers / "pyconfig.h"):
        if is_file(file) and "SIZEOF_VOID_P" in read_text(file):
            return file
    return None


def abi_flags(pyconfig: Mapping[str, str]) -> tuple[str, ...]:
    """Return the ABI flags that a ``pyconfig.h`` implies, in the order the extension suffix has them."""
    return tuple(flag for flag, macro in (("t", "Py_GIL_DISABLED"), ("d", "Py_DEBUG")) if pyconfig.get(macro) == "1")
