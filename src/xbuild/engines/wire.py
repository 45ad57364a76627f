"""What goes between an engine and a worker elsewhere, as JSON values.

The request goes in as one document. Out come events, a JSON object a line, each with one key that says what it is::

    {"began": [3, "Building …"]}    {"ended": [3, true]}     a step, by number; false if it failed
    {"note": "…"}                   {"output": "…"}          see Progress
    {"need": [1, {"requirements": […], "interpreter": {…}}]} the worker waits for answer 1: the wheels are there, or not
    {"result": {"wheels": ["name.whl"], "report": {…}}}
    {"error": {"kind": "BuildError", "message": "…", "hint": …, "details": …, "out_of_memory": false}}

What comes out of a worker that has run a stranger's code is data and nothing more: whoever reads it checks it.
"""

from __future__ import annotations

import re
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbuild import errors
from xbuild.pipeline import WheelRequest
from xbuild.selection import Selection
from xbuild.supply import Interpreter
from xbuild.targets import get_target

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 100_000
"""In characters, of a text that is told: whoever reads lines of events reads none without end."""

_INTERPRETER = re.compile(r"\d{1,3}\.\d{1,3}[\w.+]* [a-z]* \w+", re.ASCII)


def encode_request(request: WheelRequest) -> dict[str, Any]:
    """Return ``request`` as a JSON object."""
    return {**_plain(request, without="selections"), "selections": [_selection(each) for each in request.selections]}


def decode_request(data: Mapping[str, Any]) -> WheelRequest:
    """Return the request that :func:`encode_request` made ``data`` of."""
    return WheelRequest(
        **{
            **data,
            "selections": tuple(_decode_selection(each) for each in data["selections"]),
            "find_links": tuple(data["find_links"]),
            "outdir": Path(data["outdir"]),
        }
    )


def encode_interpreter(interpreter: Interpreter) -> dict[str, Any]:
    """Return ``interpreter`` as a JSON object."""
    return asdict(interpreter)


def decode_interpreter(data: Mapping[str, Any]) -> Interpreter:
    """Return the interpreter that ``data`` describes. Raises :class:`ValueError` if it does not describe one."""
    version, abi_flags, machine, platforms = (data.get(each.name) for each in fields(Interpreter))
    match version, abi_flags, machine, platforms:
        case str(), str(), str(), list() if _INTERPRETER.fullmatch(f"{version} {abi_flags} {machine}") and all(
            isinstance(each, str) and re.fullmatch(r"\w+", each, re.ASCII) for each in platforms
        ):
            return Interpreter(version=version, abi_flags=abi_flags, machine=machine, platforms=tuple(platforms))
        case _:
            raise ValueError("an interpreter is a version, ABI flags, a machine, and a list of platform tags")


def encode_error(error: errors.XBuildError) -> dict[str, Any]:
    """Return ``error`` as a JSON object."""
    texts = {"message": error.message, "hint": error.hint, "details": error.details}
    return {"kind": type(error).__name__} | {name: text and text[:LONGEST] for name, text in texts.items()}


def decode_error(data: Mapping[str, Any]) -> errors.XBuildError:
    """Return the error that ``data`` describes: of the class it names if that is one of ours."""
    kind = getattr(errors, str(data.get("kind")), None)
    if not (isinstance(kind, type) and issubclass(kind, errors.XBuildError)):
        kind = errors.XBuildError
    message, hint, details = (printable(data.get(name) or "") for name in ("message", "hint", "details"))
    return kind(message, hint=hint or None, details=details or None)


def printable(text: object) -> str:
    """Return ``text`` without what a terminal would obey, and cut where no honest message is so long."""
    shown = str(text)[:LONGEST]
    return "".join(char if char.isprintable() or char in "\n\t" else "�" for char in shown)


def _selection(selection: Selection) -> dict[str, Any]:
    return {**_plain(selection, without="target"), "target": selection.target.name}


def _decode_selection(data: Mapping[str, Any]) -> Selection:
    paths = {name: Path(data[name]) if data[name] else None for name in ("sysroot", "build_details")}
    return Selection(**{**data, **paths, "target": get_target(data["target"]), "libraries": tuple(data["libraries"])})


def _plain(value: WheelRequest | Selection, *, without: str) -> dict[str, Any]:
    """Return the fields of ``value`` as JSON values, but for one."""
    pairs = ((each.name, getattr(value, each.name)) for each in fields(value) if each.name != without)
    return {name: str(field) if isinstance(field, Path) else field for name, field in pairs}
