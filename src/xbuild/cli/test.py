"""``xbuild test``: one wheel, tested with the target's interpreter."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xbuild.cli.console import open_progress, print_json, print_result
from xbuild.cli.options import json_option, output_options, selection_options, take_image

if TYPE_CHECKING:
    from xbuild.selection import Selection


@click.command()
@click.argument("wheel", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@selection_options()
@click.option("--command", metavar="COMMAND", help="What to run as the test, instead of importing the modules.")
@click.option(
    "--find-links",
    multiple=True,
    metavar="DIR|URL",
    help="Where else to find wheels of the requirements for the target. Repeat it for more.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="How long the imports or the command may take; by default half an hour.",
)
@output_options
@json_option
def test(  # noqa: PLR0913, one for each option
    wheel: Path,
    *,
    selection: Selection,
    command: str | None,
    find_links: tuple[str, ...],
    timeout: float | None,
    as_json: bool,
) -> None:
    """Test a wheel for another machine under the emulator.

    WHEEL is installed with what it requires, from wheels for the target alone; then every module it brings is
    imported, or COMMAND is run, in which 'python' is the target's interpreter. The Python is the one in the wheel's
    name unless --python says another.
    """
    from xbuild.resolve import resolve_runtime  # the core, only where it is used
    from xbuild.testing.names import python_for
    from xbuild.testing.wheel import DEFAULT_TIMEOUT, run_test

    python = python_for(wheel.name, target=selection.target)
    if selection.python is None and selection.build_details is None:
        selection = dataclasses.replace(selection, python=python)
    with open_progress() as progress:
        selection = take_image(selection, progress=progress)
        runtime = resolve_runtime(selection, progress=progress, environ=os.environ)
        result = run_test(
            wheel,
            runtime=runtime,
            find_links=find_links,
            command=command,
            offline=selection.offline,
            timeout=timeout or DEFAULT_TIMEOUT,
            progress=progress,
        )
    if as_json:
        print_json(result.to_dict())
    elif command is not None:
        print_result(f"{wheel.name}: the command succeeded")
    else:
        print_result(f"{wheel.name}: {len(result.imported)} modules imported")
