from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from importlib import metadata
from typing import TYPE_CHECKING

import xbuild
from xbuild.engines.container.self_wheel import installed_closure, pack, self_wheel
from xbuild.resources import DATA_FOLDERS, data_path
from xbuild.wheels.record import parse_record

if TYPE_CHECKING:
    from pathlib import Path


def unpacked(tmp_path: Path) -> Path:
    wheel = self_wheel()
    with zipfile.ZipFile(io.BytesIO(wheel.content)) as archive:
        archive.extractall(tmp_path)
    return tmp_path


def test_the_same_files_give_the_same_bytes() -> None:
    first, second = self_wheel(), self_wheel()
    assert first == second
    assert first.name == f"xbuild_wheels-{xbuild.__version__}-py3-none-any.whl"


def test_it_has_the_code_and_the_data(tmp_path: Path) -> None:
    root = unpacked(tmp_path)
    assert (root / "xbuild" / "cli" / "__init__.py").is_file()
    for folder in DATA_FOLDERS:
        kept = {path.name for path in (root / "xbuild" / "_data" / folder).iterdir()}
        assert kept == {path.name for path in data_path(folder).iterdir()}
    assert not list(root.rglob("*.pyc"))


def test_it_runs_as_it_is_unpacked(tmp_path: Path) -> None:
    """With the dependencies of this environment, and nothing else of it."""
    root = unpacked(tmp_path)
    code = "import sys; sys.path.insert(0, sys.argv.pop(1)); from xbuild.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(root), "target", "show", "riscv64"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "riscv64-linux-gnu" in done.stdout


def test_its_metadata_is_enough_to_install_it(tmp_path: Path) -> None:
    unpacked(tmp_path)
    (dist,) = metadata.distributions(path=[str(tmp_path)])
    assert (dist.name, dist.version) == ("xbuild-wheels", xbuild.__version__)
    assert dist.metadata["Requires-Python"] == ">=3.11"
    assert any(text.startswith("ziglang") and text.endswith("extra == 'zig'") for text in dist.requires or ())
    assert {entry.name for entry in dist.entry_points} == {"xbuild", "xbuild-wheels"}


def test_record_lists_every_file_once() -> None:
    content = pack({"b": b"2", "a": b"1"}, record="x.dist-info/RECORD")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["a", "b", "x.dist-info/RECORD"]
        entries = parse_record(archive.read("x.dist-info/RECORD").decode())
    assert [(entry.name, entry.size) for entry in entries] == [("a", 1), ("b", 1), ("x.dist-info/RECORD", None)]


def test_the_versions_of_this_environment_are_pinned() -> None:
    pins = installed_closure(["click>=8", "not-installed-anywhere", "colorama; sys_platform == 'win32'"])
    assert pins == (f"click=={metadata.version('click')}",)


def test_what_is_required_by_what_is_required_is_pinned_too() -> None:
    names = {pin.partition("==")[0] for pin in installed_closure(["docker"])}
    assert {"docker", "requests", "urllib3"} <= names
