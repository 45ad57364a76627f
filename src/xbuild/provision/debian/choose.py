"""Which suite to take what from: the two choices that decide a wheel's C library and its interpreter's version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xbuild.errors import ProvisionError, TargetError
from xbuild.provision.download import FileMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xbuild.provision.debian.archive import Archive, Suite
    from xbuild.provision.debian.index import PackageIndex

# Stable first: it changes least. An old release comes last, because its interpreters get no fixes of their own.
_PREFERENCE = ("stable", "testing", "unstable", "oldstable")
_INTERPRETER = re.compile(r"python(3\.\d+)")


def choose_python_suite(archive: Archive, architecture: str, version: str) -> Suite:
    """Return the suite to take CPython ``version`` (``"3.14"``) for ``architecture`` from.

    The first of stable, testing, unstable and oldstable that has the interpreter and its headers.
    Raises :class:`TargetError` with what there is where, if none has it.
    """
    there: list[str] = []
    suites = sorted(archive.catalog.suites, key=lambda facts: _PREFERENCE.index(facts.status))
    for suite in _available(archive, [facts.codename for facts in suites], architecture):
        index = suite.index(architecture)
        versions = python_versions(index)
        if version in versions:
            return suite
        there.append(f"{suite.name} has {', '.join(versions) or 'none'}")
    raise TargetError(
        f"no suite of {archive.catalog.name} has CPython {version} for {architecture}: "
        f"{'; '.join(there) or 'no suite has the architecture'}",
        hint="choose one of these with --python, or bring your own with --build-details",
    )


def choose_base_suite(archive: Archive, architecture: str, *, build_architecture: str, cross_package: str) -> Suite:
    """Return the suite to take the compilers, the C library and other libraries for ``architecture`` from.

    The oldest maintained one that has the architecture, and for the build machine the package ``cross_package``: the
    older the C library, the more machines a wheel runs on. Raises :class:`TargetError` if there is none.
    """
    today = archive.clock().date()
    there: list[str] = []
    names = [facts.codename for facts in archive.catalog.suites if facts.maintained(today)]
    for suite in _available(archive, names, architecture):
        if build_architecture in suite.architectures and suite.index(build_architecture).get(cross_package):
            return suite
        there.append(suite.name)
    looked = f"{', '.join(there)} lack {cross_package} for {build_architecture}" if there else "none has the target"
    raise TargetError(
        f"no maintained suite of {archive.catalog.name} has both {architecture} and its compilers: {looked}",
        hint="bring your own compilers with --toolchain, or use --toolchain zig",
    )


def python_versions(index: PackageIndex) -> tuple[str, ...]:
    """Return the versions of CPython that the index has with their headers, ascending: ``("3.13", "3.14")``."""
    found = (match[1] for name in index.names if (match := _INTERPRETER.fullmatch(name)))
    complete = [version for version in found if index.get(f"libpython{version}-dev")]
    return tuple(sorted(complete, key=lambda version: int(version.partition(".")[2])))


def gcc_package(triplet: str) -> str:
    """Return the name of the package that stands for the current GCC for ``triplet``: ``gcc-x86-64-linux-gnu``."""
    return f"gcc-{triplet.replace('_', '-')}"


def gcc_major(index: PackageIndex, triplet: str) -> str:
    """Return the major version of the index's GCC for ``triplet``: ``"14"``, from what :func:`gcc_package` depends on.

    Raises :class:`ProvisionError` if the index has no GCC for it.
    """
    name = gcc_package(triplet)
    package = index.get(name)
    match = re.search(rf"\bgcc-(\d+)-{re.escape(name.removeprefix('gcc-'))}\b", package.depends) if package else None
    if match is None:
        raise ProvisionError(
            f"{index.origin} has no GCC for {triplet}: expected {name} to depend on gcc-<version>",
            hint="choose another suite, or bring your own compilers with --toolchain",
        )
    return match[1]


def _available(archive: Archive, names: list[str], architecture: str) -> Iterator[Suite]:
    """Yield the suites that the mirror has, and that have the architecture.

    Raises :class:`ProvisionError` at the end if the mirror had none at all: it is hardly one.
    """
    missing = 0
    for name in names:
        try:
            suite = archive.suite(name)
        except FileMissingError:
            archive.progress.note(f"{archive.settings.url} does not have {name}")
            missing += 1
            continue
        if architecture in suite.architectures:
            yield suite
    if missing == len(names):
        raise ProvisionError(
            f"no suite of {archive.catalog.name} is at {archive.settings.url}: looked for {', '.join(names)}",
            hint=f"it was chosen by {archive.settings.origin}; name another one (XBUILD_ARCHIVE)",
        )
