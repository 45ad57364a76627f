from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from elftools.elf.enums import ENUM_E_MACHINE

from xbuild.errors import TargetError
from xbuild.targets import QemuMachine, get_target, parse_version, target_names

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "toolchains").glob("*.toml"))
SCHEMA = json.loads((ROOT / "schemas" / "target.schema.json").read_text("utf-8"))


def test_the_targets() -> None:
    assert target_names() == ("aarch64", "armv7l", "loongarch64", "ppc64le", "riscv64", "s390x", "x86_64")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_follows_the_schema(path: Path) -> None:
    jsonschema.validate(tomllib.loads(path.read_text("utf-8")), SCHEMA, cls=jsonschema.Draft202012Validator)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", target_names())
def test_every_file_is_read_whole(name: str) -> None:
    """Each value of the file is found again in the Target."""
    data = tomllib.loads((ROOT / "toolchains" / f"{name}.toml").read_text("utf-8"))
    target = get_target(name)
    for key in ("description", "triplet", "wheel_machine", "debian_arch", "loader", "long_double_format"):
        assert getattr(target, key) == data[key]
    assert target.cmake_processor == data["cmake_processor"]
    assert target.conan_arch == data["conan_arch"]
    assert target.rust_triple == data["rust_triple"]
    assert target.aliases == tuple(data["aliases"])
    assert target.manylinux_floor == parse_version(data["manylinux_floor"])
    assert (
        target.elf.elf_class,
        target.elf.data,
        target.elf.machine,
        target.elf.flags,
        target.elf.flags_mask,
    ) == tuple(data["elf"][key] for key in ("class", "data", "machine", "flags", "flags_mask"))
    assert (target.meson.cpu_family, target.meson.cpu, target.meson.endian) == tuple(
        data["meson"][key] for key in ("cpu_family", "cpu", "endian")
    )
    assert target.zig.triple == data["zig"]["triple"]
    assert target.zig.glibc_floor == parse_version(data["zig"]["glibc_floor"])
    assert target.qemu.name == data["qemu"]["name"]
    assert [model for _, model in target.qemu.cpus] == [cpu["model"] for cpu in data["qemu"]["cpus"]]


@pytest.mark.parametrize("name", target_names())
def test_the_facts_agree_with_each_other(name: str) -> None:
    target = get_target(name)
    assert target.elf.machine in ENUM_E_MACHINE
    assert target.elf.data == target.meson.endian
    assert target.elf.flags & target.elf.flags_mask == target.elf.flags
    assert (target.elf.elf_class == 64) == (target.wheel_machine != "armv7l")
    assert [since for since, _ in target.qemu.cpus] == sorted(since for since, _ in target.qemu.cpus)
    assert target.qemu.cpus[0][0] == (0, 0), "the first CPU model must be known to every QEMU"
    assert target.platform == f"linux-{target.wheel_machine}"
    assert target.linux_tag == f"linux_{target.wheel_machine}"


def test_no_name_means_two_targets() -> None:
    names = [name for each in map(get_target, target_names()) for name in {each.name, each.triplet, *each.aliases}]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("aarch64", "aarch64"),
        ("arm64", "aarch64"),
        ("ARM64", "aarch64"),
        (" riscv64 ", "riscv64"),
        ("ppc64el", "ppc64le"),
        ("powerpc64le", "ppc64le"),
        ("powerpc64le-linux-gnu", "ppc64le"),
        ("armhf", "armv7l"),
        ("amd64", "x86_64"),
        ("loong64", "loongarch64"),
    ],
)
def test_names_and_aliases(typed: str, name: str) -> None:
    assert get_target(typed).name == name


KNOWN = "known targets: aarch64, armv7l, loongarch64, ppc64le, riscv64, s390x, x86_64"


@pytest.mark.parametrize(
    ("typed", "hint"),
    [("rsicv64", f"did you mean 'riscv64'? {KNOWN}"), ("ppc64l", f"did you mean 'ppc64le'? {KNOWN}"), ("zzz", KNOWN)],
)
def test_an_unknown_target_names_the_nearest(typed: str, hint: str) -> None:
    with pytest.raises(TargetError) as caught:
        get_target(typed)
    assert (caught.value.message, caught.value.hint) == (f"unknown target {typed!r}", hint)


def test_the_best_cpu_model_that_a_qemu_knows() -> None:
    qemu = QemuMachine(name="riscv64", cpus=(((0, 0), "rv64"), ((8, 0), "max")))
    assert [qemu.cpu_for(version) for version in [(7, 2), (8, 0), (10, 1)]] == ["rv64", "max", "max"]


@pytest.mark.parametrize(("text", "version"), [("2.17", (2, 17)), ("0", (0, 0)), ("8", (8, 0))])
def test_parse_version(text: str, version: tuple[int, int]) -> None:
    assert parse_version(text) == version
