"""The paths in a build-details file: absolute, or relative as the specification allows.

``base_prefix`` may be relative to the directory of the file, every other path to ``base_prefix``.
"""

from __future__ import annotations

import copy
import posixpath
from typing import TYPE_CHECKING, Any

from xbuild.details.json_text import lookup
from xbuild.details.model import PATH_KEYS
from xbuild.details.parse import from_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from xbuild.details.model import BuildDetails


def resolve(details: BuildDetails, file: Path) -> BuildDetails:
    """Return ``details``, the content of ``file``, with every path absolute. Links are not followed."""
    folder = posixpath.abspath(file.parent)
    prefix = posixpath.normpath(posixpath.join(folder, details.base_prefix))
    document = map_paths(details.to_dict(), lambda path: posixpath.normpath(posixpath.join(prefix, path)))
    return from_json(document | {"base_prefix": prefix}, source=str(file))


def relocatable(
    document: Mapping[str, Any], *, folder: str, prefix: str, installed: str | None = None
) -> dict[str, Any]:
    """Return ``document`` with every path relative: the prefix to ``folder``, its own directory; others to the prefix.

    ``prefix`` is where the tree really has the prefix that the document may call by the name it has when installed.
    An absolute path beside a ``base_prefix`` that is none is seen from ``installed``, that name by other sources; it
    stays absolute if there is none.
    """
    named = document.get("base_prefix")
    if not isinstance(named, str) or not named:
        named = installed or "/usr"
    elif not posixpath.isabs(named) and installed is not None:
        named = installed
    result = map_paths(document, lambda path: seen_from(named, path))
    return result | {"base_prefix": posixpath.relpath(prefix, folder)}


def map_paths(document: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """Return a deep copy of ``document`` with ``change`` applied to each path but ``base_prefix``."""
    result = copy.deepcopy(dict(document))
    for keys in PATH_KEYS:
        if isinstance(path := lookup(result, keys), str):
            lookup(result, keys[:-1])[keys[-1]] = change(path)
    return result


def seen_from(prefix: str, path: str) -> str:
    """Return ``path`` relative to ``prefix``; where only one of them is absolute, just normalised."""
    if posixpath.isabs(path) and posixpath.isabs(prefix):
        return posixpath.relpath(path, prefix)
    return posixpath.normpath(path)
