"""Wrapper scripts: a :class:`ToolchainPlan` made into programs that need no arguments."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.errors import ToolchainError
from xbuild.toolchains.model import Command, Toolchain, ToolchainPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xbuild.toolchains.model import ToolName

_SUFFIXES: Mapping[ToolName, str] = {
    "cc": "gcc",
    "cxx": "g++",
    "fc": "gfortran",
    "ar": "ar",
    "ranlib": "ranlib",
    "strip": "strip",
    "nm": "nm",
    "ld": "ld",
    "objcopy": "objcopy",
    "readelf": "readelf",
    "pkg_config": "pkg-config",
}
"""GNU names whatever the family: builds look for ``<triplet>-gcc`` on PATH, and ask the compiler what it is."""

_PLAN_FILE = "plan.json"

_COMPILERS: tuple[ToolName, ...] = ("cc", "cxx", "fc")


def quote(text: str) -> str:
    """Quote ``text`` for a POSIX shell so that every character stands for itself."""
    return "'" + text.replace("'", "'\\''") + "'"


def render_wrapper(command: Command) -> str:
    """Return the POSIX shell script that runs ``command`` with the caller's arguments after its own."""
    lines = ["#!/bin/sh"]
    lines += [f"unset {name}" for name in command.unset]
    lines += [f"export {name}={quote(value)}" for name, value in sorted(command.environment.items())]
    words = " ".join(quote(word) for word in (str(command.program), *command.arguments))
    return "\n".join([*lines, f'exec {words} "$@"', ""])


def with_pkg_config(plan: ToolchainPlan, program: Path, *, sysroot: Path, directories: Iterable[Path]) -> ToolchainPlan:
    """Return ``plan`` with the machine's pkg-config ``program``, made to see only the ``.pc`` files in ``directories``.

    The absolute paths in those files are taken as paths inside ``sysroot``.
    """
    command = Command(
        program=program,
        environment={
            "PKG_CONFIG_LIBDIR": os.pathsep.join(map(str, directories)),
            "PKG_CONFIG_SYSROOT_DIR": str(sysroot),
        },
        # PKG_CONFIG_PATH comes before LIBDIR and names the build machine's files; the others let its -I and -L through.
        unset=("PKG_CONFIG_PATH", "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS", "PKG_CONFIG_ALLOW_SYSTEM_LIBS"),
    )
    return replace(plan, tools={**plan.tools, "pkg_config": command})


def find_pkg_config(path: str) -> Path | None:
    """Return the machine's pkg-config on the search path ``path``, of either implementation."""
    found = shutil.which("pkgconf", path=path) or shutil.which("pkg-config", path=path)
    return Path(found).absolute() if found else None


def with_places(plan: ToolchainPlan, places: Mapping[str, str]) -> ToolchainPlan:
    """Return ``plan`` with compilers that write the fixed name in ``places`` in place of each folder it is for.

    ``__FILE__`` and debug information then say the same wherever a build runs. Needs GCC 8 or clang 10.
    """
    maps = tuple(f"-ffile-prefix-map={path}={name}" for path, name in places.items() if "=" not in path)
    compilers = {name: _with_arguments(plan.tools[name], maps) for name in _COMPILERS if name in plan.tools}
    return replace(plan, tools={**plan.tools, **compilers})


def _with_arguments(command: Command, arguments: tuple[str, ...]) -> Command:
    # zig's own wrapper has the caller's arguments after "--".
    end = ("--",) if command.arguments[-1:] == ("--",) else ()
    fixed = command.arguments[: len(command.arguments) - len(end)]
    return replace(command, arguments=(*fixed, *arguments, *end))


def materialise(plan: ToolchainPlan, directory: Path) -> Toolchain:
    """Write the wrappers of ``plan`` into ``directory/<digest>`` unless they are there, and return the toolchain.

    The folder appears complete or not at all, so several processes may do this at once.
    Raises :class:`ToolchainError` when it cannot be written.
    """
    return install(plan, directory.absolute() / plan.digest)


def install(plan: ToolchainPlan, home: Path) -> Toolchain:
    """Write the wrappers of ``plan`` as the folder ``home``, as :func:`materialise` does."""
    if not home.is_dir():
        try:
            write_folder(plan, home)
        except OSError as error:
            raise ToolchainError(
                f"cannot write the toolchain's wrappers in {home.parent}: {error.strerror}",
                hint="make room there or make it writable, or choose another place with XBUILD_CACHE_DIR",
            ) from error
    paths = {name: home / wrapper_name(plan, name) for name in plan.tools}
    return Toolchain(
        kind=plan.kind,
        family=plan.family,
        version=plan.version,
        cc=paths["cc"],
        cxx=paths.get("cxx"),
        fc=paths.get("fc"),
        ar=paths["ar"],
        ranlib=paths["ranlib"],
        strip=paths["strip"],
        nm=paths.get("nm"),
        ld=paths.get("ld"),
        objcopy=paths.get("objcopy"),
        readelf=paths.get("readelf"),
        pkg_config=paths.get("pkg_config"),
        digest=plan.digest,
        plan=plan,
    )


def wrapped_plan(program: Path) -> ToolchainPlan | None:
    """Return the plan whose C compiler's wrapper ``program`` is; None for any other program."""
    try:
        plan = ToolchainPlan.from_json((program.parent / _PLAN_FILE).read_text("ascii"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return plan if program.name == wrapper_name(plan, "cc") else None


def wrapper_name(plan: ToolchainPlan, name: ToolName) -> str:
    """Return the file name of a tool's wrapper in the folder of ``plan``."""
    return f"{plan.triplet}-{_SUFFIXES[name]}"


def write_folder(plan: ToolchainPlan, home: Path) -> None:
    """Write the wrappers of ``plan`` as the folder ``home``; one that another process has made meanwhile stays."""
    home.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".new-", dir=home.parent))
    try:
        for name, command in plan.tools.items():
            script = staging / wrapper_name(plan, name)
            script.write_bytes(os.fsencode(render_wrapper(command)))
            script.chmod(0o755)
        (staging / _PLAN_FILE).write_text(plan.to_json(), "ascii")
        staging.chmod(0o755)
        try:
            staging.rename(home)
        except OSError:
            if not home.is_dir():  # else another process was first, with the same content
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
