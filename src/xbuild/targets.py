"""The registry of targets over ``toolchains/*.toml``: adding an architecture is adding a file."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from xbuild.errors import TargetError
from xbuild.resources import data_path

if TYPE_CHECKING:
    from collections.abc import Mapping

Version = tuple[int, int]
Endian = Literal["little", "big"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ElfIdentity:
    """What every ELF file of the target has in its header.

    ``machine`` is pyelftools' and ``elf.h``'s name (``EM_RISCV``); ``e_flags & flags_mask`` must equal ``flags``.
    """

    elf_class: Literal[32, 64]
    data: Endian
    machine: str
    flags: int
    flags_mask: int


@dataclass(frozen=True, kw_only=True, slots=True)
class MesonMachine:
    """The target in the words of Meson's ``[host_machine]``."""

    cpu_family: str
    cpu: str
    endian: Endian


@dataclass(frozen=True, kw_only=True, slots=True)
class ZigTarget:
    """The target in zig's words; ``glibc_floor`` is the oldest glibc zig can link against for it."""

    triple: str
    glibc_floor: Version


@dataclass(frozen=True, kw_only=True, slots=True)
class QemuMachine:
    """``name`` is the suffix of the program (``qemu-<name>``); ``cpus`` pairs a QEMU version with the model to use."""

    name: str
    cpus: tuple[tuple[Version, str], ...]

    def cpu_for(self, version: Version) -> str:
        """Return the best CPU model that QEMU ``version`` knows."""
        return [model for since, model in self.cpus if since <= version][-1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One machine wheels are built for. See ``schemas/target.schema.json`` for each field."""

    name: str
    description: str
    aliases: tuple[str, ...]
    triplet: str
    wheel_machine: str
    debian_arch: str
    loader: str
    long_double_format: str
    manylinux_floor: Version
    cmake_processor: str
    conan_arch: str
    rust_triple: str
    elf: ElfIdentity
    meson: MesonMachine
    zig: ZigTarget
    qemu: QemuMachine

    @property
    def platform(self) -> str:
        """What ``sysconfig.get_platform()`` says on the target: ``linux-<wheel machine>``."""
        return f"linux-{self.wheel_machine}"

    @property
    def linux_tag(self) -> str:
        """The plain platform tag of a wheel: ``linux_<wheel machine>``."""
        return f"linux_{self.wheel_machine}"


def target_names() -> tuple[str, ...]:
    """Return the canonical names of all known targets, sorted."""
    return tuple(sorted(_load_all()))


def get_target(name: str) -> Target:
    """Return the target called ``name``, by its canonical name or an alias, in any case.

    Raises :class:`TargetError`, with the nearest known name, if there is none.
    """
    targets = _load_all()
    by_name = {alias: target for target in targets.values() for alias in (target.name, target.triplet, *target.aliases)}
    found = by_name.get(name.strip().lower())
    if found is not None:
        return found
    near = difflib.get_close_matches(name.lower(), by_name, n=1, cutoff=0.5)
    hint = f"did you mean {by_name[near[0]].name!r}? " if near else ""
    raise TargetError(f"unknown target {name!r}", hint=f"{hint}known targets: {', '.join(sorted(targets))}")


@cache
def _load_all() -> Mapping[str, Target]:
    files = sorted(data_path("toolchains").glob("*.toml"))
    return {file.stem: _target_from_dict(file.stem, tomllib.loads(file.read_text("utf-8"))) for file in files}


def parse_version(text: str) -> Version:
    """``"2.17"`` -> ``(2, 17)``; a missing minor is 0."""
    major, _, minor = text.partition(".")
    return int(major), int(minor or 0)


def _target_from_dict(name: str, data: Mapping[str, Any]) -> Target:
    """Shipped files are held to the schema by a test, so this only converts."""
    elf, meson, zig, qemu = (data[key] for key in ("elf", "meson", "zig", "qemu"))
    plain = ("description", "triplet", "wheel_machine", "debian_arch", "loader", "long_double_format")
    return Target(
        name=name,
        aliases=tuple(data["aliases"]),
        manylinux_floor=parse_version(data["manylinux_floor"]),
        cmake_processor=data["cmake_processor"],
        conan_arch=data["conan_arch"],
        rust_triple=data["rust_triple"],
        elf=ElfIdentity(
            elf_class=elf["class"],
            data=elf["data"],
            machine=elf["machine"],
            flags=elf["flags"],
            flags_mask=elf["flags_mask"],
        ),
        meson=MesonMachine(**meson),
        zig=ZigTarget(triple=zig["triple"], glibc_floor=parse_version(zig["glibc_floor"])),
        qemu=QemuMachine(
            name=qemu["name"], cpus=tuple((parse_version(cpu["since"]), cpu["model"]) for cpu in qemu["cpus"])
        ),
        **{key: data[key] for key in plain},
    )
