"""``xbuild target``: the targets xbuild knows, and what is in the cache for them."""

from __future__ import annotations

import os
import platform
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from xbuild.cli.console import open_progress, print_json, print_result, shown, size, table
from xbuild.cli.options import TargetType, json_option, output_options, selection_options, take_image
from xbuild.progress import SilentProgress
from xbuild.targets import Target, get_target, target_names

if TYPE_CHECKING:
    from xbuild.progress import Progress
    from xbuild.provision.provisioner import Provisioner
    from xbuild.selection import Selection


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
    cached = Counter[str]()
    for stored in _provisioner(SilentProgress()).stored():
        cached[stored.target] += stored.size
    if as_json:
        print_json([{**asdict(each), "cached": cached[each.name]} for each in targets])
        return
    rows = [
        (each.name, shown(each.aliases), size(cached[each.name]) if cached[each.name] else "-", each.description)
        for each in targets
    ]
    print_result(table([("NAME", "ALIASES", "IN THE CACHE", "DESCRIPTION"), *rows]))


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
    """Fetch all that builds for a target need, so that they can run with --offline.

    What is in the cache already is replaced if the archive has something newer.
    """
    from xbuild.resolve import resolve  # the core, only where it is used

    with open_progress() as progress:
        selection = take_image(selection, progress=progress)
        resolved = resolve(selection, progress=progress, environ=os.environ, refresh=not selection.offline)
    if as_json:
        print_json([asdict(each) for each in resolved.provenance])
        return
    rows = [(each.component, each.suite, str(len(each.packages)), each.archive) for each in resolved.provenance]
    print_result(table([("COMPONENT", "SUITE", "PACKAGES", "ARCHIVE"), *rows]))


@target.command()
@click.argument("targets", nargs=-1, type=TargetType(), metavar="[NAME]...")
@click.option("--downloads", is_flag=True, help="Remove the downloads too: what is unpacked from them stays usable.")
@output_options
def remove(*, targets: tuple[Target, ...], downloads: bool) -> None:
    """Remove what the cache has for targets.

    The target of the build machine itself has what all targets share: build Pythons and QEMU. Cross files that were
    written for a removed target no longer work, unless they are portable.
    """
    if not targets and not downloads:
        raise click.UsageError("nothing to remove: name a target, or --downloads", click.get_current_context())
    with open_progress() as progress:
        provisioner = _provisioner(progress)
        freed = sum(provisioner.remove(each) for each in targets)
        if downloads:
            freed += provisioner.cache.remove_downloads()
        progress.note(f"freed {size(freed)}")


def _provisioner(progress: Progress) -> Provisioner:
    from xbuild.provision.cache import Cache
    from xbuild.provision.debian.sources import ArchiveSettings
    from xbuild.provision.provisioner import Provisioner

    return Provisioner(
        settings=ArchiveSettings.discover(None, os.environ),
        cache=Cache.default(os.environ, progress=progress),
        build=get_target(platform.machine()),
        progress=progress,
    )
