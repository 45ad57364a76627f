"""The same source gives the same wheel for another user, in other folders, with other tools on PATH."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]

# All that a project can take from the machine, the user and the moment, in text, C++ and what Cython makes.
SETUP = r"""
import json, locale, os, sys, sysconfig, tempfile, time
from glob import glob
from Cython.Build import cythonize
from setuptools import Extension, setup

locale.setlocale(locale.LC_ALL, "")
facts = {
    "folder": os.getcwd(),
    "python": sys.executable,
    "temporary": tempfile.gettempdir(),
    "compilers": {name: os.environ.get(name) for name in ("CC", "CXX", "AR")},
    "cc": sysconfig.get_config_var("CC"),
    "headers": sysconfig.get_path("include"),
    "library": os.__file__,
    "date": os.environ["SOURCE_DATE_EPOCH"],
    "month": time.strftime("%B %Z", time.localtime(0)),
    "set": list({"a", "b", "c", "d", "e"}),
    "sources": glob("src/*.cpp"),
}
with open("leaky/config.py", "w") as file:
    file.write(f"facts = {json.dumps(facts, indent=1)}\n")
os.chmod("leaky/config.py", 0o666 & ~os.umask(0o22))
extensions = [Extension("leaky.native", glob("src/*.cpp"), language="c++", extra_compile_args=["-flto"],
                        extra_link_args=["-flto"]),
              *cythonize([Extension("leaky.fast", [os.path.abspath("leaky/fast.pyx")])], force=True)]
setup(name="leaky", version="1.0", packages=["leaky"], ext_modules=extensions)
"""
MODULE = r"""
#undef NDEBUG
#include <Python.h>
#include <cassert>
#include <map>
#include <string>
namespace { std::map<std::string, int> numbers; struct Start { Start() { numbers[__DATE__ __TIME__] = 1; } } start; }
int other(int);
static PyObject *check(PyObject *, PyObject *) { assert(other(1) > 0); return PyUnicode_FromString(__FILE__); }
static PyMethodDef methods[] = {{"check", check, METH_NOARGS, nullptr}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "native", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};
PyMODINIT_FUNC PyInit_native() { return PyModule_Create(&module); }
"""
LEAKY = {
    "pyproject.toml": '[build-system]\nrequires = ["setuptools", "cython"]\nbuild-backend = "setuptools.build_meta"\n',
    "setup.py": SETUP,
    "leaky/__init__.py": "",
    "leaky/fast.pyx": "def double(int number):\n    assert number\n    return 2 * number\n",
    "src/module.cpp": MODULE,
    "src/b.cpp": "int second(int number) { return number; }\n",
    "src/a.cpp": "int second(int);\nint other(int number) { return second(number) + 1; }\n",
}
# What cannot be helped is said.
CLOCK = {
    "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
    "setup.py": "import time\nfrom setuptools import Extension, setup\n"
    "open('clock.py', 'w').write(f'built = \"{time.time_ns()}\"\\n')\n"
    "setup(name='clock', version='1.0', py_modules=['clock'], ext_modules=[Extension('_clock', ['clock.c'])])\n",
    "clock.c": "#include <Python.h>\n"
    'static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_clock", NULL, -1, NULL, NULL, NULL, NULL, NULL};\n'
    "PyMODINIT_FUNC PyInit__clock(void) { return PyModule_Create(&module); }\n",
}


def _project(folder: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    return folder


def _results(output: str) -> Iterator[tuple[str, str]]:
    for line in output.splitlines():
        name, found, result = line.partition(".whl: ")
        if found:
            yield name.partition("-")[0], result


@pytest.mark.network
def test_wheels_are_the_same_in_another_place(folder: Path, warm_cache: Path) -> None:
    sources = (
        ROOT / "examples" / "hello-meson",
        ROOT / "examples" / "hello-cmake",
        _project(folder / "leaky", LEAKY),
        _project(folder / "clock", CLOCK),
    )
    command = [sys.executable, str(ROOT / "benchmarks" / "reproducible.py"), *map(str, sources)]
    done = subprocess.run(
        [*command, "--target", "riscv64", "--python", "3.13"],
        env={**os.environ, "XBUILD_CACHE_DIR": str(warm_cache)},
        capture_output=True,
        text=True,
        check=False,
    )
    results = dict(_results(done.stdout))
    assert results.keys() == {"hello_meson", "hello_cmake", "leaky", "clock"}, done.stdout + done.stderr
    clock = results.pop("clock")
    assert set(results.values()) == {"the same"}, done.stdout
    assert clock.startswith("differs: clock.py ("), clock
    assert done.returncode == 1
