"""The manylinux tag a wheel has earned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xbuild.errors import UsageError, VerificationError
from xbuild.targets import Target, get_target
from xbuild.wheels.elf import ElfFile
from xbuild.wheels.manylinux import PlatformChoice, platform_need, platform_tag, platforms_of, unmet_needs

RISCV64 = get_target("riscv64")
AARCH64 = get_target("aarch64")


def elf(needed: str = "libc.so.6", soname: str | None = None, undefined: str = "", **versions: str) -> ElfFile:
    """A dynamic file that needs libraries and, as ``libc_so_6="GLIBC_2.17"``, versions of them."""
    return ElfFile(
        elf_class=64,
        data="little",
        machine="EM_RISCV",
        flags=5,
        type="ET_DYN",
        dynamic=True,
        soname=soname,
        needed=tuple(needed.split()),
        undefined=frozenset(undefined.split()),
        version_needs={
            library.replace("libstdcxx", "libstdc++").replace("_", "."): frozenset(names.split())
            for library, names in versions.items()
        },
    )


def glibc(version: str) -> dict[str, ElfFile]:
    return {"pkg/_x.so": elf(libc_so_6=f"GLIBC_{version}")}


@pytest.mark.parametrize(
    ("target", "version", "tags"),
    [
        # pip before 20.3 knows manylinux2014 only, so it is there too, as in auditwheel's wheels.
        ("aarch64", "2.17", ("manylinux2014_aarch64", "manylinux_2_17_aarch64")),
        ("ppc64le", "2.17", ("manylinux2014_ppc64le", "manylinux_2_17_ppc64le")),
        ("ppc64le", "2.18", ("manylinux_2_24_ppc64le",)),
        ("riscv64", "2.27", ("manylinux_2_31_riscv64",)),
        ("riscv64", "2.34", ("manylinux_2_34_riscv64",)),
        ("aarch64", "2.36", ("manylinux_2_36_aarch64",)),
        ("loongarch64", "2.36", ("manylinux_2_36_loongarch64",)),
        ("s390x", "2.17", ("manylinux2014_s390x", "manylinux_2_17_s390x")),
        ("armv7l", "2.17", ("manylinux2014_armv7l", "manylinux_2_17_armv7l")),
        ("x86_64", "2.2.5", ("manylinux1_x86_64", "manylinux_2_5_x86_64")),
        ("x86_64", "2.12", ("manylinux2010_x86_64", "manylinux_2_12_x86_64")),
    ],
)
def test_auto_gives_the_oldest_tag_that_the_symbol_versions_allow(
    target: str, version: str, tags: tuple[str, ...]
) -> None:
    choice = platform_tag(glibc(version), target=get_target(target), requested="auto")
    assert choice == PlatformChoice(tags=tags)


def test_every_file_counts_and_other_libraries_versions_too() -> None:
    files = {
        "pkg/_a.so": elf(libc_so_6="GLIBC_2.27"),
        "pkg/_b.so": elf(
            "libstdc++.so.6 libc.so.6", libstdcxx_so_6="GLIBCXX_3.4.29 CXXABI_1.3", libc_so_6="GLIBC_2.27"
        ),
    }
    need = platform_need(files, target=RISCV64)
    assert (need.glibc, need.manylinux, need.aliases, need.external) == ((2, 27), (2, 34), (), {})
    assert need.to_dict() == {"glibc": "2.27", "manylinux": "2.34", "external": {}, "reasons": []}


def test_a_library_no_policy_promises_leaves_the_linux_tag_and_says_why() -> None:
    files = {f"pkg/_{name}.so": elf("libfoo.so.1 libc.so.6", libc_so_6="GLIBC_2.27") for name in "abcd"}
    files["pkg/_e.so"] = elf("libbar.so.2")
    assert platform_tag(files, target=RISCV64, requested="auto") == PlatformChoice(
        tags=("linux_riscv64",),
        explanation="no manylinux tag: libfoo.so.1 is not part of every such system: needed by "
        "pkg/_a.so, pkg/_b.so and 2 more; libbar.so.2 is not part of every such system: needed by pkg/_e.so",
    )
    assert platform_need(files, target=RISCV64).to_dict()["external"] == {
        "libbar.so.2": ["pkg/_e.so"],
        "libfoo.so.1": ["pkg/_a.so", "pkg/_b.so", "pkg/_c.so", "pkg/_d.so"],
    }


def test_a_glibc_newer_than_all_policies_leaves_the_linux_tag() -> None:
    choice = platform_tag(glibc("2.99"), target=RISCV64, requested="auto")
    assert choice.tags == ("linux_riscv64",)
    assert choice.explanation == (
        "no manylinux tag: libc.so.6 is too old there to have GLIBC_2.99: needed by pkg/_x.so"
    )


def test_the_private_symbols_of_glibc_are_no_promise_of_any_tag() -> None:
    files = {"pkg/_x.so": elf(libc_so_6="GLIBC_PRIVATE")}
    need = platform_need(files, target=RISCV64)
    assert (need.glibc, need.manylinux) == (None, None)


def test_libraries_in_the_wheel_and_the_loader_need_no_promise() -> None:
    files = {
        "pkg/_x.so": elf("libfoo-1a2b.so.1 libbar.so libc.so.6 ld-linux-riscv64-lp64d.so.1", libc_so_6="GLIBC_2.27"),
        "pkg.libs/libfoo-1a2b.so.1": elf(),
        "pkg/bar": elf(soname="libbar.so"),
    }
    assert platform_need(files, target=RISCV64).manylinux == (2, 31)


def test_versions_of_a_library_in_the_wheel_are_its_own_matter() -> None:
    files = {"pkg/_x.so": elf("libz.so.1", libz_so_1="ZLIB_9.9"), "pkg.libs/libz.so.1": elf()}
    assert platform_need(files, target=RISCV64).manylinux == (2, 31)


def test_symbols_that_only_some_builds_of_zlib_have_are_refused() -> None:
    files = {"pkg/_x.so": elf("libz.so.1 libc.so.6", undefined="z_errmsg deflate")}
    assert platform_need(files, target=RISCV64).reasons == ("not every libz.so.1 has z_errmsg: needed by pkg/_x.so",)


def test_what_a_newer_loader_must_have_counts() -> None:
    files = {"pkg/_x.so": elf(ld64_so_2="GLIBC_2.22")}
    assert platform_need(files, target=get_target("ppc64le")).manylinux == (2, 24)


def test_a_program_without_needs_gets_the_targets_first_tag() -> None:
    static = replace(elf(""), type="ET_EXEC", dynamic=False)
    assert platform_tag({"pkg.data/scripts/x": static}, target=RISCV64, requested="auto").tags == (
        "manylinux_2_31_riscv64",
    )


def test_the_first_tag_of_a_target_may_be_later_than_its_first_policy() -> None:
    later = replace(get_target("x86_64"), manylinux_floor=(2, 17))
    assert platform_tag(glibc("2.2.5"), target=later, requested="auto").tags == ("manylinux_2_17_x86_64",)


def test_a_machine_without_policies_keeps_the_linux_tag() -> None:
    target = replace(RISCV64, wheel_machine="m68k")
    assert platform_tag(glibc("2.27"), target=target, requested="auto") == PlatformChoice(
        tags=("linux_m68k",), explanation="no manylinux tag: there is no manylinux policy for m68k"
    )
    assert [need.text for need in unmet_needs(glibc("2.27"), target=target, manylinux=(2, 31))] == [
        "there is no manylinux policy that old for m68k"
    ]


def test_linux_is_left_as_it_is() -> None:
    assert platform_tag(glibc("2.99"), target=RISCV64, requested="linux") == PlatformChoice(tags=("linux_riscv64",))


@pytest.mark.parametrize("requested", ["auto", "linux", "manylinux_2_31"])
def test_a_wheel_without_machine_code_gets_no_platform(requested: str) -> None:
    assert platform_tag({}, target=RISCV64, requested=requested).tags == ()


@pytest.mark.parametrize(
    ("target", "requested", "tags"),
    [
        (AARCH64, "manylinux_2_28", ("manylinux_2_28_aarch64",)),
        (AARCH64, "manylinux_2_28_aarch64", ("manylinux_2_28_aarch64",)),
        (AARCH64, "manylinux_2_29", ("manylinux_2_29_aarch64",)),
        (AARCH64, "manylinux_2_99", ("manylinux_2_99_aarch64",)),
        (AARCH64, "manylinux2014", ("manylinux2014_aarch64", "manylinux_2_17_aarch64")),
        (AARCH64, "manylinux_2_17", ("manylinux2014_aarch64", "manylinux_2_17_aarch64")),
        (AARCH64, "manylinux_2_41", ("manylinux_2_41_aarch64",)),
    ],
)
def test_an_explicit_tag_is_given_if_it_is_kept(target: Target, requested: str, tags: tuple[str, ...]) -> None:
    assert platform_tag(glibc("2.17"), target=target, requested=requested) == PlatformChoice(tags=tags)


def test_an_explicit_tag_that_promises_too_much_is_an_error() -> None:
    with pytest.raises(VerificationError) as caught:
        platform_tag(glibc("2.34"), target=AARCH64, requested="manylinux_2_28")
    assert caught.value.message == (
        "the wheel cannot be tagged manylinux_2_28: libc.so.6 is too old there to have GLIBC_2.34: needed by pkg/_x.so"
    )
    assert caught.value.hint == (
        "use --platform-tag auto for the tag it has earned; an older sysroot or --toolchain zig lowers it"
    )


@pytest.mark.parametrize("requested", ["manylinux", "manylinux_2", "musllinux_1_2", "win32", "manylinux_2_28_x86_64"])
def test_a_tag_that_is_none_of_the_targets_is_a_usage_error(requested: str) -> None:
    with pytest.raises(UsageError) as caught:
        platform_tag(glibc("2.27"), target=RISCV64, requested=requested)
    assert caught.value.message == f"'{requested}' is not a platform tag for riscv64"
    assert caught.value.hint == "use auto, linux, or manylinux_X_Y such as manylinux_2_28"


def test_a_tag_older_than_the_targets_first_is_a_usage_error() -> None:
    with pytest.raises(UsageError) as caught:
        platform_tag(glibc("2.27"), target=RISCV64, requested="manylinux2014")
    assert caught.value.message == "there is no manylinux2014 for riscv64: its first is manylinux_2_31_riscv64"


def test_the_platforms_of_an_installer() -> None:
    names = platforms_of("aarch64", glibc=(2, 18))

    assert names[:3] == ("manylinux_2_18_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64")
    assert names[-3:] == ("manylinux_2_5_aarch64", "manylinux1_aarch64", "linux_aarch64")
    assert platforms_of("riscv64", glibc=None) == ("linux_riscv64",)
