"""``xbuild target``: the targets xbuild knows, and what is in the cache for them."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from xbuild.cli.console import open_progress, print_json, print_result, shown, table
from xbuild.cli.options import TargetType, json_option, output_options, selection_options
from xbuild.targets import Target, get_target, target_names

if TYPE_CHECKING:
    from xbuild.pipeline import Selection


@click.group()
def target() -> None:
    """List, show, fetch and remove targets."""


@target.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the targets.

    An alias, such as arm64 or ppc64el, is as good as a name.
    """
    targets = [get_target(name) for name in target_names()]
    if as_json:
        print_json([asdict(each) for each in targets])
        return
    rows = [(each.name, each.triplet, shown(each.aliases), each.description) for each in targets]
    print_result(table([("NAME", "TRIPLET", "ALIASES", "DESCRIPTION"), *rows]))


@target.command()
@click.argument("name", type=TargetType())
@json_option
def show(name: Target, *, as_json: bool) -> None:
    """Show what xbuild knows about a target."""
    if as_json:
        print_json(asdict(name))
        return
    print_result(table([(key, shown(value)) for key, value in _facts(name)]))


def _facts(shown_target: Target) -> list[tuple[str, object]]:
    """Flatten the tables: ``elf.machine``; versions and CPU models as the files write them."""
    facts: list[tuple[str, object]] = []
    for key, value in asdict(shown_target).items():
        if isinstance(value, dict):
            facts += [(f"{key}.{inner}", _fact(inner, each)) for inner, each in value.items()]
        else:
            facts.append((key, _fact(key, value)))
    return facts


def _fact(key: str, value: object) -> object:
    match key, value:
        case "manylinux_floor" | "glibc_floor", (int(major), int(minor)):
            return f"{major}.{minor}"
        case "cpus", tuple():
            return [f"{model} since QEMU {major}.{minor}" if major else model for (major, minor), model in value]
        case "flags" | "flags_mask", int():
            return f"{value:#x}"
        case _:
            return value


@target.command()
@selection_options(positional=True)
@output_options
@json_option
def fetch(*, selection: Selection, as_json: bool) -> None:
    """Fetch all that builds for a target need, so that they can run with --offline."""
    from xbuild import pipeline  # the core, only where it is used

    with open_progress() as progress:
        resolved = pipeline.fetch(selection, progress=progress, environ=os.environ)
    if as_json:
        print_json([asdict(each) for each in resolved.provenance])
        return
    rows = [(each.component, each.suite, str(len(each.packages)), each.archive) for each in resolved.provenance]
    print_result(table([("COMPONENT", "SUITE", "PACKAGES", "ARCHIVE"), *rows]))
