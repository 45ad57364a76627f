"""A sysroot or a target Python of the user's own: looked at where it is, never written to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbuild.crossfiles.spec import Sysroot, TargetPython
from xbuild.details.completion import Origin, apply, changes_for, origins, read_document, relocate, require_machine
from xbuild.details.elf import read_header
from xbuild.details.evidence import gather
from xbuild.details.headers import find_pyconfig
from xbuild.details.json_text import lookup
from xbuild.details.parse import dumps, from_json
from xbuild.details.paths import resolve
from xbuild.errors import DetailsError, ProvisionError
from xbuild.provision.python import DETAILS_FILE, copy_headers, write_origins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.details import BuildDetails
    from xbuild.details.evidence import Evidence
    from xbuild.provision.cache import Cache
    from xbuild.targets import Target, Version

_MOST_LINKS = 40


def own_sysroot(path: Path, target: Target) -> Sysroot:
    """Return the sysroot in the user's directory ``path``, which must hold the target's C library and its headers.

    Raises :class:`ProvisionError` with what was expected where, if it does not.
    """
    if not path.is_dir():
        raise ProvisionError(f"--sysroot {path}: not a directory", hint=_SYSROOT_HINT)
    sysroot = Sysroot(path=path.absolute(), triplet=target.triplet)
    if not any(_inside(path, f"{folder}/stdio.h") for folder in ("usr/include", "include")):
        raise ProvisionError(f"--sysroot {path}: no C headers: expected usr/include/stdio.h", hint=_SYSROOT_HINT)
    folders = [folder.relative_to(sysroot.path) for folder in sysroot.library_dirs]
    libc = next(filter(None, (_inside(sysroot.path, f"{folder}/libc.so.6") for folder in folders)), None)
    if libc is None:
        places = ", ".join(map(str, folders)) or "lib, usr/lib"
        raise ProvisionError(f"--sysroot {path}: no C library: expected libc.so.6 in {places}", hint=_SYSROOT_HINT)
    header = read_header(libc)
    if header is None or not header.matches(target.elf):
        raise ProvisionError(
            f"--sysroot {path}: {libc.relative_to(sysroot.path.resolve())} is {header or 'not an ELF file'}, "
            f"expected a library of {target.name} ({target.elf.machine})",
            hint=f"name the sysroot of {target.name}, or another --target",
        )
    return replace(sysroot, glibc=_glibc_version(libc))


_SYSROOT_HINT = "name a directory that is the target's /, with its C library and development files"


def own_target_python(file: Path, target: Target, *, cache: Cache) -> TargetPython:
    """Return the target Python that the user's ``build-details.json`` ``file`` describes.

    Where the file is incomplete or wrong, or its headers are not all in one folder (Debian), a mended copy is made in
    ``cache`` and used in its place. Raises :class:`DetailsError` if the file cannot be read, if what lies around it is
    another machine's, or if it has no headers.
    """
    if not file.is_file():
        raise DetailsError(f"--build-details {file}: no such file")
    file = file.absolute()
    document = read_document(file)
    stdlib = _find_stdlib(file, document)
    evidence = gather(stdlib, target=target, file=file)
    require_machine(evidence)
    changes = changes_for(document, evidence, everything=True)
    relative = from_json(relocate(apply(document, changes), evidence), source=str(file))
    found = _Found(
        file=file,
        details=resolve(relative, stdlib / DETAILS_FILE),
        origins=origins(document, changes),
        evidence=evidence,
    )
    if changes or file != stdlib / DETAILS_FILE or found.scatters_headers:
        tree = cache.tree(found.key(target), partial(_write_mended, found))
        return found.python(tree / DETAILS_FILE, found.moved(tree), target)
    return found.python(file, found.details, target)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """A target Python as it is in the user's directory; the paths in ``details`` are absolute."""

    file: Path
    details: BuildDetails
    origins: tuple[Origin, ...]
    evidence: Evidence

    @property
    def include(self) -> Path:
        """The folder of ``Python.h``."""
        headers = self.details.c_api.headers if self.details.c_api else None
        if headers is None or not (Path(headers) / "Python.h").is_file():
            raise DetailsError(
                f"{self.file}: no Python.h: expected it in {headers or 'the folder that c_api.headers names'}",
                hint="install the headers beside it (Debian: libpython3.X-dev)",
            )
        return Path(headers)

    @property
    def pyconfig(self) -> Path:
        """The real ``pyconfig.h``."""
        multiarch = self.evidence.text("MULTIARCH")
        target = self.evidence.target
        triplet = multiarch.value if multiarch else target.triplet if target else None
        found = find_pyconfig(self.include, triplet=triplet)
        if found is None:
            raise DetailsError(f"{self.include}: no pyconfig.h", hint="install all of the interpreter's headers")
        return found

    @property
    def scatters_headers(self) -> bool:
        """Whether the ``pyconfig.h`` beside ``Python.h`` is not the real one."""
        beside = self.include / "pyconfig.h"
        return not beside.is_file() or beside.read_bytes() != self.pyconfig.read_bytes()

    def key(self, target: Target) -> str:
        """Name the mended copy after all that it is made of."""
        headers = [
            (str(path), path.stat().st_size, path.stat().st_mtime_ns)
            for path in (self.pyconfig, *sorted(self.include.rglob("*.h")))
        ]
        content = json.dumps([dumps(self.details), headers])
        return f"own-python{self.details.language.version}-{target.name}-{_digest(content)}"

    def moved(self, tree: Path) -> BuildDetails:
        """Return the details with the headers in ``tree``."""
        api = self.details.c_api
        return replace(self.details, c_api=api and replace(api, headers=str(tree / "include")))

    def python(self, file: Path, details: BuildDetails, target: Target) -> TargetPython:
        """Return the target Python whose complete details are ``details``, in ``file``."""
        prefix = Path(details.base_prefix)
        interpreter = Path(details.base_interpreter) if details.base_interpreter else None
        candidates = (prefix.parent, prefix) if prefix.name == "usr" else (prefix,)
        roots = (root for root in candidates if _inside(root, target.loader))
        return TargetPython(
            details=details,
            details_file=file,
            prefix=prefix,
            include=Path(details.c_api.headers) if details.c_api else self.include,
            stdlib=self.evidence.stdlib,
            variables=self.evidence.variables,
            root=next(roots, None),
            executable=interpreter if interpreter is not None and interpreter.is_file() else None,
        )


