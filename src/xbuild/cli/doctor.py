"""``xbuild doctor``: what is there, what is missing, and what to do about it."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING

import click

from xbuild.cli.console import open_progress, print_json, print_result
from xbuild.cli.options import json_option, output_options, selection_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xbuild.doctor.model import Check
    from xbuild.selection import Selection

_MARKS = {"ok": ("✓", "green"), "absent": ("-", "yellow"), "problem": ("✗", "red")}


@click.command()
@selection_options(optional=True)
@json_option
@output_options
@click.pass_context
def doctor(context: click.Context, *, selection: Selection | None, as_json: bool) -> None:
    """Check this machine, and whether building for a target works.

    Without --target, what is there is looked at and nothing is fetched. With it, what a build needs is fetched (unless
    --offline), and a small program or module of each language is compiled, linked and run. The exit status is that of
    the first problem: what is absent is none.
    """
    from xbuild import __version__
    from xbuild.doctor.model import exit_status

    checks = []
    for found in _checks(context, selection):
        checks += found
        if not as_json:
            for check in found:
                _show(check)
    status = exit_status(checks)
    if as_json:
        target = selection.target.name if selection is not None else None
        listed = [check.to_dict() for check in checks]
        print_json({"xbuild": __version__, "target": target, "exit_status": status, "checks": listed})
    elif any(check.status == "problem" for check in checks):
        print_result("\nThere are problems: see ✗ above.")
    context.exit(status)


def _checks(context: click.Context, selection: Selection | None) -> Iterator[list[Check]]:
    """Yield what is found, in parts: not while a live display has the terminal, which takes what is printed."""
    from xbuild.doctor.machine import check_machine

    chosen = context.params
    yield list(check_machine(os.environ, archive=chosen["archive"], offline=chosen["offline"]))
    if selection is not None:
        from xbuild.doctor.target import check_target

        with open_progress() as progress:
            found = list(check_target(selection, environ=os.environ, progress=progress))
        yield found


def _show(check: Check) -> None:
    mark, color = _MARKS[check.status]
    head, *rest = check.finding.splitlines()
    print_result(f"{click.style(mark, fg=color)} {check.subject:<15} {head}")
    for line in rest:
        print_result(f"  {'':<15} {line.strip()}")
    if check.remedy:
        print_result(f"  {'':<15} {click.style('→', fg='cyan')} {check.remedy}")
    if check.details and check.status == "problem":
        print_result(textwrap.indent(check.details.rstrip("\n"), " " * 20))
