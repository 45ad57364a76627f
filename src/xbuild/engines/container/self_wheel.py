"""The xbuild that runs, as a wheel: what a container has is what its caller has, to the byte."""

from __future__ import annotations

import io
import tomllib
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import xbuild
from xbuild.resources import DATA_FOLDERS, data_path
from xbuild.wheels.record import entry_for, format_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DISTRIBUTION = "xbuild-wheels"
_DIST_INFO = f"xbuild_wheels-{xbuild.__version__}.dist-info"
_WHEEL = "Wheel-Version: 1.0\nGenerator: xbuild\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment that a ZIP file can hold


@dataclass(frozen=True, kw_only=True, slots=True)
class SelfWheel:
    """A wheel's file name and content, and the requirements of its metadata."""

    name: str
    content: bytes
    requirements: tuple[str, ...]


def self_wheel() -> SelfWheel:
    """Return a wheel of this xbuild, from a checkout or as it is installed. The same files give the same bytes."""
    package = Path(xbuild.__file__).resolve().parent
    facts = _installed_facts() if (package / "_data").is_dir() else _checkout_facts(package.parent.parent)
    members = {
        f"{_DIST_INFO}/METADATA": facts.metadata().encode(),
        f"{_DIST_INFO}/WHEEL": _WHEEL.encode(),
        f"{_DIST_INFO}/entry_points.txt": facts.entry_points().encode(),
        **{f"xbuild/{name}": content for name, content in _files(package)},
    }
    for folder in DATA_FOLDERS:
        members |= {f"xbuild/_data/{folder}/{name}": content for name, content in _files(data_path(folder))}
    return SelfWheel(
        name=f"xbuild_wheels-{xbuild.__version__}-py3-none-any.whl",
        content=pack(members, record=f"{_DIST_INFO}/RECORD"),
        requirements=facts.requirements,
    )


def pack(members: Mapping[str, bytes], *, record: str) -> bytes:
    """Return a wheel with ``members`` and its RECORD, called ``record``; nothing is compressed, so no zlib differs."""
    entries = [entry_for(name, content) for name, content in sorted(members.items())]
    listing = format_record(entries) + f"{record},,\n"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in (*sorted(members.items()), (record, listing.encode())):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3  # Unix, wherever this runs
            info.external_attr = 0o100644 << 16
            archive.writestr(info, content)
    return out.getvalue()


def installed_closure(requirements: Iterable[str], *, extras: Iterable[str] = ()) -> tuple[str, ...]:
    """Return ``name==version`` of all that is installed here for ``requirements``, sorted: what a copy shall have too.

    What is not installed, or in a version that no index has (``1.0+local``), is left out.
    """
    found: dict[str, str] = {}
    waiting = [(Requirement(text), ("", *extras)) for text in requirements]
    while waiting:
        requirement, contexts = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in found or not _applies(requirement, contexts):
            continue
        try:
            dist = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[name] = dist.version
        waiting += [(Requirement(text), ("", *requirement.extras)) for text in dist.requires or ()]
    return tuple(f"{name}=={version}" for name, version in sorted(found.items()) if "+" not in version)


def _applies(requirement: Requirement, extras: Iterable[str]) -> bool:
    return requirement.marker is None or any(requirement.marker.evaluate({"extra": extra}) for extra in extras)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Facts:
    """What the metadata says that installing and running need."""

    requires_python: str
    requirements: tuple[str, ...]
    extras: tuple[str, ...]
    scripts: tuple[tuple[str, str], ...]

    def metadata(self) -> str:
        lines = [
            "Metadata-Version: 2.4",
            f"Name: {DISTRIBUTION}",
            f"Version: {xbuild.__version__}",
            f"Requires-Python: {self.requires_python}",
            *(f"Requires-Dist: {requirement}" for requirement in self.requirements),
            *(f"Provides-Extra: {extra}" for extra in self.extras),
        ]
        return "\n".join(lines) + "\n"

    def entry_points(self) -> str:
        return "\n".join(["[console_scripts]", *(f"{name} = {target}" for name, target in self.scripts)]) + "\n"


def _installed_facts() -> _Facts:
    dist = metadata.distribution(DISTRIBUTION)
    return _Facts(
        requires_python=dist.metadata["Requires-Python"],
        requirements=tuple(sorted(dist.requires or ())),
        extras=tuple(sorted(dist.metadata.get_all("Provides-Extra", []))),
        scripts=tuple(sorted((e.name, e.value) for e in dist.entry_points if e.group == "console_scripts")),
    )


def _checkout_facts(root: Path) -> _Facts:
    """Read ``pyproject.toml``: an editable install's metadata is as old as the install."""
    project: dict[str, Any] = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    optional: dict[str, list[str]] = project.get("optional-dependencies", {})
    extra_requirements = [f"{text}; extra == '{name}'" for name, texts in optional.items() for text in texts]
    return _Facts(
        requires_python=project["requires-python"],
        requirements=tuple(sorted([*project["dependencies"], *extra_requirements])),
        extras=tuple(sorted(optional)),
        scripts=tuple(sorted(project["scripts"].items())),
    )


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the names, relative to ``folder``, and contents of its files, without what Python and editors leave."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        hidden = any(part.startswith(".") or part in ("__pycache__", "_data") for part in name.parts)
        if path.is_file() and not hidden and path.suffix not in (".pyc", ".pyo"):
            yield name.as_posix(), path.read_bytes()
