"""Real projects by their own build, with nothing but the generated file, and not by our wheel builder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.crossfiles.conftest import CrossFor, Sdist

pytestmark = [
    pytest.mark.network,
    pytest.mark.emulator,
    pytest.mark.slow,
    pytest.mark.parametrize(("target", "python"), [("aarch64", "3.13"), ("riscv64", "3.14"), ("ppc64le", "3.13")]),
]

# contourpy's package imports NumPy before it imports this.
CONTOURPY = "import _contourpy; print(_contourpy.__version__, _contourpy.max_threads() > 0)"

RAPIDFUZZ = """
import os
os.environ["RAPIDFUZZ_IMPLEMENTATION"] = "cpp"
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein
print(Levenshtein.distance("lewenstein", "levenshtein"), process.extractOne("ba", ["foo", "bar"], scorer=fuzz.ratio)[0])
"""


def test_contourpy_by_meson(target: str, python: str, cross_for: CrossFor, sdist: Sdist) -> None:
    cross, source = cross_for(target, python), sdist("contourpy==1.4.0")
    cross_file = cross.crossfile("meson", source / "cross.ini")
    cross.build("meson", "setup", "build", "--cross-file", cross_file, cwd=source)
    cross.build("meson", "compile", "-C", "build", cwd=source)
    (module,) = source.glob("build/src/_contourpy*.so")
    assert module.name == f"_contourpy{cross.spec.python.extension_suffix}"
    assert cross.ask_target(CONTOURPY, cwd=module.parent) == "1.4.0 True"


def test_rapidfuzz_by_cmake(target: str, python: str, cross_for: CrossFor, sdist: Sdist) -> None:
    cross, source = cross_for(target, python), sdist("rapidfuzz==3.14.6")
    toolchain = cross.crossfile("cmake", source / "toolchain.cmake")
    options = ("-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "--toolchain", toolchain)
    cross.build("cmake", "-S", ".", "-B", "build", *options, cwd=source)
    cross.build("cmake", "--build", "build", cwd=source)
    cross.build("cmake", "--install", "build", "--prefix", "src", cwd=source)
    suffix = cross.spec.python.extension_suffix
    names = ["_initialize_cpp", "fuzz_cpp", "metrics_cpp", "process_cpp_impl", "utils_cpp"]
    assert sorted(path.name for path in source.glob("src/**/*.so")) == [f"{name}{suffix}" for name in names]
    assert cross.ask_target(RAPIDFUZZ, cwd=source / "src") == "2 bar"
