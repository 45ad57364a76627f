"""``xbuild image``: the images that ``xbuild wheel --engine container`` runs in."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import product
from typing import TYPE_CHECKING, Any

import click

from xbuild.cli.console import open_progress, print_json, print_result, shown, size, table
from xbuild.cli.options import PythonType, TargetType, json_option, output_options

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xbuild.engines.container.inventory import OwnImage
    from xbuild.targets import Target


@click.group()
def image() -> None:
    """Build, list and prune the images that builds in containers run in.

    'xbuild wheel --engine container' builds the image it needs by itself; this is to have it beforehand.
    """


@image.command()
@click.option(
    "--target",
    "targets",
    type=TargetType(),
    required=True,
    multiple=True,
    metavar="NAME",
    help="The machine to build for, such as riscv64. Repeat it for more.",
)
@click.option(
    "--python",
    "pythons",
    type=PythonType(),
    multiple=True,
    metavar="X.Y[t]",
    help="The target's CPython; by default 3.13. Repeat it for more.",
)
@click.option(
    "--toolchain",
    type=click.Choice(["gcc", "zig"]),
    default="gcc",
    show_default=True,
    help="The compilers.",
)
@click.option(
    "--lib",
    "libraries",
    multiple=True,
    metavar="PACKAGE",
    help="A library of the target to put into the sysroot: a Debian package such as libffi-dev. Repeat it for more.",
)
@click.option("--archive", metavar="URL", help="The Debian archive to fetch from; by default XBUILD_ARCHIVE.")
@click.option("--base-suite", metavar="SUITE", help="The suite of the compilers, C library and libraries.")
@click.option("--python-suite", metavar="SUITE", help="The suite of the target's Python.")
@click.option(
    "--base",
    metavar="REF",
    help="The image to build on, which must have apt, as NAME:TAG or NAME@sha256:DIGEST; by default "
    "debian:trixie-slim.",
)
@click.option("--platform", metavar="OS/ARCH", help="The machine that builds run on; by default the engine's own.")
@click.option("--together", is_flag=True, help="Put all targets into one image; without it, each gets its own.")
@output_options
@json_option
def build(
    *,
    targets: tuple[Target, ...],
    pythons: tuple[str, ...],
    together: bool,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Build images with all that builds for targets need, unless they are there."""
    from xbuild.engines.container.client import open_client
    from xbuild.engines.container.images import ImageRequest, ensure_image
    from xbuild.engines.container.inventory import own_images
    from xbuild.selection import Selection

    place = {name: value for name in ("base", "platform") if (value := chosen.pop(name)) is not None}
    groups = [targets] if together else [(target,) for target in dict.fromkeys(targets)]
    client = open_client(os.environ)
    made = []
    with open_progress() as progress:
        for group in groups:
            selections = tuple(
                Selection(target=target, python=python, **chosen)
                for target, python in product(group, pythons or [None])
            )
            request = ImageRequest(selections=selections, **place)
            made.append(ensure_image(client, request, environ=os.environ, progress=progress))
    _print([each for each in own_images(client) if each.id in made], as_json=as_json)


@image.command("list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the images that xbuild built."""
    from xbuild.engines.container.client import open_client
    from xbuild.engines.container.inventory import own_images

    _print(own_images(open_client(os.environ)), as_json=as_json)


@image.command()
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Remove all images that xbuild built, and what runs of other machines and containers left or still use.",
)
@output_options
@json_option
def prune(*, everything: bool, as_json: bool) -> None:
    """Remove images that this xbuild does not use any more, and what killed runs left.

    What belongs to a run that still lives stays. Whether one of another machine or container lives cannot be known:
    what it left goes a day later, or when its time limit is over if that is longer.
    """
    from xbuild.engines.container import inventory
    from xbuild.engines.container.client import open_client
    from xbuild.provision.cache import Cache

    client = open_client(os.environ)
    with open_progress() as progress:
        cache = Cache.default(os.environ, progress=progress)
        pruned = inventory.prune(client, cache=cache, everything=everything)
        for name in pruned.used:
            progress.note(f"kept {name}: a container uses it")
        for name in pruned.unknown:
            progress.note(
                f"kept {name}: its run may still go on, on another machine or in a container; --all removes it"
            )
    removed = {"container": pruned.containers, "volume": pruned.volumes, "image": pruned.images}
    if as_json:
        print_json({f"{kind}s": names for kind, names in removed.items()})
        return
    for kind, names in removed.items():
        for name in names:
            print_result(f"removed the {kind} {name}")


def _print(images: Iterable[OwnImage], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(each) | {"created": each.created.isoformat()} for each in images])
        return
    now = datetime.now(UTC)
    rows = [
        (
            each.id.removeprefix("sha256:")[:12],
            shown(each.tag),
            shown(each.targets),
            shown(each.pythons),
            each.version + ("" if each.is_current else " (old)"),
            size(each.size),
            _age((now - each.created).total_seconds()),
        )
        for each in images
    ]
    print_result(table([("ID", "TAG", "TARGETS", "PYTHONS", "VERSION", "SIZE", "AGE"), *rows]))


def _age(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{seconds:.0f} seconds"
