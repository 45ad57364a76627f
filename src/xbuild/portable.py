"""A cross build's files in a folder that can be moved, archived or committed.

The trees of the target are below the folder, or copied there from the cache. Programs of the machine are not: they are
looked for on PATH when they are used. So are the compilers, as those of the cache run nowhere else.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.crossfiles import bundle, portable
from xbuild.crossfiles.environment import environment, interpreter_environment
from xbuild.crossfiles.layout import Layout
from xbuild.crossfiles.presets import preset_name
from xbuild.details.parse import dumps
from xbuild.emulator import make_portable_emulator
from xbuild.errors import ToolchainError
from xbuild.toolchains.wrappers import wrapper_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from xbuild.crossfiles.spec import CrossSpec, TargetPython
    from xbuild.details.model import BuildDetails
    from xbuild.toolchains import Command, Toolchain, ToolchainPlan, ToolName


# A path at the start, in an option (-L/usr/lib, --sysroot=/x), or in a list.
_PLACE = re.compile(r"(?:^(?:-[A-Za-z]+|@)?|[=:,])/")
# Text for the program that is compiled, places on the target, and what paths are to be called instead.
_NO_PLACE = re.compile(r"-[DU]|-f[a-z-]+-prefix-map=|-Wl,-*(?:rpath|dynamic-linker)[,=]|-Wl,-R")


@dataclass(frozen=True, kw_only=True, slots=True)
class PortableFiles:
    """The files of one cross build below ``root``. ``programs`` are to be on PATH where they are used."""

    spec: CrossSpec
    layout: Layout
    root: Path
    folder: Path
    programs: tuple[str, ...]

    @property
    def note(self) -> tuple[str, ...]:
        """What somebody must know who moves a file, a line each."""
        return (
            f"Portable: move it together with the folder {self.folder.name}, and what else is named from here.",
            f"Needs on PATH: {', '.join(_grouped(self.programs, prefix=f'{self.spec.target.triplet}-'))}.",
        )

    def render(self, name: str, file: Path) -> str:
        """Return the text of the format ``name`` for ``file``, which is in ``root``."""
        if name == "env":
            return portable.with_note(name, portable.sourced(file, self._environment(file)), self.note)
        text = bundle.render(name, *self._seen_from(file, is_cargo=name == "cargo_config"))
        note = self.note
        if name == "cargo_config":
            note = (*note, f"Cargo takes paths from the folder above: keep the name of this one, {self.root.name}.")
        return portable.with_note(name, text, note)

    def write(self) -> None:
        """Write all files that the formats refer to."""
        for path, render in bundle.renderings(self.spec, self.layout):
            seen = self._seen_from(path, is_cargo=path == self.layout.cargo_config)
            bundle.write_changed(path, bundle.checked(render(*seen)))

    def _seen_from(self, file: Path, *, is_cargo: bool) -> tuple[CrossSpec, Layout]:
        parts = (self.spec, self.layout)
        if is_cargo:
            return portable.moved(parts, {self.root: Path(os.path.relpath(self.root, file.parent.parent))})
        return portable.as_seen_from(file, parts, root=self.root)

    def _environment(self, file: Path) -> Mapping[str, str]:
        spec, layout = self._seen_from(file, is_cargo=False)
        return dict(sorted({**environment(spec, layout), **interpreter_environment(spec, layout)}.items()))


def make_portable(spec: CrossSpec, *, root: Path, cache: Path) -> PortableFiles:
    """Write all that files in ``root`` are to refer to into a folder of it, copying trees of the ``cache``.

    Raises :class:`ToolchainError` for what can be neither moved nor found on PATH.
    """
    asked, root = root.absolute(), root.resolve()
    folder = root / preset_name(spec)
    plan = spec.toolchain.plan
    if plan is None or plan.kind == "zig":
        raise ToolchainError(
            f"the toolchain {spec.toolchain.kind} cannot be moved: its compilers are part of xbuild's own environment",
            hint="leave out --portable, or use --toolchain gcc, system or a toolchain file",
        )
    trees = cache.resolve() / "trees"
    moves = dict(_moves(spec, root=root, folder=folder, trees=trees))
    if asked != root:
        moves[asked] = root
    _check_commands(portable.moved(plan, moves) if moves else plan, root=root)
    folder.mkdir(parents=True, exist_ok=True)
    for path, there in moves.items():
        if path.parent == trees:
            _copy_once(path, there)
    spec, plan = portable.moved((spec, plan), moves) if moves else (spec, plan)
    programs: list[str] = []
    spec = replace(
        spec,
        python=_own_details(spec.python, folder),
        toolchain=_toolchain(spec, plan, folder=folder, programs=programs),
        build_python=_build_python(spec, folder=folder, programs=programs),
        tools=dict(_tools(spec)),
    )
    if spec.emulator is not None:
        programs.append(f"qemu-{spec.target.qemu.name}")
        spec = replace(spec, emulator=make_portable_emulator(spec.emulator, spec, folder=folder / "emulator"))
    programs += [path.name for path in spec.tools.values()]
    files = PortableFiles(
        spec=spec, layout=Layout.of(spec, folder), root=root, folder=folder, programs=tuple(dict.fromkeys(programs))
    )
    files.write()
    return files


def _grouped(programs: tuple[str, ...], *, prefix: str) -> Iterator[str]:
    """Yield the programs, those with ``prefix`` as one: ``riscv64-linux-gnu-{gcc,g++}``."""
    suffixes = [each.removeprefix(prefix) for each in programs if each.startswith(prefix)]
    if suffixes:
        yield f"{prefix}{{{','.join(suffixes)}}}"
    yield from (each for each in programs if not each.startswith(prefix))


def _moves(spec: CrossSpec, *, root: Path, folder: Path, trees: Path) -> Iterator[tuple[Path, Path]]:
    """Yield where what ``spec`` names is to be found instead: the cache's trees in copies, and the rest in ``root``."""
    python = spec.python
    needed = (spec.sysroot.path, python.root, python.prefix, python.include, python.stdlib, *_libraries(python))
    for path in filter(None, (*needed, *spec.sysroot.more_pkgconfig_dirs)):
        real = path.resolve()
        if real.is_relative_to(root):
            if path != real:
                yield path, real
        elif real.is_relative_to(trees):
            tree = trees / real.relative_to(trees).parts[0]
            yield tree, folder / tree.name
        else:
            raise _outside(str(path), root)


