"""``[tool.xbuild]`` of a project's ``pyproject.toml``: defaults for the options of ``xbuild wheel``."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbuild.errors import UsageError
from xbuild.resources import data_path

if TYPE_CHECKING:
    import click

RENAMED = {"config-settings": "config-setting"}
"""Keys that are not the option's own name."""


def load_defaults(ctx: click.Context, _param: click.Parameter, source: str) -> str:
    """Make the configuration of the folder ``source`` the defaults of the command: the callback of an eager SOURCE."""
    table = read_table(Path(source) / "pyproject.toml")
    names = {option: each.name for each in ctx.command.params for option in each.opts}
    defaults = {names[f"--{RENAMED.get(key, key)}"]: _as_option(value) for key, value in table.items()}
    ctx.default_map = {**(ctx.default_map or {}), **defaults}
    return source


def read_table(path: Path) -> dict[str, Any]:
    """Return the checked ``[tool.xbuild]`` of ``path``: empty if there is none.

    Raises :class:`UsageError` with every problem if it does not follow ``config.schema.json``.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8")).get("tool", {}).get("xbuild", {})
    except (OSError, ValueError, AttributeError):
        return {}  # no folder, or no file that could be read: the build says so, better
    problems = _problems(table) if table else []
    if problems:
        # A folder may say that it needs a network, and not which: the host's own is none for a stranger.
        named = any(problem.startswith("container.network: ") for problem in problems)
        raise UsageError(
            f"[tool.xbuild] in {path} is wrong:\n" + "\n".join(f"  {problem}" for problem in problems),
            hint="a network is chosen by name on the command line alone: --container network=NAME"
            if named
            else "the keys are the long options of 'xbuild wheel --help'",
        )
    return table if isinstance(table, dict) else {}


def _problems(table: object) -> list[str]:
    import jsonschema  # slow to import; only those who configure something pay for it

    schema = json.loads(data_path("schemas", "config.schema.json").read_text("utf-8"))
    errors = jsonschema.Draft202012Validator(schema).iter_errors(table)
    return sorted(f"{'.'.join(map(str, error.absolute_path)) or 'table'}: {error.message}" for error in errors)


def _as_option(value: Any) -> Any:
    """Config settings are a table here and a list of KEY=VALUE on the command line."""
    if not isinstance(value, dict):
        return value
    return [f"{key}={item}" for key, items in value.items() for item in (items if isinstance(items, list) else [items])]
