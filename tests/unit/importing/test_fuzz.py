"""Whatever is in a file, importing it ends with a toolchain or with one message."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xbuild.errors import ToolchainError
from xbuild.importing import import_files
from xbuild.toolchains.process import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

MESON = [
    "[binaries]\n", "[constants]\n", "[host_machine]\n", "[properties]\n", "[built-in options]\n",
    "[x:project options]\n", "c = 'riscv64-linux-gnu-gcc'\n", "cpu_family = 'riscv64'\n", "sys_root = '/x'\n",
    "c_args = ", "exe_wrapper = ", "pkg-config = ['env', 'A=b', 'p']\n", "a", " = ", "'x'", "'''y'''", "[", "]", "(",
    ")", " + ", " / ", ",", "true", "0x1f", "\n", " ", "@DIRNAME@", "\\", "#", ";", "%(a)s",
]  # fmt: skip
CMAKE = [
    "set(CMAKE_C_COMPILER riscv64-linux-gnu-gcc)\n", "set(CMAKE_SYSTEM_PROCESSOR riscv64)\n", "set(", "if(",
    "elseif(", "else()\n", "endif()\n", "foreach(", "endforeach()\n", "function(f)\n", "endfunction()\n",
    "while(1)\n", "endwhile()\n", "list(APPEND ", "list(GET ", "string(REPLACE ", "string(APPEND ",
    "get_filename_component(", "include(", "file(GLOB ", "find_program(", "message(FATAL_ERROR x)\n", "return()\n",
    "X ", "CMAKE_C_FLAGS ", "ENV{A} ", "DEFINED ", "NOT ", "MATCHES ", "STREQUAL ", "VERSION_LESS ", "IN LISTS ",
    "IN ITEMS ", "REALPATH ", "CACHE STRING x ", "${", "}", "$ENV{", "${X}", '"', "[[", "]]", "[=[", "]=]", "(", ")",
    ")\n", ";", "\\", "#", "#[[", "\n", " ", "1 ", "a(b)+",
]  # fmt: skip
SHELL = [
    "export CC=riscv64-linux-gnu-gcc\n", 'export CC="riscv64-linux-gnu-gcc ', "export X=", "CFLAGS=", "export ",
    "unset ", "if ", "[ -d x ]", '[ -n "$X" ]', "; then\n", "elif ", "else\n", "fi\n", "for f in ", "; do\n",
    "done\n", "case x in\n", "esac\n", "while true; do\n", "f() {\n", "}\n", "{ ", ". ./x\n", "$X", "${X:-y}",
    "${X%/*}", "${X#*/}", "$(", "`", "dirname ", "realpath ", "cd . && pwd", ")", "(", "'", '"', "\\", "&&", "||",
    "|", ";", "&", "\n", " ", "<<EOF\n", "EOF\n", "> f", "2>&1", "#", "*", "echo x\n", "return 1\n", "alias a=b\n",
    "+=", "=", "A",
]  # fmt: skip


def no_compiler(argv: Sequence[str], *, cwd: Path | None = None) -> Result:
    return Result(status=127, output=f"{argv} {cwd}")


def survives(text: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        with contextlib.suppress(ToolchainError):
            assert import_files([path], target=None, environ={"PATH": "/nowhere", "X": "x"}, run=no_compiler).text


@pytest.mark.parametrize(("name", "pieces"), [("x.ini", MESON), ("x.cmake", CMAKE), ("environment-setup-x", SHELL)])
@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_pieces_in_any_order(name: str, pieces: list[str], data: st.DataObject) -> None:
    survives("".join(data.draw(st.lists(st.sampled_from(pieces), max_size=40))), name)


@pytest.mark.parametrize("name", ["x.ini", "x.cmake", "environment-setup-x", "x"])
@settings(deadline=None)
@given(text=st.text())
def test_any_text(name: str, text: str) -> None:
    survives(text, name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.ini", "[binaries]\nc = " + "(" * 3_000),
        ("x.cmake", "if(" + "(" * 3_000 + ")" * 3_000 + ")\nendif()\n"),
        ("x.cmake", "set(A " + "${" * 3_000 + ")\n"),
        ("x.cmake", "if(1)\n" * 3_000 + "endif()\n" * 3_000),
        ("environment-setup", "if :; then\n" * 3_000),
        ("environment-setup", "export A=" + "$(echo " * 3_000 + ")" * 3_000),
        ("environment-setup", "export A=" + "${A:-" * 3_000 + "}" * 3_000),
    ],
)
def test_nesting_without_end(name: str, text: str) -> None:
    survives(text, name)