def _check_commands(plan: ToolchainPlan, *, root: Path) -> None:
    """Raise :class:`ToolchainError` if a tool is told a place of the machine that is not below ``root``.

    Of the cache's own compilers nothing is kept but the sysroot.
    """
    inside = re.compile(re.escape(str(root)) + r"(?=[/=:,]|$)")
    for name, command in plan.tools.items():
        arguments = command.arguments if plan.kind != "gcc" else ()
        for text in (*(each for each in arguments if not _NO_PLACE.match(each)), *command.environment.values()):
            if _PLACE.search(inside.sub(".", text)):
                raise _outside(f"{text!r}, which {wrapper_name(plan, name)} is told,", root)


def _outside(what: str, root: Path) -> ToolchainError:
    return ToolchainError(
        f"{what} is not below {root}, so files there cannot be moved together with it",
        hint="name a file with -o that is in a folder above all that it needs",
    )


def _libraries(python: TargetPython) -> Iterator[Path]:
    libpython = python.details.libpython
    for name in (libpython.dynamic, libpython.static) if libpython else ():
        if name is not None and Path(name).exists():
            yield Path(name)


def _copy_once(tree: Path, copy: Path) -> None:
    """Copy ``tree``, whose name stands for its content, unless it is there; it appears whole or not at all."""
    if copy.is_dir():
        return
    with tempfile.TemporaryDirectory(prefix=".new-", dir=copy.parent) as name:
        # What running the interpreter left there is no part of the tree.
        shutil.copytree(tree, Path(name, copy.name), symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        Path(name, copy.name).rename(copy)


def _own_details(python: TargetPython, folder: Path) -> TargetPython:
    """Write a ``build-details.json`` whose paths are relative, as PEP 739 has them: to the file, and to the prefix."""
    file = folder / "build-details.json"
    prefix = Path(python.details.base_prefix)
    bundle.write_changed(file, dumps(_relative(python.details, prefix=prefix, folder=folder)))
    return replace(python, details_file=file)


def _relative(details: BuildDetails, *, prefix: Path, folder: Path) -> BuildDetails:
    def inside(path: str | None) -> str | None:
        return None if path is None else os.path.relpath(path, prefix)

    api, libpython = details.c_api, details.libpython
    return replace(
        details,
        base_prefix=os.path.relpath(prefix, folder),
        base_interpreter=inside(details.base_interpreter),
        libpython=libpython
        and replace(
            libpython,
            dynamic=inside(libpython.dynamic),
            dynamic_stableabi=inside(libpython.dynamic_stableabi),
            static=inside(libpython.static),
        ),
        c_api=api
        and replace(api, headers=os.path.relpath(api.headers, prefix), pkgconfig_path=inside(api.pkgconfig_path)),
    )


def _build_python(spec: CrossSpec, *, folder: Path, programs: list[str]) -> Path:
    name = f"python{spec.python.version}{spec.python.abi_flags}"
    programs.append(name)
    path = folder / "tools" / name
    bundle.write_changed(path, portable.script(name))
    return path


def _tools(spec: CrossSpec) -> Iterator[tuple[str, Path]]:
    """Name the build machine's programs without a folder, those that a file names."""
    for name, path in spec.tools.items():
        if name != "cmake":
            yield name, Path("pkg-config" if name == "pkg-config" else path.name)


def _toolchain(spec: CrossSpec, plan: ToolchainPlan, *, folder: Path, programs: list[str]) -> Toolchain:
    """Write wrappers of the compilers that PATH or the folder itself has."""
    paths: dict[str, Any] = {}
    for name, command in plan.tools.items():
        path = paths[name] = folder / "tools" / wrapper_name(plan, name)
        program = _program(plan, name, root=folder.parent)
        if "/" not in program:
            programs.append(program)
        arguments = _arguments(spec, command) if plan.kind == "gcc" else command.arguments
        seen = portable.as_seen_from(path, (program, arguments, command.environment), root=folder.parent)
        bundle.write_changed(path, portable.script(*seen))
    return replace(spec.toolchain, **paths, plan=None)


def _program(plan: ToolchainPlan, name: ToolName, *, root: Path) -> str:
    """Return a path in ``root``, or the name that PATH has the program by."""
    program = plan.tools[name].program.resolve()
    if program.is_relative_to(root):
        return str(program)
    if name == "pkg_config":
        return "pkg-config"
    return wrapper_name(plan, name) if plan.kind == "gcc" else plan.tools[name].program.name


def _arguments(spec: CrossSpec, command: Command) -> tuple[str, ...]:
    """Of what the cache's compilers are told, only the sysroot is true of others."""
    return tuple(each for each in command.arguments if each == f"--sysroot={spec.sysroot.path}")
