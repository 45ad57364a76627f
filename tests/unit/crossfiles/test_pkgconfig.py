from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from xbuild.crossfiles import pkgconfig
from xbuild.crossfiles.layout import Layout

if TYPE_CHECKING:
    from tests.unit.crossfiles.conftest import MakeSpec

    from xbuild.crossfiles.spec import CrossSpec


def texts(spec: CrossSpec) -> dict[str, str]:
    layout = Layout.of(spec, Path("/files"))
    return {name: pkgconfig.render(name, spec, layout) for name in pkgconfig.file_names(spec)}


def test_there_is_a_file_for_each_name_python_has(make_spec: MakeSpec) -> None:
    files = texts(make_spec(version="3.14", flags="t"))
    assert set(files) == {"python3.pc", "python-3.14t.pc", "python3-embed.pc", "python-3.14t-embed.pc"}
    assert files["python3.pc"] == files["python-3.14t.pc"]
    assert "Version: 3.14\n" in files["python3.pc"]


def test_extension_modules_link_no_library_and_programs_do(spec: CrossSpec) -> None:
    files = texts(spec)
    assert "Libs: \n" in files["python3.pc"]
    library = "/xb/python/lib/riscv64-linux-gnu/libpython3.13.so.1.0"
    assert f"Libs: -Wl,--allow-shlib-undefined -Wl,{library}\n" in files["python3-embed.pc"]


def test_without_a_library_there_are_no_files_for_embedding(spec: CrossSpec) -> None:
    details = dataclasses.replace(spec.python.details, libpython=None)
    files = texts(dataclasses.replace(spec, python=dataclasses.replace(spec.python, details=details)))
    assert set(files) == {"python3.pc", "python-3.13.pc"}


def test_any_path_survives(make_spec: MakeSpec) -> None:
    text = texts(make_spec(root=Path("/a b/it's ${x}ü")))["python3.pc"]
    assert "Cflags: --include-directory=/a\\ b/it\\'s\\ \\$\\{x\\}ü/python/include/python3.13\n" in text
