from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xbuild.crossfiles.environment import environment, interpreter_environment, render

if TYPE_CHECKING:
    from tests.unit.crossfiles.conftest import MakeSpec

    from xbuild.crossfiles.spec import CrossSpec

ODD = {"A": "", "B": "a b", "C": 'it\'s $HOME `x` \\ "q"', "D": "ü#"}


def test_nothing_replaces_the_flags_of_setuptools(spec: CrossSpec) -> None:
    assert {"CFLAGS", "CXXFLAGS", "LDFLAGS", "LDSHARED", "LD"}.isdisjoint(environment(spec))


def test_each_compiler_is_one_word_and_the_targets(spec: CrossSpec) -> None:
    variables = environment(spec)
    assert (variables["CC"], variables["CXX"], variables["FC"]) == (
        "/xb/toolchain/cc",
        "/xb/toolchain/c++",
        "/xb/toolchain/gfortran",
    )


def test_the_build_machines_compiler_is_named_for_programs_that_run_in_the_build(spec: CrossSpec) -> None:
    variables = environment(spec)
    assert variables["CC_FOR_BUILD"] == variables["HOST_CC"] == "/xb/tools/cc"
    assert "CXX_FOR_BUILD" not in variables


def test_pkg_config_sees_only_the_sysroot(spec: CrossSpec) -> None:
    variables = environment(spec)
    assert all(folder.startswith("/xb/sysroot/") for folder in variables["PKG_CONFIG_LIBDIR"].split(":"))
    assert variables["PKG_CONFIG_SYSROOT_DIR"] == "/xb/sysroot"
    assert not variables["PKG_CONFIG_PATH"]


def test_files_are_named_if_they_are_there(spec: CrossSpec) -> None:
    assert {"CMAKE_TOOLCHAIN_FILE", "CONFIG_SITE", "PYO3_CONFIG_FILE"}.isdisjoint(environment(spec))
    variables = environment(spec, cmake_toolchain=Path("/a"), config_site=Path("/b"), pyo3_config=Path("/c"))
    assert (variables["CMAKE_TOOLCHAIN_FILE"], variables["CONFIG_SITE"], variables["PYO3_CONFIG_FILE"]) == (
        "/a",
        "/b",
        "/c",
    )


@pytest.mark.parametrize(("target", "platform"), [("ppc64le", "linux-ppc64le"), ("armv7l", "linux-armv7l")])
def test_the_platform_is_the_wheels_word_for_the_machine(target: str, platform: str, make_spec: MakeSpec) -> None:
    assert environment(make_spec(target))["_PYTHON_HOST_PLATFORM"] == platform


def test_cargo_variables_carry_the_triple(make_spec: MakeSpec) -> None:
    variables = environment(make_spec("ppc64le", version="3.14", flags="t"))
    assert variables["CARGO_BUILD_TARGET"] == "powerpc64le-unknown-linux-gnu"
    assert variables["CARGO_TARGET_POWERPC64LE_UNKNOWN_LINUX_GNU_LINKER"] == "/xb/toolchain/cc"
    assert variables["CARGO_TARGET_POWERPC64LE_UNKNOWN_LINUX_GNU_RUNNER"] == "/xb/emulator/wrapper"
    assert variables["CC_powerpc64le_unknown_linux_gnu"] == "/xb/toolchain/cc"
    assert variables["PYO3_CROSS_PYTHON_VERSION"] == "3.14t"


def test_an_interpreter_answers_from_the_module(spec: CrossSpec) -> None:
    assert interpreter_environment(spec, Path("/files/sysconfig/_sysconfigdata__linux_x.py")) == {
        "PYTHONPATH": "/files/sysconfig",
        "_PYTHON_HOST_PLATFORM": "linux-riscv64",
        "_PYTHON_SYSCONFIGDATA_NAME": "_sysconfigdata__linux_x",
    }


def test_the_order_is_always_the_same(spec: CrossSpec) -> None:
    assert list(environment(spec)) == sorted(environment(spec))


def test_a_shell_gets_what_was_meant(tmp_path: Path) -> None:
    file = tmp_path / "env.sh"
    file.write_text(render(ODD, "sh"), "utf-8")
    names = " ".join(f'"${name}"' for name in ODD)
    done = subprocess.run(
        ["/bin/sh", "-c", f". {file}; printf '%s\\n' {names}"],
        capture_output=True,
        check=True,
        env={"PATH": os.defpath},
    )
    assert done.stdout.decode("utf-8").splitlines() == list(ODD.values())


def test_json_is_the_variables() -> None:
    assert json.loads(render(ODD, "json")) == ODD


def test_github_and_dotenv_have_a_line_each() -> None:
    variables = {"A": "/usr/bin/cc", "B": "a $b"}
    assert render(variables, "github") == "A=/usr/bin/cc\nB=a $b\n"
    assert render(variables, "dotenv") == "A=/usr/bin/cc\nB='a $b'\n"
