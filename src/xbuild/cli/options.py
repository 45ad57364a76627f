"""The options several commands share, as decorators."""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xbuild.cli import Session
from xbuild.targets import Target, get_target, target_names

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click.shell_completion import CompletionItem

    from xbuild.progress import Progress
    from xbuild.selection import Selection

    Callback = Callable[..., Any]

TOOLCHAIN_KINDS = ("gcc", "system", "zig")


class TargetType(click.ParamType[Target]):
    """A target by its name or an alias; an unknown one is a TargetError, which says what was probably meant."""

    name = "target"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Target:  # noqa: ARG002, click's signature
        return value if isinstance(value, Target) else get_target(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002, click's signature
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in target_names() if name.startswith(incomplete)]


class PythonType(click.ParamType[str]):
    """A CPython's major and minor version, with a ``t`` for the free-threaded build."""

    name = "python"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"3\.\d{1,2}t?", value):
            patch = re.fullmatch(r"(3\.\d{1,2})\.\d+\w*?(t?)", value)
            near = f"; did you mean {patch[1]}{patch[2]}?" if patch else ""
            self.fail(f"{value!r} is not X.Y or X.Yt, such as 3.13 or 3.14t{near}", param, ctx)
        return str(value)


class ToolchainType(click.ParamType[str]):
    """One of :data:`TOOLCHAIN_KINDS`, or the path of a toolchain file, made absolute."""

    name = "toolchain"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value in TOOLCHAIN_KINDS:
            return str(value)
        path = Path(value)
        if not path.is_file():
            self.fail(f"{value!r} is neither {', '.join(TOOLCHAIN_KINDS)} nor a file that exists", param, ctx)
        return str(path.resolve())


_FOLDER = click.Path(exists=True, file_okay=False, resolve_path=True, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, resolve_path=True, path_type=Path)


def _selection_parameters(*, multiple: bool, positional: bool) -> list[Callback]:
    again = " Repeat it for more." if multiple else ""
    target = click.option(
        "--target",
        type=TargetType(),
        multiple=multiple,
        metavar="NAME",
        help="The machine to build for, such as riscv64: see 'xbuild target list'. "
        f"A --toolchain file may name it instead.{again}",
    )
    return [
        click.argument("target", type=TargetType()) if positional else target,
        click.option(
            "--python",
            type=PythonType(),
            multiple=multiple,
            metavar="X.Y[t]",
            help=f"The target's CPython; by default 3.13, or the one of --build-details.{again}",
        ),
        click.option(
            "--toolchain",
            type=ToolchainType(),
            default="gcc",
            show_default=True,
            metavar="gcc|system|zig|FILE",
            help="The compilers: GCC from the archive, the target's GNU compilers on PATH, zig, or a toolchain file.",
        ),
        click.option("--sysroot", type=_FOLDER, metavar="DIR", help="A sysroot of your own, instead of the archive's."),
        click.option(
            "--build-details",
            type=_FILE,
            metavar="FILE",
            help="The build-details.json of a target Python of your own, instead of the archive's.",
        ),
        click.option(
            "--sysroot-image",
            metavar="REF",
            help="A container image of the target, laid out as manylinux's, to take sysroot and Python from.",
        ),
        click.option(
            "--lib",
            "libraries",
            multiple=True,
            metavar="PACKAGE",
            help="A library of the target to put into the sysroot: a Debian package such as libffi-dev. "
            "Repeat it for more.",
        ),
        click.option(
            "--archive",
            metavar="URL",
            help="The Debian archive to fetch from; by default XBUILD_ARCHIVE, the machine's own, or a public one.",
        ),
        click.option("--base-suite", metavar="SUITE", help="The suite of the compilers, C library and libraries."),
        click.option("--python-suite", metavar="SUITE", help="The suite of the target's Python."),
        click.option("--offline", is_flag=True, help="Use what is in the cache and fetch nothing."),
    ]


