"""qemu-user: find it, and wrap it into programs that need no arguments of their own.

The programs of the target see one small tree as their ``/`` for loading (QEMU's ``-L``): links to the loader and the
libraries of the target Python's tree and of the sysroot. A library path in the environment would do it as well, but
the build machine's programs that a test starts would inherit it, and it would override a wheel's own RUNPATH.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
import shlex
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.crossfiles.spec import Emulator
from xbuild.errors import ProvisionError, TargetError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xbuild.crossfiles.spec import Runtime, Sysroot, TargetPython
    from xbuild.targets import Target, Version

MINIMUM: Version = (6, 2)
"""The oldest QEMU that is used: that of the oldest distributions still maintained. Older ones lack system calls."""

_PROBE_SECONDS = 20
_SHARED_LIBRARY = re.compile(r".+\.so(\.[0-9.]+)?")
_LIBC_VERSION = re.compile(rb"GNU C Library [^\n]*? version (\d+)\.(\d+)")


def find_qemu(target: Target, *, path: str, probe: Callable[[Path], str] | None = None) -> tuple[Path, str] | None:
    """Return QEMU's user emulation of ``target`` on ``path`` (a search path) and its version, ``"7.2.22"``.

    None if there is none, or only ones that do not start or are older than :data:`MINIMUM`.
    ``probe`` returns what a program prints with ``--version``.
    """
    for name in (f"qemu-{target.qemu.name}-static", f"qemu-{target.qemu.name}"):
        found = shutil.which(name, path=path)
        if found is None:
            continue
        qemu = Path(found).absolute()
        version = parse_version_output((probe or ask_version)(qemu))
        if version is not None and _major_minor(version) >= MINIMUM:
            return qemu, version
    return None


def ask_version(qemu: Path) -> str:
    """Return what ``qemu --version`` prints; nothing if it does not start."""
    try:
        done = subprocess.run([qemu, "--version"], capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def parse_version_output(text: str) -> str | None:
    """``"qemu-riscv64 version 7.2.22 (Debian …)"`` -> ``"7.2.22"``; None for anything else."""
    found = re.match(r"qemu-\S+ version (\d+\.\d+(?:\.\d+)*)", text)
    return found[1] if found else None


def _major_minor(version: str) -> Version:
    major, minor = (*version.split("."), "0")[:2]
    return int(major), int(minor)


def make_emulator(  # noqa: PLR0913, what an emulator is made of; no caller has it in one value
    qemu: Path,
    version: str,
    *,
    target: Target,
    python: TargetPython,
    sysroot: Sysroot,
    directory: Path,
    cpu: str | None = None,
) -> Emulator:
    """Return QEMU for ``target`` as two programs, made in a folder of ``directory`` that is named by its content.

    ``cpu`` is the model to emulate, by default the best this QEMU has.
    ``Emulator.run`` passes QEMU's own options on if they come before the program (``-0 NAME``).
    Raises :class:`ProvisionError` if neither tree has the target's loader.
    """
    cpu = cpu or target.qemu.cpu_for(_major_minor(version))
    libraries = library_links(target, python=python, sysroot=sysroot)
    loader = libraries[_loader_place(target)]

    def scripts(root: Path) -> Mapping[str, str]:
        run = shlex.join([str(qemu), "-L", str(root), "-cpu", cpu])
        return {"run": _run_script(target, run), "wrapper": _wrapper_script(target, run, header=_elf_header(loader))}

    made = _make(directory, libraries=libraries, scripts=scripts)
    return Emulator(qemu=qemu, version=version, cpu=cpu, run=made / "run", wrapper=made / "wrapper")


def make_portable_emulator(emulator: Emulator, runtime: Runtime, *, folder: Path) -> Emulator:
    """Make ``folder`` an emulator that can be moved together with the trees of ``runtime``; what was there is replaced.

    QEMU is looked for on PATH when it runs, and takes its own default for the CPU: which models it knows is not known.
    ``folder`` and the trees have no links in their paths.
    """
    libraries = library_links(runtime.target, python=runtime.python, sysroot=runtime.sysroot)
    name = f"qemu-{runtime.target.qemu.name}"
    command = f'"$(command -v {name}-static || echo {name})" -L "${{0%/*}}"/root'
    scripts = {
        "run": _run_script(runtime.target, command),
        "wrapper": _wrapper_script(
            runtime.target, command, header=_elf_header(libraries[_loader_place(runtime.target)])
        ),
    }
    shutil.rmtree(folder, ignore_errors=True)
    _link_libraries(folder / "root", libraries, relative=True)
    for script, text in scripts.items():
        (folder / script).write_text(text, "utf-8")
        (folder / script).chmod(0o755)
    return replace(emulator, qemu=Path(name), run=folder / "run", wrapper=folder / "wrapper")


@dataclass(frozen=True, kw_only=True, slots=True)
class Runner:
    """How a program of the target is started, under an emulator or not.

    ``run`` is a program to put before it, and ``name_option`` is the option of ``run`` that sets its ``argv[0]``.
    ``wrapper`` is a program to put before one that may be the build machine's as well. None: start it directly.
    """

    run: Path | None
    name_option: str
    wrapper: Path | None


def make_runner(runtime: Runtime, *, directory: Path, machine: str) -> Runner:
    """Return how the programs of ``runtime``'s target run on ``machine`` (as ``os.uname().machine`` says it).

    Where the target is the machine itself they run without an emulator, but with the loader and the C library of their
    own tree, which may be newer than the machine's. Raises :class:`TargetError` if they cannot run here.
    """
    if runtime.emulator is not None:
        return Runner(run=runtime.emulator.run, name_option="-0", wrapper=runtime.emulator.wrapper)
    if runtime.target.wheel_machine != machine:
        raise TargetError(
            f"programs of {runtime.target.name} cannot run on this machine ({machine}): there is no emulator",
            hint=f"install qemu-user (qemu-{runtime.target.qemu.name}), or let xbuild fetch it",
        )
    if runtime.python.root is None:
        return Runner(run=None, name_option="", wrapper=None)
    libraries = library_links(runtime.target, python=runtime.python, sysroot=runtime.sysroot)

    def scripts(root: Path) -> Mapping[str, str]:
        # As in the emulator, the machine's own /etc/ld.so.cache must not decide which library is taken.
        folders = sorted({str(Path(root, place).parent) for place in libraries}, key=lambda name: (-len(name), name))
        loader = [str(root / _loader_place(runtime.target)), "--inhibit-cache", "--library-path", ":".join(folders)]
        return {"run": _run_script(runtime.target, shlex.join(loader))}

    made = _make(directory, libraries=libraries, scripts=scripts)
    return Runner(run=made / "run", name_option="--argv0", wrapper=None)


def library_links(target: Target, *, python: TargetPython, sysroot: Sysroot) -> Mapping[str, Path]:
    """Return what the target's loader shall find: places relative to its root -> files.

    Of two libraries of one name, the one from the tree with the newer C library is taken (the target Python's, if they
    are equal): newer libraries serve programs linked to older ones, never the other way round.
    """
    trees = {python.root or sysroot.path: read_glibc(python.root or sysroot.path, target.triplet)}
    trees.setdefault(sysroot.path, sysroot.glibc or read_glibc(sysroot.path, target.triplet))
    links: dict[str, Path] = {}
    for tree in sorted(trees, key=lambda tree: trees[tree] or (0, 0), reverse=True):
        for folder in (f"usr/lib/{target.triplet}", f"lib/{target.triplet}", "usr/lib64", "lib64", "usr/lib", "lib"):
            for name, file in _libraries(tree, folder, folders=folder.endswith(target.triplet)):
                links.setdefault(f"usr/{folder.removeprefix('usr/')}/{name}", file)
    _share(links, f"usr/lib/{target.triplet}", "usr/lib64")
    loader = _loader_place(target)
    if loader not in links:
        multiarch = links.get(f"usr/lib/{target.triplet}/{Path(loader).name}")
        if multiarch is None:
            raise ProvisionError(
                f"programs of {target.name} cannot run: none of {', '.join(map(str, trees))} has the target's loader, "
                f"{target.loader}",
                hint="name a --sysroot that has the target's C library, or leave it out to have one fetched",
            )
        links[loader] = multiarch
    return links


def _share(links: dict[str, Path], multiarch: str, lib64: str) -> None:
    """Let the loaders of Debian, which searches ``multiarch``, and of Red Hat find what is in the other one's folder.

    Trees of both may be put together, and a C library in ``lib64`` says that there is one of Red Hat's kind.
    """
    if f"{lib64}/libc.so.6" in links:
        for folder, other in ((lib64, multiarch), (multiarch, lib64)):
            for place in [place for place in links if posixpath.dirname(place) == folder]:
                links.setdefault(f"{other}/{posixpath.basename(place)}", links[place])


def read_glibc(root: Path, triplet: str) -> Version | None:
    """Return the version of the GNU C library in ``root``, read from its text; None if there is none."""
    for folder in (f"usr/lib/{triplet}", f"lib/{triplet}", "usr/lib64", "lib64", "usr/lib", "lib"):
        libc = _inside(root, root / folder / "libc.so.6")
        if libc is not None:
            found = _LIBC_VERSION.search(libc.read_bytes())
            return (int(found[1]), int(found[2])) if found else None
    return None


def _loader_place(target: Target) -> str:
    """Merged ``/usr``: ``/lib64/ld64.so.2`` is ``usr/lib64/ld64.so.2``."""
    return f"usr{target.loader}"


def _libraries(tree: Path, folder: str, *, folders: bool) -> Sequence[tuple[str, Path]]:
    """Return the shared libraries in a folder of ``tree``, and with ``folders`` those as well (gconv's modules)."""
    place = _inside(tree, tree / folder)
    if place is None or not place.is_dir():
        return ()
    found = []
    for entry in os.scandir(place):
        if _SHARED_LIBRARY.fullmatch(entry.name):
            file = _inside(tree, place / entry.name) if entry.is_symlink() else Path(entry.path)
            if file is not None:
                found.append((entry.name, file))
        elif folders and entry.is_dir(follow_symlinks=False):
            found.append((entry.name, Path(entry.path)))
    return found


def _inside(tree: Path, path: Path) -> Path | None:
    """Follow links as if ``tree`` were ``/``; None if nothing of the tree is there."""
    for _ in range(40):
        if not path.is_symlink():
            break
        link = path.readlink()
        path = tree / str(link).lstrip("/") if link.is_absolute() else path.parent / link
    else:
        return None  # links in a circle
    real = path.resolve()
    return real if real.exists() and real.is_relative_to(tree.resolve()) else None


def _elf_header(loader: Path) -> bytes:
    """Return the ``e_ident`` class, data and version, and ``e_machine``, of an ELF file, without zero bytes."""
    with loader.open("rb") as file:
        header = file.read(20)
    return header[4:7] + header[18:20].replace(b"\0", b"")


def _run_script(target: Target, command: str) -> str:
    return f'#!/bin/sh\n# Runs a program of {target.name}.\nexec {command} "$@"\n'


def _wrapper_script(target: Target, command: str, *, header: bytes) -> str:
    """Return a script that tells an ELF file of the target by its header, without starting another program.

    The shell's ``read`` drops zero bytes; after the version come the ABI (none, or GNU's 3), the type (executable or
    shared object) and the machine.
    """
    ident, machine = (_octal(part) for part in (b"\x7fELF" + header[:3], header[3:]))
    return f"""#!/bin/sh
# Runs a program of {target.name} under QEMU and any other program directly.
program=$1
case $program in
*/*) ;;
*) program=$(command -v "$program") ;;
esac
header=
case $program in
*/*) {{ IFS= read -r header <"$program"; }} 2>/dev/null ;;
esac
ident=$(printf '{ident}')
types=$(printf '\\002\\003')
gnu=$(printf '\\003')
machine=$(printf '{machine}')
case $header in
"$ident"["$types"]"$machine"* | "$ident$gnu"["$types"]"$machine"*)
    shift
    exec {command} "$program" "$@"
    ;;
esac
exec "$@"
"""


def _octal(data: bytes) -> str:
    return "".join(f"\\{byte:03o}" for byte in data)


def _make(directory: Path, *, libraries: Mapping[str, Path], scripts: Callable[[Path], Mapping[str, str]]) -> Path:
    """Make a folder of links (``root``) and scripts, or return it if it was made before. Safe against a kill."""
    # The scripts name the folder they are in, so its name is a digest of what they are for any folder.
    content = {"libraries": {place: str(file) for place, file in libraries.items()}, **scripts(Path("root"))}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    final = directory.absolute() / digest[:32]
    if final.is_dir():
        return final
    directory.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=directory))
    try:
        _link_libraries(temporary / "root", libraries)
        for name, text in scripts(final / "root").items():
            (temporary / name).write_bytes(os.fsencode(text))
            (temporary / name).chmod(0o755)
        temporary.chmod(0o755)
        temporary.rename(final)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if not (isinstance(error, OSError) and final.is_dir()):  # another process was faster
            raise
    return final


def _link_libraries(root: Path, libraries: Mapping[str, Path], *, relative: bool = False) -> None:
    for place, file in libraries.items():
        folder = (root / place).parent
        folder.mkdir(parents=True, exist_ok=True)
        (root / place).symlink_to(os.path.relpath(file, folder) if relative else file)
    for name in ("lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    # Empty, so that the build machine's are not read in their place.
    (root / "etc").mkdir()
    for name in ("ld.so.cache", "ld.so.preload"):
        (root / "etc" / name).touch()
