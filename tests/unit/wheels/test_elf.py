"""Reading ELF files, whole ones and hostile ones."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.wheels import Elf

from xbuild.targets import get_target, target_names
from xbuild.wheels import elf as elf_module
from xbuild.wheels.elf import ElfError, ElfFile, read_elf

FULL = Elf(
    interp="/lib/ld-linux-riscv64-lp64d.so.1",
    soname="libx.so.1",
    needed=("libm.so.6", "libc.so.6"),
    rpath="/opt/lib:$ORIGIN",
    runpath="$ORIGIN/../pkg.libs",
    versions={"libc.so.6": ("GLIBC_2.27", "GLIBC_2.34"), "libm.so.6": ("GLIBC_2.29",)},
    exported=("PyInit__x", "PyModExport__x", "other"),
    undefined=("malloc",),
    weak=("__gmon_start__",),
)


def read(content: bytes) -> ElfFile:
    return read_elf(BytesIO(content))


def test_everything_a_file_says_is_read() -> None:
    assert read(bytes(FULL)) == ElfFile(
        elf_class=64,
        data="little",
        machine="EM_RISCV",
        flags=5,
        type="ET_DYN",
        dynamic=True,
        interp="/lib/ld-linux-riscv64-lp64d.so.1",
        soname="libx.so.1",
        needed=("libm.so.6", "libc.so.6"),
        rpath=("/opt/lib", "$ORIGIN"),
        runpath=("$ORIGIN/../pkg.libs",),
        version_needs={
            "libc.so.6": frozenset({"GLIBC_2.27", "GLIBC_2.34"}),
            "libm.so.6": frozenset({"GLIBC_2.29"}),
        },
        init_functions=("PyInit__x", "PyModExport__x"),
        undefined=frozenset({"malloc"}),
    )


@pytest.mark.parametrize("name", target_names())
def test_every_targets_files_are_read(name: str) -> None:
    identity = get_target(name).elf
    image = Elf(
        bits=identity.elf_class,
        little=identity.data == "little",
        machine=identity.machine,
        flags=identity.flags,
        needed=("libc.so.6",),
        versions={"libc.so.6": ("GLIBC_2.17",)},
        undefined=("malloc",),
    )
    found = read(bytes(image))
    assert (found.elf_class, found.data, found.machine) == (identity.elf_class, identity.data, identity.machine)
    assert found.flags & identity.flags_mask == identity.flags
    assert found.version_needs == {"libc.so.6": {"GLIBC_2.17"}}
    assert found.init_functions == ("PyInit__x",)
    assert found.undefined == frozenset({"malloc"})


def test_an_unknown_machine_is_a_number() -> None:
    content = bytearray(bytes(Elf()))
    content[18:20] = struct.pack("<H", 0xFEED)
    assert read(bytes(content)).machine == str(0xFEED)


def test_a_library_may_be_listed_with_no_version() -> None:
    versions: dict[str, tuple[str, ...]] = {"libx.so": (), "libc.so.6": ("GLIBC_2.17",)}
    assert read(bytes(Elf(versions=versions))).version_needs == {
        "libx.so": frozenset(),
        "libc.so.6": frozenset({"GLIBC_2.17"}),
    }


def test_a_static_program_needs_nothing() -> None:
    found = read(bytes(Elf(type=2, dynamic=False)))
    assert (found.type, found.dynamic, found.needed, found.init_functions) == ("ET_EXEC", False, (), None)


def test_symbols_are_unknown_without_section_headers() -> None:
    found = read(bytes(Elf(sections=False, needed=("libc.so.6",))))
    assert (found.needed, found.init_functions, found.undefined) == (("libc.so.6",), None, None)


def test_text_that_is_not_utf_8_stays_readable() -> None:
    assert read(bytes(Elf(soname="libX.so")).replace(b"libX.so", b"lib\xff.so")).soname == "lib\\xff.so"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not an ELF file"),
        (b"#!/bin/sh\n", "not an ELF file"),
        (b"\x7fELF", "corrupt ELF file: no such class or byte order"),
        (b"\x7fELF" + bytes(60), "corrupt ELF file: no such class or byte order"),
        (
            bytes(Elf())[:40],
            "truncated or corrupt ELF file: 64 bytes at offset 0 are outside its 40 bytes",
        ),
    ],
)
def test_what_is_not_elf_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ElfError) as caught:
        read(content)
    assert caught.value.message == message


def with_dynamic(tags: list[tuple[int, int]]) -> bytes:
    """A file whose dynamic section is replaced by ``tags``, which must not be longer."""
    content = bytes(replace(FULL, sections=False))
    # The third program header is PT_DYNAMIC: 8 bytes into it is its offset.
    (offset,) = struct.unpack_from("<Q", content, 64 + 2 * 56 + 8)
    table = b"".join(struct.pack("<QQ", *tag) for tag in tags)
    return content[:offset] + table + content[offset + len(table) :]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (with_dynamic([(1, 1), (0, 0)]), "no string at offset 1 of a table of 0 bytes"),
        (with_dynamic([(5, 0xDEAD0000), (10, 4), (0, 0)]), "address 0xdead0000 is in no segment"),
        (with_dynamic([(5, 0), (10, 1 << 60), (0, 0)]), "are outside its"),
        (with_dynamic([(5, 0), (10, 16), (1, 4000), (0, 0)]), "no string at offset 4000 of a table of 16 bytes"),
    ],
)
def test_a_dynamic_section_that_leads_nowhere_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ElfError) as caught:
        read(content)
    assert message in caught.value.message


def test_a_dynamic_section_may_end_without_a_mark() -> None:
    content = with_dynamic([(30, 0)] * 11)
    assert read(content).needed == ()


def test_too_many_program_headers_are_refused() -> None:
    content = bytearray(bytes(Elf()))
    content[56:58] = struct.pack("<H", 0xFFFF)
    with pytest.raises(ElfError) as caught:
        read(bytes(content))
    assert caught.value.message == "corrupt ELF file: 65535 entries of Elf_Phdr, more than 1024"


def test_a_chain_of_versions_that_runs_in_a_circle_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elf_module, "_MAX_LINKS", 3)
    with pytest.raises(ElfError) as caught:
        read(bytes(FULL))
    assert caught.value.message == "corrupt ELF file: more than 3 symbol versions"


@given(cut=st.integers(min_value=0, max_value=len(bytes(FULL)) - 1))
def test_a_file_cut_short_anywhere_is_refused(cut: int) -> None:
    with pytest.raises(ElfError):
        read(bytes(FULL)[:cut])


@given(
    changes=st.dictionaries(
        st.integers(min_value=4, max_value=len(bytes(FULL)) - 1), st.integers(min_value=0, max_value=255), max_size=40
    )
)
@example(changes={4: 1})
def test_damage_gives_a_file_or_an_elf_error_and_nothing_else(changes: dict[int, int]) -> None:
    content = bytearray(bytes(FULL))
    for offset, value in changes.items():
        content[offset] = value
    with suppress(ElfError):
        assert isinstance(read(bytes(content)), ElfFile)


@given(content=st.binary(max_size=400))
def test_arbitrary_bytes_after_the_magic_give_a_file_or_an_elf_error(content: bytes) -> None:
    for bits in (b"\x01", b"\x02"):
        with suppress(ElfError):
            read(b"\x7fELF" + bits + b"\x01\x01" + bytes(9) + content)