def selection_options(
    *, multiple: bool = False, positional: bool = False, optional: bool = False
) -> Callable[[Callback], Callback]:
    """Add the options that choose what to build for; ``positional`` makes the target an argument.

    The command is called with ``selection``, or, if ``multiple``, with ``selections``: the product of its targets and
    Pythons. If ``optional``, the target may be left out, and ``selection`` is None then.
    """

    def decorate(command: Callback) -> Callback:
        @functools.wraps(command)
        def with_selections(*args: Any, target: Any, python: Any, **options: Any) -> Any:
            chosen = {name: options.pop(name) for name in _SHARED}
            if not target:
                target = _named_target(chosen["toolchain"], optional=optional)
                if target is None:
                    return command(*args, selection=None, **options)
                target = (target,) if multiple else target
            if not multiple:
                return command(*args, selection=_select([target], [python], chosen)[0], **options)
            return command(*args, selections=_select(target, python or [None], chosen), **options)

        return functools.reduce(
            lambda wrapped, option: option(wrapped),
            reversed(_selection_parameters(multiple=multiple, positional=positional)),
            with_selections,
        )

    return decorate


def _named_target(toolchain: str, *, optional: bool) -> Target | None:
    """Return the target that a toolchain file names, for a command line that names none."""
    if toolchain not in TOOLCHAIN_KINDS:
        from xbuild.toolchains.own_file import read_target  # needed by no one else

        found = read_target(Path(toolchain))
        if found is not None:
            return found
    if optional:
        return None
    raise click.MissingParameter(ctx=click.get_current_context(), param_hint="'--target'", param_type="option")


_SHARED = (
    "toolchain",
    "sysroot",
    "build_details",
    "sysroot_image",
    "libraries",
    "archive",
    "base_suite",
    "python_suite",
    "offline",
)


def _select(targets: Sequence[Target], pythons: Sequence[str | None], shared: dict[str, Any]) -> tuple[Selection, ...]:
    from xbuild.selection import Selection  # not needed to parse, complete or describe options

    if shared["sysroot_image"] is not None:
        _refuse_beside_image(shared)
    return tuple(
        Selection(target=target, python=python, **shared)
        for target in dict.fromkeys(targets)
        for python in dict.fromkeys(pythons)
    )


def _refuse_beside_image(shared: dict[str, Any]) -> None:
    also = {"--sysroot": "sysroot", "--build-details": "build_details", "--lib": "libraries"}
    for option, name in also.items():
        if shared[name]:
            raise click.UsageError(
                f"--sysroot-image and {option} exclude each other: the image has the sysroot and the Python",
                click.get_current_context(),
            )


def take_image(selection: Selection, *, progress: Progress) -> Selection:
    """Return ``selection`` with the sysroot and the Python of its image, if it has one, copied to where it names them.

    Raises what :func:`xbuild.engines.container.sysroot.take_image` does.
    """
    if selection.sysroot_image is None:
        return selection
    from xbuild.engines.container import sysroot  # slow to import, and needs an engine

    return sysroot.take_image(selection, progress=progress, environ=os.environ)


def output_options(command: Callback) -> Callback:
    """Add ``-v`` and ``-q``; :func:`xbuild.cli.console.open_progress` obeys them."""
    louder = click.option(
        "-v",
        "--verbose",
        is_flag=True,
        expose_value=False,
        callback=functools.partial(_set_verbosity, level=1),
        help="Show what the programs of the build print.",
    )
    quieter = click.option(
        "-q",
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=functools.partial(_set_verbosity, level=-1),
        help="Show nothing but errors.",
    )
    return louder(quieter(command))


def _set_verbosity(ctx: click.Context, _param: click.Parameter, value: bool, *, level: int) -> None:
    if value:
        ctx.ensure_object(Session).verbosity = level


def json_option(command: Callback) -> Callback:
    """Add ``--json``, passed on as ``as_json``: the result, and an error too, as JSON on standard output."""
    option = click.option(
        "--json", "as_json", is_flag=True, is_eager=True, callback=_set_json, help="Print the result as JSON."
    )
    return option(command)


def _set_json(ctx: click.Context, _param: click.Parameter, value: bool) -> bool:
    ctx.ensure_object(Session).json = value
    return value
