from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xbuild.crossfiles.spec import Sysroot

if TYPE_CHECKING:
    from xbuild.crossfiles.spec import CrossSpec


def test_details_without_a_suffix_were_not_repaired(spec: CrossSpec) -> None:
    details = dataclasses.replace(spec.python.details, abi=None)
    python = dataclasses.replace(spec.python, details=details)
    assert python.abi_flags == ""
    with pytest.raises(ValueError, match=r"build-details\.json was not repaired: it has no abi\.extension_suffix"):
        _ = python.extension_suffix


def test_the_name_of_the_machine_is_the_pythons_own_or_the_triplet(spec: CrossSpec) -> None:
    details = spec.python.details
    for extra, expected in (({"_multiarch": "riscv64-linux-musl"}, "riscv64-linux-musl"), ({}, "riscv64-linux-gnu")):
        implementation = dataclasses.replace(details.implementation, extra=extra)
        changed = dataclasses.replace(details, implementation=implementation)
        python = dataclasses.replace(spec.python, details=changed)
        assert dataclasses.replace(spec, python=python).multiarch == expected


def test_pkg_config_is_the_machines_then_the_toolchains(spec: CrossSpec) -> None:
    toolchain = dataclasses.replace(spec.toolchain, pkg_config=Path("/wrapped"))
    assert dataclasses.replace(spec, toolchain=toolchain).pkg_config == Path("/xb/tools/pkg-config")
    assert dataclasses.replace(spec, toolchain=toolchain, tools={}).pkg_config == Path("/wrapped")
    assert dataclasses.replace(spec, tools={}).pkg_config is None


def test_library_folders_are_those_that_exist_multiarch_first(tmp_path: Path) -> None:
    for name in ("usr/lib/riscv64-linux-gnu", "usr/lib"):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
    sysroot = Sysroot(path=tmp_path, triplet="riscv64-linux-gnu")
    assert sysroot.library_dirs == (tmp_path / "usr/lib/riscv64-linux-gnu", tmp_path / "usr/lib")
