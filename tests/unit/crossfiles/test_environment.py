from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xbuild.crossfiles.environment import check_words, environment, interpreter_environment, render
from xbuild.errors import ToolchainError

if TYPE_CHECKING:
    from tests.unit.crossfiles.conftest import MakeSpec

    from xbuild.crossfiles.layout import Layout
    from xbuild.crossfiles.spec import CrossSpec

ODD = {"A": "", "B": "a b", "C": 'it\'s $HOME `x` \\ "q"', "D": "ü#"}


def test_nothing_replaces_the_flags_of_setuptools(spec: CrossSpec, layout: Layout) -> None:
    assert {"CFLAGS", "CXXFLAGS", "LDFLAGS", "LDSHARED", "LD"}.isdisjoint(environment(spec, layout))


def test_each_compiler_is_one_word_and_the_targets(spec: CrossSpec, layout: Layout) -> None:
    variables = environment(spec, layout)
    assert (variables["CC"], variables["CXX"], variables["FC"]) == (
        "/xb/toolchain/cc",
        "/xb/toolchain/c++",
        "/xb/toolchain/gfortran",
    )


def test_the_build_machines_compiler_is_named_for_programs_that_run_in_the_build(
    spec: CrossSpec, layout: Layout
) -> None:
    variables = environment(spec, layout)
    assert variables["CC_FOR_BUILD"] == variables["HOST_CC"] == "/xb/tools/cc"
    assert "CXX_FOR_BUILD" not in variables


def test_pkg_config_sees_only_the_targets_files(spec: CrossSpec, layout: Layout) -> None:
    variables = environment(spec, layout)
    first, *others = variables["PKG_CONFIG_LIBDIR"].split(":")
    assert first == "/files/pkgconfig"
    assert all(folder.startswith("/xb/sysroot/") for folder in others)
    assert variables["PKG_CONFIG_SYSROOT_DIR"] == "/xb/sysroot"
    assert not variables["PKG_CONFIG_PATH"]


def test_the_other_files_are_named(spec: CrossSpec, layout: Layout) -> None:
    variables = environment(spec, layout)
    assert variables["CMAKE_TOOLCHAIN_FILE"] == "/files/toolchain.cmake"
    assert variables["CONFIG_SITE"] == "/files/config.site"
    assert variables["PYO3_CONFIG_FILE"] == "/files/pyo3-config.txt"


@pytest.mark.parametrize(("target", "platform"), [("ppc64le", "linux-ppc64le"), ("armv7l", "linux-armv7l")])
def test_the_platform_is_the_wheels_word_for_the_machine(
    target: str, platform: str, make_spec: MakeSpec, layout: Layout
) -> None:
    assert environment(make_spec(target), layout)["_PYTHON_HOST_PLATFORM"] == platform


def test_cargo_variables_carry_the_triple(make_spec: MakeSpec, layout: Layout) -> None:
    variables = environment(make_spec("ppc64le", version="3.14", flags="t"), layout)
    assert variables["CARGO_BUILD_TARGET"] == "powerpc64le-unknown-linux-gnu"
    assert variables["CARGO_TARGET_POWERPC64LE_UNKNOWN_LINUX_GNU_LINKER"] == "/xb/toolchain/cc"
    assert variables["CARGO_TARGET_POWERPC64LE_UNKNOWN_LINUX_GNU_RUNNER"] == "/xb/emulator/wrapper"
    assert variables["CC_powerpc64le_unknown_linux_gnu"] == "/xb/toolchain/cc"
    assert variables["PYO3_CROSS_PYTHON_VERSION"] == "3.14t"


def test_an_interpreter_answers_from_the_module(spec: CrossSpec, layout: Layout) -> None:
    assert interpreter_environment(spec, layout) == {
        "PYTHONPATH": "/files/sysconfig",
        "_PYTHON_HOST_PLATFORM": "linux-riscv64",
        "_PYTHON_SYSCONFIGDATA_NAME": "_sysconfigdata__linux_riscv64-linux-gnu",
    }


def test_the_order_is_always_the_same(spec: CrossSpec, layout: Layout) -> None:
    assert list(environment(spec, layout)) == sorted(environment(spec, layout))


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


@pytest.mark.parametrize("name", ["a b", "it's", "$x", 'q"'])
def test_a_compiler_that_is_not_one_word_is_an_error(name: str, make_spec: MakeSpec, layout: Layout) -> None:
    variables = environment(make_spec(root=Path("/", name)), layout)
    with pytest.raises(ToolchainError) as caught:
        check_words(variables)
    shown = repr(f"/{name}/toolchain/cc")
    assert caught.value.message == f"CC is read as words of a command, which no quotes are right in: {shown}"
    check_words(environment(make_spec(root=Path("/ü")), layout))
