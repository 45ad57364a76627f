"""The data files shipped beside the code: schemas, targets and archives."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_path(*parts: str) -> Path:
    """Return the path of a shipped data file or folder, e.g. ``data_path("toolchains", "riscv64.toml")``.

    An installed xbuild has them in ``xbuild/_data``; a checkout (an editable install) has them at its top.
    """
    installed = _PACKAGE / "_data"
    root = installed if installed.is_dir() else _PACKAGE.parent.parent
    return root.joinpath(*parts)
