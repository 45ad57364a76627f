"""``xbuild wheel``: parameters into one request, one call, and its result told."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xbuild.cli.config import load_defaults
from xbuild.cli.console import open_progress, print_json, print_result, write_output
from xbuild.cli.options import json_option, output_options, selection_options, take_image

if TYPE_CHECKING:
    from xbuild.engines import Engine
    from xbuild.pipeline import Step


def _settings(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str | list[str]]:
    """Turn KEY=VALUE pairs into PEP 517's config settings; a key given more than once has a list."""
    settings: dict[str, str | list[str]] = {}
    for text in values:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise click.BadParameter(f"{text!r} is not KEY=VALUE")
        earlier = settings.get(key)
        match earlier:
            case None:
                settings[key] = value
            case str():
                settings[key] = [earlier, value]
            case list():
                earlier.append(value)
    return settings


def _platform_tag(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if value in {"auto", "linux"} or re.fullmatch(r"manylinux_\d+_\d+", value):
        return value
    raise click.BadParameter(f"{value!r} is not auto, linux or manylinux_X_Y, such as manylinux_2_28")


def _container_only(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
    """Refuse an option that would have no effect; what the configuration says waits for the container engine."""
    given = ctx.get_parameter_source(str(param.name)) is click.core.ParameterSource.COMMANDLINE
    if given and ctx.params.get("engine") == "local":
        raise click.BadParameter("it is for builds in containers: add --engine container")
    return value


@click.command()
@click.argument("source", default=".", is_eager=True, callback=load_defaults)
@selection_options(multiple=True)
@click.option(
    "-C",
    "--config-setting",
    "config_settings",
    multiple=True,
    callback=_settings,
    metavar="KEY=VALUE",
    help="A setting for the build backend. Repeat it for more.",
)
@click.option(
    "--platform-tag",
    default="auto",
    show_default=True,
    callback=_platform_tag,
    metavar="auto|linux|manylinux_X_Y",
    help="auto computes the oldest manylinux tag that is true; linux leaves the plain tag.",
)
@click.option("--allow-pure", is_flag=True, help="Accept a wheel without compiled modules from compiled sources.")
@click.option(
    "--test/--no-test", default=None, help="Test the wheel under the emulator; by default if there is a test command."
)
@click.option("--test-command", metavar="COMMAND", help="What to run as the test, instead of importing the modules.")
@click.option(
    "--find-links",
    multiple=True,
    metavar="DIR|URL",
    help="Where else the test finds wheels of the requirements for the target. Repeat it for more.",
)
@click.option(
    "-o",
    "--outdir",
    type=click.Path(file_okay=False, path_type=Path),
    default="dist",
    show_default=True,
    metavar="DIR",
    help="Where to put the wheels.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "container"]),
    default="local",
    show_default=True,
    is_eager=True,
    help="Where to build: in this process, or locked down in a container of Docker or Podman.",
)
@click.option(
    "--image",
    metavar="REF",
    callback=_container_only,
    help="The image to build in, instead of one that is made of what the target needs.",
)
@click.option(
    "--platform",
    metavar="OS/MACHINE",
    callback=_container_only,
    help="The platform of the container, such as linux/amd64; by default the engine's own.",
)
@click.option(
    "--container",
    "limits",
    multiple=True,
    callback=_container_only,
    metavar="KEY=VALUE",
    help="What the build in the container may use: network=true, memory=4g, cpus=2, pids=4096, timeout=6h. "
    "Repeat it for more.",
)
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a build report.")
@click.option("--dry-run", is_flag=True, help="Show the steps and do none of them.")
@output_options
@json_option
def wheel(  # noqa: PLR0913, one for each option that is not the request's
    *,
    engine: str,
    image: str | None,
    platform: str | None,
    limits: tuple[str, ...],
    report: Path | None,
    dry_run: bool,
    as_json: bool,
    **request: Any,
) -> None:
    """Build wheels for other machines from a folder, an sdist or NAME==VERSION.

    SOURCE is a folder (by default this one), an sdist file, or NAME==VERSION, whose sdist is fetched from the package
    index. Each target is built with each Python. The paths of the wheels are printed on standard output.

    Defaults for the options can stand in the [tool.xbuild] table of the folder's pyproject.toml.
    """
    from xbuild import pipeline  # the core, only where it is used

    wanted = pipeline.WheelRequest(**request)  # every other parameter is a field of it
    chosen = _open_engine(engine, image=image, platform=platform, limits=limits)
    if dry_run:
        _print_plan(chosen.plan(wanted, environ=os.environ), as_json=as_json)
        return
    with open_progress() as progress:
        taken = tuple(take_image(selection, progress=progress) for selection in wanted.selections)
        wanted = replace(wanted, selections=taken)
        result = chosen.run(wanted, progress=progress, environ=os.environ)
    if report is not None:
        write_output(report, json.dumps(result.report, indent=2) + "\n")
    if as_json:
        print_json(result.report)
        return
    for path in result.wheels:
        print_result(str(path))


def _open_engine(name: str, *, image: str | None, platform: str | None, limits: tuple[str, ...]) -> Engine:
    if name == "local":
        from xbuild.engines.local import LocalEngine

        return LocalEngine()
    from xbuild.engines.container.engine import ContainerEngine
    from xbuild.engines.container.limits import parse_limits

    return ContainerEngine(image=image, platform=platform, limits=parse_limits(limits))


def _print_plan(steps: tuple[Step, ...], *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(step) for step in steps])
        return
    for number, step in enumerate(steps, 1):
        print_result(f"{number}. {step.title}")
