from __future__ import annotations

import pytest

from xbuild.errors import ProvisionError
from xbuild.provision.debian.index import Package, PackageIndex, dump_index, load_index, parse_index

SHA = "ab" * 32

TEXT = f"""\
Package: hello
Source: hello-source (2.0)
Version: 1.0-1
Installed-Size: 12
Maintainer: Someone <someone@example.org>
Architecture: riscv64
Multi-Arch: same
Depends: libc6 (>= 2.38),
 libm6
Pre-Depends: dpkg
Provides: greeter (= 1.0), salute
Description: says hello
 Version: this is text
Homepage: https://hello.example/
Filename: pool/main/h/hello/hello_1.0-1_riscv64.deb
Size: 1234
SHA256: {SHA}

Package: hello
Version: 1.0-1+b2
Architecture: all
Filename: pool/main/h/hello/hello_1.0-1+b2_all.deb
Size: 1
SHA256: {SHA}


Package: tiny
Version: 2
Architecture: all
Provides: salute:any
Filename: pool/t.deb
Size: 2
SHA256: {SHA}
"""


@pytest.fixture
def index() -> PackageIndex:
    return parse_index(TEXT, architecture="riscv64", origin="trixie (riscv64)")


def test_every_field(index: PackageIndex) -> None:
    assert index.versions("hello")[1] == Package(
        name="hello",
        version="1.0-1",
        architecture="riscv64",
        filename="pool/main/h/hello/hello_1.0-1_riscv64.deb",
        size=1234,
        sha256=SHA,
        depends="libc6 (>= 2.38), libm6",
        pre_depends="dpkg",
        provides="greeter (= 1.0), salute",
        multi_arch="same",
        source="hello-source (2.0)",
        installed_size=12 * 1024,
    )


def test_missing_fields_have_their_defaults(index: PackageIndex) -> None:
    package = index.get("tiny")
    assert package is not None
    assert (package.multi_arch, package.source, package.depends, package.installed_size) == ("no", "tiny", "", 0)


def test_the_highest_version_comes_first(index: PackageIndex) -> None:
    assert [package.version for package in index.versions("hello")] == ["1.0-1+b2", "1.0-1"]
    package = index.get("hello")
    assert package is not None
    assert package.version == "1.0-1+b2"


def test_names_and_virtual_names(index: PackageIndex) -> None:
    assert index.names == {"hello", "tiny"}
    assert index.get("salute") is None
    assert [package.name for package in index.providing("salute")] == ["hello", "hello", "tiny"]
    assert index.providing("nothing") == ()


def test_the_stored_form_is_the_same_index(index: PackageIndex) -> None:
    assert load_index(dump_index(index), architecture="riscv64", origin="trixie (riscv64)") == index


@pytest.mark.parametrize("damage", [b"", b"x", b"\x1f\x8b"])
def test_a_damaged_stored_form_counts_as_none(index: PackageIndex, damage: bytes) -> None:
    whole = dump_index(index)
    for data in (damage, whole[:-20], whole[:40] + b"\0\0\0\0" + whole[44:]):
        assert load_index(data, architecture="riscv64", origin="x") is None


def test_a_package_without_a_needed_field() -> None:
    with pytest.raises(ProvisionError) as caught:
        parse_index("Package: hello\nVersion: 1\nSize: 3\n", architecture="arm64", origin="trixie (arm64)")
    assert caught.value.message == "trixie (arm64): hello has no Architecture, Filename, SHA256"


def test_an_empty_index() -> None:
    assert parse_index("", architecture="arm64", origin="x").names == frozenset()
