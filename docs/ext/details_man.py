"""``man/xbuild-details.1``: the manual page of ``xbuild details``, made from the command's own help.

    python docs/ext/details_man.py

A test fails if the page is not what this makes.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xbuild.cli.details import details

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "man" / "xbuild-details.1"
EXIT = (("0", "Nothing is wrong, or nothing differs."), ("2", "The command line is wrong."), ("10", "A file is wrong."))


def page() -> str:
    """Return the text of the page, in man(7)'s macros."""
    lines = [
        '.\\" Made by docs/ext/details_man.py from the code.',
        '.TH XBUILD\\-DETAILS 1 "" xbuild "User Commands"',
        ".SH NAME",
        "xbuild\\-details \\- check, show, repair, make and compare build\\-details.json files (PEP 739)",
        ".SH SYNOPSIS",
        ".B xbuild details",
        ".I COMMAND",
        "[\\fIOPTION\\fR]...",
        ".SH DESCRIPTION",
        _text(inspect.cleandoc(details.help or "")),
        ".SH COMMANDS",
    ]
    context = click.Context(details, info_name="details")
    for name in details.list_commands(context):
        if (command := details.get_command(context, name)) is not None:
            lines += _command(click.Context(command, info_name=name, parent=context))
    lines.append(".SH EXIT STATUS")
    for status, meaning in EXIT:
        lines += [".TP", status, _text(meaning)]
    lines += [".SH SEE ALSO", _text("https://packaging.python.org/en/latest/specifications/build-details/")]
    return "\n".join(lines) + "\n"


def _command(context: click.Context) -> Iterator[str]:
    command = context.command
    yield f".SS {_text(' '.join([command.name or '', *command.collect_usage_pieces(context)]))}"
    for index, paragraph in enumerate(inspect.cleandoc(command.help or "").split("\n\n")):
        yield from ([] if index == 0 else [".PP"])
        yield _text(" ".join(paragraph.split()))
    for option in command.params:
        record = option.get_help_record(context) if isinstance(option, click.Option) else None
        if record is not None:
            yield from (".TP", f".B {_text(record[0])}", _text(record[1]))


def _text(text: str) -> str:
    """Return ``text`` so that roff shows it unchanged."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped[:1] in {".", "'"} else escaped


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), "utf-8")