def _write_mended(found: _Found, new: Path, final: Path) -> None:
    copy_headers(found.include, new / "include", pyconfig=found.pyconfig)
    (new / DETAILS_FILE).write_text(dumps(found.moved(final)), "utf-8")
    write_origins(new, found.origins)


def _find_stdlib(file: Path, document: Mapping[str, Any]) -> Path:
    """Return the standard library that ``file`` is of: where it is, else where its ``base_prefix`` leads."""
    if (file.parent / "os.py").is_file() or any(file.parent.glob("_sysconfig*")):
        return file.parent
    prefix, version = lookup(document, ("base_prefix",)), lookup(document, ("language", "version"))
    flags = lookup(document, ("abi", "flags"))
    if isinstance(prefix, str) and isinstance(version, str):
        name = f"python{version}{''.join(map(str, flags)) if isinstance(flags, list) else ''}"
        stdlib = file.parent / prefix / "lib" / name
        if stdlib.is_dir():
            return stdlib.resolve()
    return file.parent  # what is missing is reported with all other problems


def _glibc_version(libc: Path) -> Version | None:
    """Return the newest of the symbol versions that a GNU C library defines."""
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile
    from elftools.elf.gnuversions import GNUVerDefSection

    try:
        with libc.open("rb") as file:
            sections = ELFFile(file).iter_sections()
            versions = [
                each
                for section in sections
                if isinstance(section, GNUVerDefSection)
                for each in section.iter_versions()
            ]
            names = [name.name for _, auxiliaries in versions for name in auxiliaries]
    except ELFError:
        return None
    numbers = [name.removeprefix("GLIBC_").split(".") for name in names if name.startswith("GLIBC_2.")]
    return max(((int(number[0]), int(number[1])) for number in numbers), default=None)


def _inside(root: Path, name: str) -> Path | None:
    """Return the file ``name`` of ``root``, following links as if ``root`` were ``/``; None if it is not there."""
    done, todo, links = Path(), list(reversed(Path(name.lstrip("/")).parts)), 0
    while todo:
        part = todo.pop()
        place = root / done / part
        if part == "..":
            done = done.parent
        elif place.is_symlink() and links < _MOST_LINKS:
            links += 1
            link = place.readlink()
            if link.is_absolute():
                done = Path()
            todo.extend(reversed(link.parts[1:] if link.is_absolute() else link.parts))
        else:
            done /= part
    found = root / done
    return found.resolve() if found.exists() else None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
