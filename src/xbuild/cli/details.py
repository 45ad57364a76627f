"""``xbuild details``: PEP 739's ``build-details.json``, checked, shown, repaired, made and compared."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xbuild import details as api
from xbuild.cli.console import print_json, print_result, write_output
from xbuild.cli.options import TargetType, json_option
from xbuild.details.wording import printable
from xbuild.errors import DetailsError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from xbuild.targets import Target

_PATH = click.Path(exists=True, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_OUTPUT = click.Path(dir_okay=False, writable=True, path_type=Path)

_EXPLAINED = ("severity", "title", "explanation", "reference", "url")


def _target_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--target",
        type=TargetType(),
        metavar="NAME",
        help="The machine the files are for; by default what they themselves say.",
    )(command)


def _relocatable_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--relocatable", is_flag=True, help="Write every path relative to the file, so that the tree can be moved."
    )(command)


@click.group()
def details() -> None:
    """Check, show, repair, make and compare build-details.json files."""


@details.command()
@click.argument("paths", metavar="FILE|DIR...", type=_PATH, nargs=-1, required=True)
@_target_option
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "github", "sarif"]),
    default="text",
    show_default=True,
    help="For people and editors, for GitHub Actions, or as SARIF 2.1.0.",
)
@json_option
@click.option("--strict", is_flag=True, help="Fail for warnings too.")
@click.pass_context
def check(  # noqa: PLR0913, one per option
    ctx: click.Context, *, paths: tuple[Path, ...], target: Target | None, style: str, as_json: bool, strict: bool
) -> None:
    """Check files against PEP 739 and against what lies beside them.

    In a DIR, every file under it is checked, whatever its name. The exit status is 10 if there are errors; notes
    never fail. Each finding has a code, which 'xbuild details explain CODE' explains.
    """
    files = [file for path in paths for file in _files(path)]
    findings = [finding for file in files for finding in api.check(file, target=target)]
    _print_findings(findings, style="json" if as_json else style)
    counts = Counter(finding.severity for finding in findings)
    said = ", ".join(f"{counts[level]} {level}{'s' * (counts[level] != 1)}" for level in api.Severity if counts[level])
    click.echo(f"{len(files)} file{'s' * (len(files) != 1)} checked: {said or 'nothing found'}", err=True)
    if counts[api.Severity.ERROR] or (strict and counts[api.Severity.WARNING]):
        ctx.exit(DetailsError.exit_code)


@details.command()
@click.argument("code")
@json_option
def explain(*, code: str, as_json: bool) -> None:
    """Explain a finding's CODE, such as XBD121."""
    found = api.CODES.get(code.upper())
    if found is None:
        raise UsageError(f"unknown code {code!r}", hint=f"the codes are {', '.join(api.CODES)}")
    if as_json:
        print_json({"code": found.id, **{key: getattr(found, key) for key in _EXPLAINED}})
        return
    print_result(f"{found.id} ({found.severity}): {found.title}")
    print_result(f"\n{found.explanation}\n\n{found.reference}: {found.url}")


@details.command()
@click.argument("path", metavar="FILE|DIR", type=_PATH)
@_target_option
@json_option
def show(*, path: Path, target: Target | None, as_json: bool) -> None:
    """Show a file: a table, with every path absolute; with --json, the file as it is."""
    file = _one_file(path, target)
    loaded = api.load(file)
    if as_json:
        print_json(loaded.to_dict())
        return
    from xbuild.cli.console import shown, table

    rows = [("file", str(file)), *_rows(api.resolve(loaded, file).to_dict())]
    print_result(table([(printable(name), printable(shown(value))) for name, value in rows]))


@details.command()
@click.argument("file", metavar="FILE", type=_FILE)
@_target_option
@_relocatable_option
@click.option("--diff", "wants_diff", is_flag=True, help="Print the change as a unified diff; this is the default.")
@click.option("-i", "--in-place", is_flag=True, help="Change the file.")
@click.option("-o", "--output", type=_OUTPUT, metavar="FILE", help="Write the repaired file here; - for the output.")
def repair(  # noqa: PLR0913, one per option
    *, file: Path, target: Target | None, relocatable: bool, wants_diff: bool, in_place: bool, output: Path | None
) -> None:
    """Correct a file from the files beside it.

    Prints a diff and changes nothing, unless --in-place or --output is given. What nothing beside the file supports
    stays as it is. The origin of each changed value is printed on standard error.
    """
    if wants_diff + in_place + (output is not None) > 1:
        raise UsageError("--diff, --in-place and --output exclude each other", hint="give one of them")
    repaired = api.repair(file, target=target, relative=relocatable)
    _print_origins(repaired.origins, nothing=f"{file}: nothing to repair")
    if output is not None:
        write_output(output, repaired.after)
    elif not in_place:
        click.echo(repaired.diff(), nl=False)
    elif repaired.after != repaired.before:
        write_output(file, repaired.after)
    left = [each for each in api.check_text(repaired.after, file=file, evidence=repaired.evidence) if not each.fix]
    for finding in left:
        if finding.severity is api.Severity.ERROR:
            click.echo(f"left: {_line(finding)}", err=True)


