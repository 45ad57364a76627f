"""What a wheel's file name says about where it can be tested."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xbuild.errors import UsageError

if TYPE_CHECKING:
    from xbuild.targets import Target

_VERSION_SPECIFIC = re.compile(r"cp(\d)(\d+)")


def python_for(name: str, *, target: Target) -> str | None:
    """Return the Python the wheel called ``name`` is for, ``"3.13"`` or ``"3.14t"``; None if it suits several.

    Raises :class:`UsageError` if ``name`` is not a wheel's, or the wheel is for another machine than ``target``.
    """
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    try:
        *_, tags = parse_wheel_filename(name)
    except InvalidWheelFilename as error:
        raise UsageError(f"{name} is not the name of a wheel: {error}") from error
    platforms = {tag.platform for tag in tags}
    if "any" not in platforms and not any(platform.endswith(f"_{target.wheel_machine}") for platform in platforms):
        raise UsageError(f"{name} is for {', '.join(sorted(platforms))}, and the target is {target.name}")
    pythons = {(tag.interpreter, tag.abi) for tag in tags}
    if len(pythons) != 1:
        return None
    interpreter, abi = pythons.pop()
    found = _VERSION_SPECIFIC.fullmatch(interpreter)
    if found is None or abi.startswith("abi3") or abi == "none":
        return None
    return f"{found[1]}.{found[2]}{'t' if abi == f'{interpreter}t' else ''}"
