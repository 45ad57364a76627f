from __future__ import annotations

import ast
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from xbuild.crossfiles import sysconfigdata
from xbuild.crossfiles.layout import Layout

if TYPE_CHECKING:
    from tests.unit.crossfiles.conftest import MakeSpec

    from xbuild.crossfiles.spec import CrossSpec


def text_of(spec: CrossSpec) -> str:
    return sysconfigdata.render(spec, Layout.of(spec, Path("/files")))


def test_the_text_is_a_literal_of_the_variables(spec: CrossSpec) -> None:
    module = ast.parse(text_of(spec))
    (assignment,) = module.body
    assert isinstance(assignment, ast.Assign)
    assert ast.literal_eval(assignment.value) == sysconfigdata.rewrite_variables(spec)


def test_the_text_is_ascii_whatever_the_paths(make_spec: MakeSpec) -> None:
    text = text_of(make_spec(root=Path("/ü/it's \udc80")))
    assert text.isascii()
    assert "'/\\xfc/it\\'s \\udc80/python'" in text or '"/\\xfc/it\'s \\udc80/python"' in text


def test_every_folder_is_in_the_prefix(spec: CrossSpec) -> None:
    variables = sysconfigdata.rewrite_variables(spec)
    folders = {
        "prefix": "/xb/python",
        "exec_prefix": "/xb/python",
        "BINDIR": "/xb/python/bin",
        "CONFINCLUDEDIR": "/xb/python/include",
        "CONFINCLUDEPY": "/xb/python/include/python3.13",
        "INCLUDEPY": "/xb/python/include/python3.13",
        "LIBDEST": "/xb/python/lib/python3.13",
        "LIBDIR": "/xb/python/lib/riscv64-linux-gnu",
        "LIBPC": "/xb/python/lib/riscv64-linux-gnu/pkgconfig",
        "LIBPL": "/xb/python/lib/python3.13/config-3.13-riscv64-linux-gnu",
    }
    assert {name: variables[name] for name in folders} == folders


def test_without_a_library_its_folder_is_the_usual_one(spec: CrossSpec) -> None:
    details = dataclasses.replace(spec.python.details, libpython=None)
    spec = dataclasses.replace(spec, python=dataclasses.replace(spec.python, details=details))
    assert sysconfigdata.rewrite_variables(spec)["LIBDIR"] == "/xb/python/lib"


def test_the_identity_is_the_details_not_the_variables(spec: CrossSpec) -> None:
    variables = sysconfigdata.rewrite_variables(spec)
    assert spec.python.variables["EXT_SUFFIX"] == ".cpython-39-x86_64-linux-gnu.so"
    assert variables["EXT_SUFFIX"] == ".cpython-313-riscv64-linux-gnu.so"
    assert variables["SOABI"] == "cpython-313-riscv64-linux-gnu"
    assert variables["HOST_GNU_TYPE"] == "riscv64-linux-gnu"
    assert "BUILD_GNU_TYPE" not in variables
    assert "Py_GIL_DISABLED" not in variables


def test_a_free_threaded_python_says_so(make_spec: MakeSpec) -> None:
    spec = make_spec(version="3.14", flags="t")
    variables = sysconfigdata.rewrite_variables(spec)
    assert variables["Py_GIL_DISABLED"] == 1
    assert variables["ABIFLAGS"] == "t"
    assert variables["LDVERSION"] == "3.14t"
    assert Layout.of(spec, Path("/x")).sysconfigdata.name == "_sysconfigdata_t_linux_riscv64-linux-gnu.py"


def test_what_sysconfig_computes_itself_is_left_out(spec: CrossSpec) -> None:
    assert {"base", "srcdir"} <= set(spec.python.variables)
    assert {"base", "srcdir"}.isdisjoint(sysconfigdata.rewrite_variables(spec))


def test_what_has_nothing_to_do_with_it_stays(spec: CrossSpec) -> None:
    variables = sysconfigdata.rewrite_variables(spec)
    assert variables["SIZEOF_LONG"] == 8
    assert variables["INSTALL"] == "/usr/bin/install -c"


@pytest.mark.parametrize(
    ("original", "rewritten"),
    [
        ("riscv64-linux-gnu-gcc -shared -Wl,-z,relro", "/xb/toolchain/cc -shared -Wl,-z,relro"),
        ("gcc -pthread -shared", "/xb/toolchain/cc -pthread -shared"),
        ("ccache gcc -shared -L/opt/lib -Wl,-rpath,/opt/lib", "/xb/toolchain/cc -shared"),
        ("clang", "/xb/toolchain/cc -shared"),
    ],
)
def test_the_linker_command_keeps_its_flags(original: str, rewritten: str, make_spec: MakeSpec) -> None:
    spec = make_spec(variables={"LDSHARED": original, "prefix": "/usr"})
    variables = sysconfigdata.rewrite_variables(spec)
    assert variables["LDSHARED"] == rewritten
    assert variables["LDCXXSHARED"] == rewritten.replace("/cc ", "/c++ ")


def test_a_python_that_says_nothing_gets_what_crossenv_and_setuptools_need(make_spec: MakeSpec) -> None:
    variables = sysconfigdata.rewrite_variables(make_spec(variables={}))
    assert {"CC", "CXX", "AR", "LDSHARED", "VERSION", "HOST_GNU_TYPE", "EXT_SUFFIX", "prefix"} <= set(variables)
    assert "LIBPC" not in variables
    assert variables["CC"] == "/xb/toolchain/cc"


def test_the_prefixes_of_a_python_314_are_rewritten_too(make_spec: MakeSpec) -> None:
    spec = make_spec(version="3.14", variables={"host_prefix": "/usr", "host_exec_prefix": "/usr"})
    variables = sysconfigdata.rewrite_variables(spec)
    assert (variables["host_prefix"], variables["host_exec_prefix"]) == ("/xb/python", "/xb/python")


def test_without_a_cxx_compiler_the_c_compiler_stands_in(make_spec: MakeSpec) -> None:
    assert sysconfigdata.rewrite_variables(make_spec(toolchain="bare"))["CXX"] == "/xb/toolchain/cc"
