"""The data files shipped beside the code: schemas, targets, archives and container images."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent

DATA_FOLDERS = ("archives", "containers", "schemas", "toolchains")
"""The folders at the top of a checkout that are part of an installed xbuild."""


def data_path(*parts: str) -> Path:
    """Return the path of a shipped data file or folder, e.g. ``data_path("toolchains", "riscv64.toml")``.

    An installed xbuild has them in ``xbuild/_data``; a checkout (an editable install) has them at its top.
    """
    installed = _PACKAGE / "_data"
    root = installed if installed.is_dir() else _PACKAGE.parent.parent
    return root.joinpath(*parts)
