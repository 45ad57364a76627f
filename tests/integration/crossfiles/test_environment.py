"""``python -m build`` of setuptools, which reads its compilers and the target from variables."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.crossfiles.conftest import Cross

SETUP = """
from setuptools import Extension, setup

limited = [("NAME", "limited"), ("Py_LIMITED_API", "0x03090000")]
setup(
    name="demo",
    version="1",
    ext_modules=[
        Extension("plain", ["module.c"]),
        Extension("limited", ["module.c"], define_macros=limited, py_limited_api=True),
    ],
)
"""

pytestmark = [pytest.mark.network, pytest.mark.emulator]


def test_setuptools_by_hand(cross: Cross, project: Callable[[str], Path]) -> None:
    """The build Python is an ordinary one: only variables make it speak for the target."""
    source = project("cmake")  # for its module
    (source / "setup.py").write_text(SETUP, "utf-8")
    variables = cross.crossfile("env", source / "env.json", "--format", "json")
    environ = cross.environ(json.loads(variables.read_text("utf-8")))
    cross.build("python", "-m", "build", "--wheel", "--no-isolation", cwd=source, environ=environ)
    (wheel,) = (source / "dist").iterdir()
    tag = f"cp{cross.spec.python.version_nodot}"
    assert wheel.name == f"demo-1-{tag}-{tag}-{cross.spec.target.linux_tag}.whl"
    modules = source / "modules"
    shutil.unpack_archive(wheel, modules, "zip")
    suffix = cross.spec.python.extension_suffix
    assert {path.name for path in modules.glob("*.so")} == {f"plain{suffix}", "limited.abi3.so"}
    code = "import plain, limited; print(plain.answer(), limited.answer())"
    assert cross.ask_target(code, cwd=modules) == "42 42"
