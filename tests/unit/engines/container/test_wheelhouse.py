"""Wheels for interpreters that are elsewhere."""

from __future__ import annotations

import os
import subprocess
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from xbuild.engines.container.wheelhouse import Wheelhouse
from xbuild.errors import BuildError, ProvisionError
from xbuild.progress import SilentProgress
from xbuild.provision.cache import Cache
from xbuild.supply import Interpreter

if TYPE_CHECKING:
    from pathlib import Path

RISCV64 = Interpreter(
    version="3.15.0b2", abi_flags="", machine="riscv64", platforms=("manylinux_2_39_riscv64", "linux_riscv64")
)


def make_wheel(folder: Path, name: str, *requires: str) -> Path:
    """A wheel of the given file name, whole enough for uv."""
    project, version, *_ = name.split("-")
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        lines = ["Metadata-Version: 2.1", f"Name: {project}", f"Version: {version}"]
        lines += [f"Requires-Dist: {each}" for each in requires]
        archive.writestr(f"{project}-{version}.dist-info/METADATA", "\n".join(lines) + "\n")
        archive.writestr(f"{project}-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\n")
        archive.writestr(f"{project}-{version}.dist-info/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A folder of wheels for machines of all kinds."""
    folder = tmp_path / "index"
    folder.mkdir()
    make_wheel(folder, "pure-1-py3-none-any.whl", "native>=1", "windows; sys_platform == 'win32'")
    make_wheel(folder, "windows-1-py3-none-any.whl")
    for platform in ("manylinux_2_39_riscv64", "manylinux_2_17_x86_64", "win_amd64"):
        make_wheel(folder, f"native-1-cp315-cp315-{platform}.whl")
    make_wheel(folder, "foreign-1-cp315-cp315-win_amd64.whl")
    return folder


@pytest.fixture
def house(tmp_path: Path, index: Path) -> Wheelhouse:
    (tmp_path / "house").mkdir()
    return Wheelhouse(
        folder=tmp_path / "house",
        cache=Cache(tmp_path / "cache"),
        environ={**os.environ, "UV_CACHE_DIR": str(tmp_path / "uv")},
        progress=SilentProgress(),
        find_links=(str(index),),
        offline=True,
    )


def test_wheels_are_chosen_by_the_interpreter(house: Wheelhouse, index: Path) -> None:
    found = house.fetch(["pure", "pure==1"], RISCV64)

    assert sorted(path.name for path in found) == [
        "native-1-cp315-cp315-manylinux_2_39_riscv64.whl",
        "pure-1-py3-none-any.whl",
    ]
    for path in found:
        assert path.parent == house.folder
        assert path.read_bytes() == (index / path.name).read_bytes()


def test_a_second_time_they_come_from_where_they_are(house: Wheelhouse) -> None:
    first = house.fetch(["native"], RISCV64)

    assert house.fetch(["native"], RISCV64) == first


def test_a_requirement_without_a_wheel_for_the_interpreter(house: Wheelhouse) -> None:
    with pytest.raises(BuildError, match=r"no wheel for CPython 3\.15\.0 on riscv64: .*foreign") as caught:
        house.fetch(["foreign"], RISCV64)

    assert caught.value.hint == "'--container network=true' lets the build fetch it itself, and anything else"


def test_a_requirement_that_nobody_has(house: Wheelhouse) -> None:
    with pytest.raises(BuildError, match="cannot find wheels of what is required: nothing") as caught:
        house.fetch(["nothing"], RISCV64)

    assert "nothing" in str(caught.value.details)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("demo @ file:///etc/passwd", "the build requires demo from an address: file:///etc/passwd"),
        ("--index-url=http://example.invalid", "the build requires '--index-url=http://example.invalid', which is not"),
        ("demo\n-r /etc/passwd", "the build requires 'demo\\n-r /etc/passwd', which is not a requirement"),
    ],
)
def test_what_a_stranger_may_not_ask_for(house: Wheelhouse, text: str, message: str) -> None:
    with pytest.raises(BuildError) as caught:
        house.fetch([text], RISCV64)

    assert caught.value.message.startswith(message)


def test_a_wheel_that_is_not_what_the_lock_says(
    house: Wheelhouse, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "native-1-cp315-cp315-manylinux_2_39_riscv64.whl"

    def damage(*arguments: Any, **options: Any) -> Any:
        done = run(*arguments, **options)
        make_wheel(index, name, "more")
        return done

    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", damage)

    with pytest.raises(ProvisionError):
        house.fetch(["native"], RISCV64)
    assert not (house.folder / name).exists()
