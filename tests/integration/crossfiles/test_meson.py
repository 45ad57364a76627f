"""A project in every language an extension module may be in, built by Meson with nothing but the cross file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.crossfiles.conftest import Cross, CrossFor

pytestmark = [pytest.mark.network, pytest.mark.emulator]

# What each module is asked on the target, and what it says.
QUESTIONS = {
    "plain": ("plain.answer()", "42"),
    "limited": ("limited.answer()", "42"),
    "withcython": ("withcython.answer(4)", "8"),
    "withcpp": ("withcpp.answer(3)", "is 3"),
    "withfortran": ("withfortran.answer(2.5)", "5.0"),
}


def test_modules_and_programs_in_every_language(cross: Cross, project: Callable[[str], Path]) -> None:
    source = project("meson")
    has = {"cpp": cross.spec.toolchain.cxx is not None, "fortran": cross.spec.toolchain.fc is not None}
    options = [f"-D{name}={'enabled' if present else 'disabled'}" for name, present in has.items()]
    cross_file = cross.crossfile("meson", source / "cross.ini")
    cross.build("meson", "setup", "build", "--cross-file", cross_file, *options, cwd=source)
    cross.build("meson", "compile", "-C", "build", cwd=source)

    languages = ["C", *(["C++"] if has["cpp"] else []), *(["Fortran"] if has["fortran"] else [])]
    cross.build("meson", "test", "-C", "build", cwd=source)
    tests = (source / "build/meson-logs/testlog.json").read_text("utf-8").splitlines()
    ran = {each["name"]: each["result"] for each in map(json.loads, tests)}
    assert ran == {f"demo:a {language} program": "OK" for language in languages}

    suffix = cross.spec.python.extension_suffix
    names = ["plain", "withcython", *(f"with{name}" for name, present in has.items() if present)]
    made = {path.name for path in (source / "build").glob("*.so")}
    assert made == {f"{name}{suffix}" for name in names} | {"limited.abi3.so"}
    code = "".join(f"import {name}\nprint({QUESTIONS[name][0]})\n" for name in [*names, "limited"])
    answers = cross.ask_target(code, cwd=source / "build").splitlines()
    assert answers == [QUESTIONS[name][1] for name in [*names, "limited"]]

    assert_introspection_is_of_the_target(cross, source)


def test_a_program_that_embeds_python(cross_for: CrossFor, project: Callable[[str], Path]) -> None:
    """By pkg-config, whose files have what a sysroot without libpython's own needs asks of the linker."""
    cross, source = cross_for("riscv64"), project("embedding")
    cross_file = cross.crossfile("meson", source / "cross.ini")
    home = f"-Dhome={cross.spec.python.prefix}"
    cross.build("meson", "setup", "build", "--cross-file", cross_file, home, cwd=source)
    tested = cross.build("meson", "test", "-C", "build", "--verbose", cwd=source)
    assert "the answer is 42" in tested


def assert_introspection_is_of_the_target(cross: Cross, source: Path) -> None:
    """Meson's own word for the target is "host"."""
    shown = json.loads(cross.build("meson", "introspect", "build", "--machines", "--buildoptions", "-f", cwd=source))
    machine = cross.spec.target.meson
    expected = {"system": "linux", "kernel": "linux", "subsystem": "linux", "is_64_bit": True}
    expected |= {"cpu_family": machine.cpu_family, "cpu": machine.cpu, "endian": machine.endian}
    assert {name: shown["machines"]["host"][name] for name in expected} == expected
    assert shown["machines"]["build"]["cpu_family"] != machine.cpu_family
    options = {each["name"]: each["value"] for each in shown["buildoptions"]}
    assert options["python.build_config"] == str(cross.spec.python.details_file)
