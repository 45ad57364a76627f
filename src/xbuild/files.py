"""Writing files so that a reader, or a kill, never sees half of one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def atomic_write(path: Path, content: bytes | str) -> None:
    """Put ``content`` (text as UTF-8) at ``path``, replacing what is there, or leave what is there untouched.

    Missing parent folders are made. Raises :class:`OSError` as the file system does, with no temporary file left.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        temporary.chmod(0o666 & ~_umask())  # mkstemp's 0600 is for secrets
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    """Return the process's umask. The only portable way to read it is to set it."""
    umask = os.umask(0o022)
    os.umask(umask)
    return umask