@details.command()
@click.argument("stdlib", type=_FOLDER)
@_target_option
@_relocatable_option
@click.option("--prefix", type=_FOLDER, metavar="DIR", help="The prefix STDLIB belongs to, if it is an unusual one.")
@click.option("-o", "--output", type=_OUTPUT, metavar="FILE", help="Write the file here instead of printing it.")
def synthesise(
    *, stdlib: Path, target: Target | None, relocatable: bool, prefix: Path | None, output: Path | None
) -> None:
    """Make a file for a CPython that has none, from its sysconfig data and headers.

    STDLIB is its standard library's folder, such as lib/python3.13. Nothing of the target is executed. The origin of
    each value is printed on standard error.
    """
    made = api.synthesise(stdlib, prefix=prefix, target=target, relative=relocatable)
    _print_origins(made.origins, nothing="")
    write_output(output or Path("-"), api.dumps(made.details))


@details.command()
@click.argument("left", metavar="A", type=_PATH)
@click.argument("right", metavar="B", type=_PATH)
@_target_option
@json_option
@click.pass_context
def diff(ctx: click.Context, *, left: Path, right: Path, target: Target | None, as_json: bool) -> None:
    """Compare what two files mean.

    The order of keys and the style of paths do not count. The exit status is 10 if the files differ, and also if one
    cannot be read, which is then said as an error.
    """
    one, other = (api.load(_one_file(path, target)) for path in (left, right))
    differences = api.compare(one, other)
    if as_json:
        print_json([_difference(each) for each in differences])
    for each in () if as_json else differences:
        for sign, value in (("-", each.left), ("+", each.right)):
            if value is not api.ABSENT:
                print_result(printable(f"{sign} {each.pointer}: {_compact(value)}"))
    if differences:
        ctx.exit(DetailsError.exit_code)


@details.command()
def schema() -> None:
    """Print the JSON schema of version 1.0."""
    print_json(api.schema())


def _files(path: Path) -> list[Path]:
    if not path.is_dir():  # a pipe of the shell's is no regular file
        return [path]
    found = api.discover_all(path)
    if not found:
        raise DetailsError(
            f"{path}: no build-details file in or under it", hint="'xbuild details synthesise' makes one"
        )
    return found


def _one_file(path: Path, target: Target | None) -> Path:
    file = api.discover(path, target=target) if path.is_dir() else path
    if file is None:
        raise DetailsError(f"{path}: no build-details file", hint="'xbuild details synthesise' makes one")
    return file


def _print_findings(findings: Sequence[api.Finding], *, style: str) -> None:
    from xbuild.details import render

    match style:
        case "json":
            print_json([finding.to_dict() for finding in findings])
        case "sarif":
            from importlib.metadata import version

            print_json(render.as_sarif(findings, version=version("xbuild-wheels")))
        case "github":
            for finding in findings:
                print_result(render.as_github(finding))
        case _:
            for finding in findings:
                print_result(_line(finding))
                if (fix := render.fix_text(finding)) is not None:
                    print_result(f"    {fix}")


def _line(finding: api.Finding) -> str:
    from xbuild.details.render import as_text

    return as_text(finding)


def _print_origins(origins: Sequence[api.Origin], *, nothing: str) -> None:
    for origin in origins:
        click.echo(printable(f"{origin.pointer}: from {origin.origin}"), err=True)
    if not origins and nothing:
        click.echo(nothing, err=True)


def _rows(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _rows(inner, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", inner


def _difference(difference: api.Difference) -> dict[str, Any]:
    sides = {"a": difference.left, "b": difference.right}
    return {"pointer": difference.pointer, **{name: value for name, value in sides.items() if value is not api.ABSENT}}


def _compact(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
