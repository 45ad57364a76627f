from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.crossfiles.conftest import CrossFor

pytestmark = [pytest.mark.network, pytest.mark.emulator, pytest.mark.slow]

CODE = """
import plain, limited, withcpp, withcython
print(plain.answer(), limited.answer(), withcpp.answer(3), withcython.answer(4))
"""


@pytest.mark.parametrize(
    ("target", "python", "toolchain"),
    [
        ("aarch64", "3.13", "gcc"),
        ("ppc64le", "3.13", "gcc"),
        ("riscv64", "3.13", "gcc"),
        ("riscv64", "3.14", "gcc"),
        ("aarch64", "3.13", "zig"),
    ],
)
def test_modules_and_programs(
    target: str, python: str, toolchain: str, cross_for: CrossFor, project: Callable[[str], Path]
) -> None:
    cross = cross_for(target, python, toolchain)
    source = project("meson")
    fortran = cross.spec.toolchain.fc is not None
    option = f"-Dfortran={str(fortran).lower()}"
    cross.build("meson", "setup", "build", "--cross-file", cross.files.meson, option, cwd=source)
    cross.build("meson", "compile", "-C", "build", cwd=source)
    cross.build("meson", "test", "-C", "build", cwd=source)
    machines = json.loads(cross.build("meson", "introspect", "build", "--machines", cwd=source))
    assert machines["host"]["cpu_family"] == cross.spec.target.meson.cpu_family
    suffix = cross.spec.python.extension_suffix
    made = {path.name for path in (source / "build").glob("*.so")}
    names = ["plain", "withcpp", "withcython", *(["withfortran"] if fortran else [])]
    assert made == {f"{name}{suffix}" for name in names} | {"limited.abi3.so"}
    assert cross.ask_target(CODE, cwd=source / "build") == "42 42 is 3 8"
    if fortran:
        code = "import withfortran; print(withfortran.answer(2.5))"
        assert cross.ask_target(code, cwd=source / "build") == "5.0"
