"""Writing files so that a reader, or a kill, never sees half of one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def atomic_write(path: Path, content: bytes | str) -> None:
    """Put ``content`` (text as UTF-8) at ``path``, replacing what is there, or leave what is there untouched.

    A device or a pipe (``/dev/null``, ``/dev/stdout``) is written to and never replaced, which root could do.
    Missing parent folders are made. Raises :class:`OSError` as the file system does, with no temporary file left.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name[:40]}.{os.urandom(6).hex()}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
