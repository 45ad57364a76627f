"""Programs such as ``xml2-config``, which tell how to compile and link with a library: the target's answer.

The build machine's, found on PATH, would tell of its own libraries. The target's are in its sysroot, and most of them
are scripts of the shell or of Perl, which run anywhere.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.crossfiles import quoting
from xbuild.files import atomic_write
from xbuild.provision.directory import find_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NAME = re.compile(r"[\w.+-]+-config|pg_config|(?:mysql|mariadb)_config")
# Of tools for the build, and of Python: the target's has one that xbuild writes.
_NOT_A_LIBRARYS = re.compile(r"(?:.*-)?(?:pkg|llvm|python[\d.]*[a-z]*)-config|apt-config")
_SCRIPT = re.compile(rb"#! ?(?:/usr)?/bin/(?:env )?(sh|dash|bash|perl)\b")
# Those of Python packages, or pyenv's stand-ins for them.
_PYTHONIC = re.compile(rb"python|PYENV_")

_TARGETS = """\
#!/bin/sh
# The target's; the paths in its answer become those of the sysroot.
answer=$({interpreter} {program} "$@") || exit
printf '%s\\n' "$answer" | sed -E {relocation}
"""
_PYTHONS = """\
#!/bin/sh
# The target's.
exec {program} "$@"
"""
_FAILING = """\
#!/bin/sh
echo {message} >&2
exit 1
"""
_ADD = "add the target's library with --lib, or to your sysroot"


def config_programs(sysroot: Path, search_path: str, *, python_config: Path) -> dict[str, str]:
    """Return the scripts, by name, that belong on PATH before the folders of the build machine's ``search_path``.

    Those of Python run ``python_config``, which answers for the target. Of libraries, there is one for each program of
    ``sysroot``, and one that fails and says why for each other one of the machine. Those that are written in Python
    stay: ``numpy-config`` and the like tell of what is the same for all machines.
    """
    run = _PYTHONS.format(program=quoting.shell(str(python_config)))
    pythons = dict.fromkeys((python_config.name, "python3-config", "python-config"), run)
    if sysroot == Path("/"):
        return pythons
    machines = _programs(Path(folder) for folder in search_path.split(os.pathsep) if folder)
    scripts = {
        name: _failing(f"{name}: the build machine's would tell of its own libraries, and the sysroot has none: {_ADD}")
        for name, program in machines.items()
        if not _PYTHONIC.search(_start(program))
    }
    for name in _programs([sysroot / "usr" / "bin"]):
        program = find_inside(sysroot, f"usr/bin/{name}")
        if program is not None:
            scripts[name] = _targets(name, program, sysroot)
    return scripts | pythons


def write_config_programs(scripts: Mapping[str, str], folder: Path) -> None:
    """Make ``folder`` hold ``scripts`` and nothing else."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in scripts:
            path.unlink()
    for name, text in scripts.items():
        path = folder / name
        if not path.is_file() or path.read_text("utf-8") != text:
            atomic_write(path, text)
            path.chmod(0o755)


def _programs(folders: Iterable[Path]) -> dict[str, Path]:
    """Return the config programs in ``folders`` by name, the first of each."""
    found: dict[str, Path] = {}
    for folder in folders:
        try:
            entries = list(folder.iterdir())
        except OSError:  # PATH may name anything
            continue
        for entry in entries:
            if _NAME.fullmatch(entry.name) and not _NOT_A_LIBRARYS.fullmatch(entry.name):
                found.setdefault(entry.name, entry)
    return found


def _start(program: Path) -> bytes:
    """Return enough to tell what kind of program it is: the interpreter may be named in the first line or after it."""
    try:
        with program.open("rb") as file:
            return file.read(512)
    except OSError:
        return b""


def _targets(name: str, program: Path, sysroot: Path) -> str:
    script = _SCRIPT.match(_start(program))
    if script is None:
        return _failing(f"{name}: the target's, {program}, is no script, so it does not run here")
    place = re.sub(r"([]\\.*+?^$|(){}&#[])", r"\\\1", str(sysroot))
    # Not twice: some have it from pkg-config, which knows the sysroot, or from their own place. A run-time search path
    # (-Wl,-rpath,/usr/lib) is right as it is. The last is as pkg-config does it: compilers search there anyway, and
    # zig must not do so before it looks into its own.
    relocation = (
        f"s#(^|[[:space:]]|-[IL]|-isystem)/usr#\\1{place}/usr#g; s#{place}{place}/#{place}/#g; "
        f"s#(^|[[:space:]])-I{place}/usr/include/?($|[[:space:]])#\\1\\2#g"
    )
    return _TARGETS.format(
        interpreter=script[1].decode(), program=quoting.shell(str(program)), relocation=quoting.shell(relocation)
    )


def _failing(message: str) -> str:
    return _FAILING.format(message=quoting.shell(message))
