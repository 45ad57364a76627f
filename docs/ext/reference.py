"""The reference pages that are made from the code: command line, configuration, exit statuses, targets, findings.

Each function returns Markdown; :func:`setup` writes them into ``reference/generated`` before Sphinx reads the pages.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xbuild import errors
from xbuild.cli import xbuild
from xbuild.errors import XBuildError
from xbuild.resources import data_path
from xbuild.targets import get_target, target_names
from xbuild.wheels.report import CODES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx

SPECIAL = str.maketrans({char: f"\\{char}" for char in r"\`*_{}[]<>#|$"})


def escape(text: str) -> str:
    """Return ``text`` as Markdown that shows it unchanged."""
    return text.translate(SPECIAL)


def commands() -> str:
    """The section of each command, in the order of ``xbuild --help``."""
    context = click.Context(xbuild, info_name="xbuild", **xbuild.context_settings)
    return "\n".join(_command(context, level=2))


def _command(context: click.Context, *, level: int) -> Iterator[str]:
    command = context.command
    yield f"({context.command_path.replace(' ', '-')})=\n\n{'#' * level} `{context.command_path}`\n"
    yield f"```text\n{context.command_path} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    yield from _help(command)
    for option in command.get_params(context):
        record = option.get_help_record(context) if isinstance(option, click.Option) else None
        if record and (option.name != "help" or context.parent is None):
            yield f"`{record[0]}`\n: {escape(record[1])}\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if inner := command.get_command(context, name):
                yield from _command(click.Context(inner, info_name=name, parent=context), level=level + 1)


def _help(command: click.Command) -> Iterator[str]:
    """Click's paragraphs; one that starts with ``\\b`` is kept as it is laid out."""
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        if paragraph.startswith("\b"):
            yield f"```text\n{paragraph.removeprefix(chr(8)).strip(chr(10))}\n```\n"
        else:
            yield f"{escape(paragraph)}\n"


def configuration() -> str:
    """A table of the keys of ``[tool.xbuild]``."""
    schema = json.loads(data_path("schemas", "config.schema.json").read_text("utf-8"))
    rows = ["| key | type | meaning |", "|---|---|---|"]
    for key, value in schema["properties"].items():
        rows.append(f"| `{key}` | {_type(value, schema)} | {escape(value['description'])} |")
    return "\n".join(rows) + "\n"


def _type(value: dict[str, Any], schema: dict[str, Any]) -> str:
    reference = value.get("$ref")
    if reference:
        value = schema["$defs"][reference.rpartition("/")[2]]
    if "enum" in value:
        return " or ".join(f"`{each}`" for each in value["enum"])
    words = {"array": "list of strings", "object": "table", "boolean": "true or false", "string": "string"}
    return words[value["type"]]


def exit_statuses() -> str:
    """A table of the statuses that foreseen failures end with."""
    meanings: dict[int, list[str]] = {}
    for each in vars(errors).values():
        if inspect.isclass(each) and issubclass(each, XBuildError) and each is not XBuildError:
            meanings.setdefault(each.exit_code, []).append((inspect.getdoc(each) or "").split("\n", 1)[0])
    rows = [f"| {status} | {escape(' '.join(texts))} |" for status, texts in sorted(meanings.items())]
    return "\n".join(["| status | meaning |", "|---|---|", *rows]) + "\n"


def targets() -> str:
    """A table of the targets."""
    rows = ["| name | also | GNU triplet | wheel platform | oldest manylinux |", "|---|---|---|---|---|"]
    for target in map(get_target, target_names()):
        aliases = ", ".join(f"`{alias}`" for alias in target.aliases)
        floor = "manylinux_{}_{}".format(*target.manylinux_floor)
        rows.append(f"| `{target.name}` | {aliases} | `{target.triplet}` | `{target.linux_tag}` | `{floor}` |")
    return "\n".join(rows) + "\n"


def wheel_findings() -> str:
    """A table of what ``xbuild verify`` and ``xbuild wheel`` find in wheels."""
    rows = [f"| {code} | {escape(title)} |" for code, title in sorted(CODES.items())]
    return "\n".join(["| code | meaning |", "|---|---|", *rows]) + "\n"


PAGES = {
    "commands.md": commands,
    "configuration.md": configuration,
    "exit-statuses.md": exit_statuses,
    "targets.md": targets,
    "wheel-findings.md": wheel_findings,
}


def write(folder: Path) -> None:
    """Write all generated pages into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, render in PAGES.items():
        (folder / name).write_text(render(), "utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the generator with Sphinx."""
    app.connect("builder-inited", lambda app: write(Path(app.srcdir) / "reference" / "generated"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
