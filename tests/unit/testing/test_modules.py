from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from xbuild.errors import TestError
from xbuild.testing.modules import Modules, find_modules

if TYPE_CHECKING:
    from pathlib import Path


def native(name: str) -> bytes:
    return b"\x7fELF....\0PyInit_" + name.encode() + b"\0"


def modules(tmp_path: Path, members: dict[str, bytes]) -> Modules:
    path = tmp_path / "x-1-cp313-cp313-linux_riscv64.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return find_modules(path)


@pytest.mark.parametrize(
    ("members", "top"),
    [
        ({"pkg/__init__.py": b"", "pkg/deep.py": b"", "pkg/sub/__init__.py": b""}, ("pkg",)),
        ({"mod.py": b"", "mod-1.dist-info/RECORD": b"", "x.pth": b"import y"}, ("mod",)),
        (
            {"space/one/__init__.py": b"", "space/two/__init__.py": b"", "space/two/x.py": b""},
            ("space.one", "space.two"),
        ),
        ({"x-1.data/purelib/a.py": b"", "x-1.data/platlib/b/__init__.py": b""}, ("a", "b")),
        ({"x-1.data/scripts/tool.py": b"", "x-1.data/data/share/c.py": b"", "x-1.data/odd": b""}, ()),
        ({"tests/__init__.py": b"", "setup.py": b"", "docs/conf/__init__.py": b"", "pkg.py": b""}, ("pkg",)),
        ({"not-a-name/__init__.py": b"", "3.py": b"", "pkg-stubs/__init__.pyi": b"", "pkg/x.pyi": b""}, ()),
        ({"pkg/data/templates/__init__.py": b"", "pkg/__init__.py": b""}, ("pkg",)),
        ({"__init__.py": b""}, ()),
    ],
)
def test_the_outermost_modules(members: dict[str, bytes], top: tuple[str, ...], tmp_path: Path) -> None:
    assert modules(tmp_path, members) == Modules(top=top, native=())


@pytest.mark.parametrize(
    ("name", "symbol", "found"),
    [
        ("pkg/_ext.cpython-313-riscv64-linux-gnu.so", "_ext", "pkg._ext"),
        ("pkg/_ext.abi3.so", "_ext", "pkg._ext"),
        ("pkg/_ext.abi3-riscv64-linux-gnu.so", "_ext", "pkg._ext"),
        ("pkg/_ext.so", "_ext", "pkg._ext"),
        ("a/b/c.cpython-313-riscv64-linux-gnu.so", "c", "a.b.c"),
        ("x-1.data/platlib/pkg/_ext.abi3.so", "_ext", "pkg._ext"),
        ("pkg/__init__.cpython-313-riscv64-linux-gnu.so", "pkg", "pkg"),
        # Of another interpreter: its import shall fail, so it is not passed over.
        ("pkg/_ext.cpython-312-x86_64-linux-gnu.so", "_ext", "pkg._ext"),
    ],
)
def test_extension_modules(name: str, symbol: str, found: str, tmp_path: Path) -> None:
    assert modules(tmp_path, {name: native(symbol)}).native == (found,)


@pytest.mark.parametrize(
    "name",
    ["pkg/libhelper.so", "x.libs/libgfortran-1a2b.so.5", "pkg/plugin.so", "x-1.data/data/lib/_ext.so", "a-b/_ext.so"],
)
def test_other_shared_libraries_are_not_modules(name: str, tmp_path: Path) -> None:
    symbol = "something_else" if "_ext" not in name else "_ext"
    assert modules(tmp_path, {name: native(symbol)}) == Modules(top=(), native=())


def test_a_top_level_extension_module_is_both(tmp_path: Path) -> None:
    assert modules(tmp_path, {"fast.abi3.so": native("fast")}) == Modules(top=("fast",), native=("fast",))


def test_the_export_hook_of_pep_793(tmp_path: Path) -> None:
    assert modules(tmp_path, {"p/fast.abi3t.so": b"\x7fELF\0PyModExport_fast\0"}).native == ("p.fast",)


def test_a_name_that_is_not_ascii_is_taken_at_its_word(tmp_path: Path) -> None:
    """Its function's name is in punycode (PEP 489)."""
    assert modules(tmp_path, {"p/größe.abi3.so": b"\x7fELF"}).native == ("p.größe",)


def test_not_a_wheel(tmp_path: Path) -> None:
    path = tmp_path / "x.whl"
    path.write_bytes(b"no zip")
    with pytest.raises(TestError) as caught:
        find_modules(path)
    assert caught.value.message == f"{path} cannot be read as a wheel: File is not a zip file"
