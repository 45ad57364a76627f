"""``xbuild verify``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xbuild.cli.console import print_json, print_result
from xbuild.cli.options import PythonType, TargetType, json_option
from xbuild.errors import VerificationError

if TYPE_CHECKING:
    from xbuild.targets import Target
    from xbuild.wheels.report import Finding, VerificationReport

_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


@click.command()
@click.argument("wheels", metavar="WHEEL...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--target",
    type=TargetType(),
    metavar="NAME",
    help="The machine the wheels are for; by default the one their names say.",
)
@click.option(
    "--python",
    type=PythonType(),
    metavar="X.Y[t]",
    help="The CPython the wheels are for; by default the one their names say.",
)
@json_option
def verify(wheels: tuple[Path, ...], target: Target | None, python: str | None, as_json: bool) -> None:
    """Check that wheels are what their names say.

    Each wheel is opened: its archive and metadata must be whole, its tags those of the target, and every program and
    library in it made for the target and for no newer system than the tags promise.
    The exit status is 14 if a wheel is wrong.
    """
    from xbuild.wheels.verify import expectation_for, verify_wheel

    reports = [verify_wheel(wheel, expectation_for(wheel, target=target, python=python)) for wheel in wheels]
    bad = [report for report in reports if not report.ok]
    if as_json:
        print_json([report.to_dict() for report in reports])
        if bad:  # the one JSON value on standard output has said it all
            click.get_current_context().exit(VerificationError.exit_code)
        return
    for report in reports:
        _show(report)
    if bad:
        names = ", ".join(report.path.name for report in bad)
        raise VerificationError(
            f"{len(bad)} of {len(reports)} wheels failed verification: {names}"
            if len(reports) > 1
            else f"{names} failed verification",
            hint="each finding says what was expected and found; 'xbuild wheel' shows the log of a build",
        )


def _show(report: VerificationReport) -> None:
    """The verdict goes to standard output, the findings to standard error: what several files share is said once."""
    members: dict[Finding, list[str]] = {}
    for finding in report.findings:
        members.setdefault(replace(finding, member=None), []).append(finding.member or "")
    for finding, where in members.items():
        _show_finding(finding, f"{report.path.name}: {_some(where)}" if any(where) else report.path.name)
    print_result(f"{report.path.name}: {'ok' if report.ok else 'wrong'}, {_summary(report)}")


def _show_finding(finding: Finding, where: str) -> None:
    severity = click.style(f"{finding.severity}:", fg=_COLOURS[finding.severity], bold=True)
    click.echo(f"{severity} {finding.code} {where}: {finding.message}", err=True)
    if finding.expected is not None:
        click.echo(f"    expected {finding.expected}", err=True)
    if finding.found is not None:
        click.echo(f"    found    {finding.found}", err=True)


def _some(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]}, {names[1]} and {len(names) - 2} more"


def _summary(report: VerificationReport) -> str:
    parts = [_count(len(report.elf_files), "ELF file"), _count(len(report.modules), "extension module")]
    need = report.need
    if need is not None and need.glibc is not None:
        parts.append(f"needs glibc {need.glibc[0]}.{need.glibc[1]}")
    if need is not None:
        tag = f"manylinux_{need.manylinux[0]}_{need.manylinux[1]}" if need.manylinux else "no manylinux tag"
        parts.append(f"earns {tag}")
    return ", ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
