"""What comes out of a container, looked at by somebody who believes nothing: a stranger's code may have made it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from xbuild.engines import wire
from xbuild.errors import EngineError, VerificationError
from xbuild.files import atomic_write
from xbuild.pipeline import remove_old_logs
from xbuild.provision.cache import digest_file
from xbuild.resources import data_path

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LOG = re.compile(r"[^/]{1,200}-cp\d+t?-\d{8}-\d{6}-[0-9a-f]{6}\.log")
_MOST_LOGS = 3  # a build has one
_LARGEST_LOG = 64 << 20
LARGEST_LOGS = 256 << 20
"""Of bytes that are taken out of a container to find its log in."""

_LONGEST = 300


def wheel_name(name: str) -> str:
    """Return ``name`` if it is that of a wheel, and leads nowhere else. Raises :class:`VerificationError`."""
    try:
        parse_wheel_filename(name)
    except InvalidWheelFilename as error:
        raise VerificationError(f"the container made a file that is not a wheel: {wire.printable(name)}") from error
    return name


def check_report(report: Mapping[str, Any], wheel: Path) -> None:
    """See that ``report`` is a build report, of one build of one wheel, which is ``wheel``.

    Raises :class:`EngineError` if it is none, and :class:`VerificationError` if it is another wheel's.
    """
    problem = _problem(report)
    if problem is not None:
        raise EngineError(f"the report that came out of the container is none: {wire.printable(problem)[:_LONGEST]}")
    found = [
        {name: each[name] for name in ("file", "size", "sha256")}
        for build in report["builds"]
        for each in build["wheels"]
    ]
    if found != [{"file": wheel.name, "size": wheel.stat().st_size, "sha256": digest_file(wheel)}]:
        raise VerificationError(f"the report that came out of the container is not about {wheel.name}")


def keep_logs(files: Mapping[str, bytes], folder: Path) -> None:
    """Put the logs of a build among ``files`` into ``folder``, where those of other builds are and stay.

    What does not have a log's name is left out, and what is more, or longer, than a build's log can be.
    """
    names = [name for name in files if _LOG.fullmatch(name) and name.isprintable() and not (folder / name).exists()]
    for name in names[:_MOST_LOGS]:
        atomic_write(folder / name, files[name][:_LARGEST_LOG])
    remove_old_logs(folder)


def _problem(report: Mapping[str, Any]) -> str | None:
    """Return what keeps ``report`` from being one."""
    import jsonschema  # slow to import

    schema = json.loads(data_path("schemas", "report.schema.json").read_text("utf-8"))
    try:
        # What no schema can say: that it can be written.
        json.dumps(report, allow_nan=False, ensure_ascii=False).encode()
        error = next(jsonschema.Draft202012Validator(schema).iter_errors(report), None)
        return error and str(error.message)
    except (ValueError, RecursionError) as wrong:
        return str(wrong)
