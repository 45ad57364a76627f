"""Writing a toolchain file (``schemas/toolchain.schema.json``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xbuild.crossfiles import quoting
from xbuild.errors import ToolchainError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from xbuild.targets import Target
    from xbuild.toolchains import Family, ToolName


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnToolchain:
    """What a toolchain file is to say; the fields are the keys of its schema."""

    target: Target
    family: Family
    tools: Mapping[ToolName, tuple[str, ...]]
    compiler_sysroot: Path | None = None
    sysroot: Path | None = None
    python: str | None = None
    build_details: Path | None = None
    pkg_config_dirs: tuple[Path, ...] = ()
    qemu: Path | None = None
    cpu: str | None = None
    build: Mapping[str, str] = field(default_factory=dict)


def render(toolchain: OwnToolchain, *, source: str) -> str:
    """Return the file; ``source`` is what it was made from.

    Raises :class:`ToolchainError` for paths TOML cannot have.
    """
    source = "".join(sign if sign.isprintable() else "?" for sign in source)
    text = f"# For {toolchain.target.description}, imported from {source}.\n"
    for title, entries in _tables(toolchain):
        lines = [f"{key} = {value}\n" for key, value in entries.items()]
        if lines:
            text += f"\n[{title}]\n" + "".join(lines)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ToolchainError(
            f"a path is not in UTF-8, as TOML has it: {text[max(0, error.start - 40) : error.end + 40]!a}",
            hint="move the toolchain to a path in UTF-8",
        ) from error
    return text


def _tables(toolchain: OwnToolchain) -> Iterator[tuple[str, dict[str, str]]]:
    yield "toolchain", _entries({"family": toolchain.family, "sysroot": toolchain.compiler_sysroot})
    yield "tools", {name: _command(words) for name, words in toolchain.tools.items()}
    target = {
        "name": toolchain.target.name,
        "sysroot": toolchain.sysroot,
        "python": toolchain.python,
        "build-details": toolchain.build_details,
    }
    folders = ", ".join(quoting.toml(str(folder)) for folder in toolchain.pkg_config_dirs)
    yield "target", _entries(target) | ({"pkg-config-dirs": f"[{folders}]"} if folders else {})
    yield "emulator", _entries({"qemu": toolchain.qemu, "cpu": toolchain.cpu} if toolchain.qemu else {})
    yield "build", _entries(toolchain.build)


def _entries(values: Mapping[str, object]) -> dict[str, str]:
    return {name: quoting.toml(str(value)) for name, value in values.items() if value is not None}


def _command(words: tuple[str, ...]) -> str:
    if len(words) == 1:
        return quoting.toml(words[0])
    return f"[{', '.join(map(quoting.toml, words))}]"
