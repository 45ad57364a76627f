"""A target Python of the user's own, and the copy of what must be mended in it.

Apart from :mod:`xbuild.provision.directory` because it needs much of :mod:`xbuild.details`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xbuild.crossfiles.spec import TargetPython
from xbuild.details.completion import Origin, apply, changes_for, origins, read_document, relocate, require_machine
from xbuild.details.evidence import gather
from xbuild.details.headers import find_pyconfig
from xbuild.details.json_text import lookup
from xbuild.details.parse import dumps, from_json
from xbuild.details.paths import resolve
from xbuild.errors import DetailsError
from xbuild.provision.directory import find_inside
from xbuild.provision.python import DETAILS_FILE, copy_headers, write_origins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xbuild.details import BuildDetails
    from xbuild.details.evidence import Evidence
    from xbuild.provision.cache import Cache
    from xbuild.targets import Target


def find_own_python(file: Path, target: Target, *, cache: Cache) -> TargetPython:
    """Return what :func:`xbuild.provision.directory.own_target_python` promises; ``file`` is absolute and exists."""
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
        roots = (root for root in candidates if find_inside(root, target.loader))
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


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
