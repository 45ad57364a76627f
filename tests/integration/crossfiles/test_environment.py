from __future__ import annotations

import os
import shutil
import tarfile
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from uv import find_uv_bin

from xbuild.build.process import clean_environ
from xbuild.build.sdist import fetch_sdist, resolve_sdist
from xbuild.progress import SilentProgress
from xbuild.provision.cache import Cache

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integration.crossfiles.conftest import CrossFor

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

pytestmark = [pytest.mark.network, pytest.mark.emulator, pytest.mark.slow]


@pytest.mark.parametrize(
    ("target", "python"), [("aarch64", "3.13"), ("ppc64le", "3.13"), ("riscv64", "3.13"), ("riscv64", "3.14")]
)
def test_setuptools_by_hand(target: str, python: str, cross_for: CrossFor, project: Callable[[str], Path]) -> None:
    """The build Python is an ordinary one: only variables make it speak for the target."""
    cross = cross_for(target, python)
    source = project("cmake")  # for its module
    (source / "setup.py").write_text(SETUP, "utf-8")
    environ = cross.environ({**cross.files.environment, **cross.files.interpreter_environment})
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


def test_a_configure_script_needs_no_host_option(cross_for: CrossFor, tmp_path: Path) -> None:
    """libsodium, whose configure script compiles and would run some dozens of programs."""
    cross = cross_for("riscv64")
    cache = Cache.default(os.environ)
    link = resolve_sdist(
        Requirement("pynacl==1.5.0"),
        uv=find_uv_bin(),
        python_version="3.13",
        environ=clean_environ(os.environ),
        offline=False,
    )
    sdist = fetch_sdist(link, directory=tmp_path, cache=cache, progress=SilentProgress(), offline=False)
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    source = next((tmp_path / "unpacked").glob("*/src/libsodium"))
    environ = cross.environ(cross.files.environment)
    output = cross.build("sh", "./configure", "--disable-dependency-tracking", cwd=source, environ=environ)
    assert "checking whether we are cross compiling... yes" in output
    assert "checking host system type... riscv64" in output
