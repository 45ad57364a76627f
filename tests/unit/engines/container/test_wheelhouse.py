"""Wheels for interpreters that are elsewhere."""

from __future__ import annotations

import os
import subprocess
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from xbuild.engines.container import wheelhouse
from xbuild.engines.container.wheelhouse import Wheelhouse
from xbuild.errors import BuildError, ProvisionError
from xbuild.progress import SilentProgress
from xbuild.provision.cache import Cache
from xbuild.supply import Interpreter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

select = wheelhouse._select

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


@pytest.mark.parametrize("known", [True, False])
def test_more_than_any_build_needs(house: Wheelhouse, monkeypatch: pytest.MonkeyPatch, known: bool) -> None:
    """uv says no sizes of wheels in a folder: those are counted as they come, others beforehand."""
    monkeypatch.setattr(wheelhouse, "_MOST", 500 if known else 0)
    if known:
        monkeypatch.setattr(
            wheelhouse, "_select", lambda *_args: [replace(wheel, size=501) for wheel in select(*_args)]
        )

    with pytest.raises(BuildError) as caught:
        house.fetch(["native"], RISCV64)

    assert caught.value.message == "the build requires more than 0 GiB of wheels"
    assert list(house.folder.glob("native*.whl")) == []


def test_wheels_that_were_there_count_too(house: Wheelhouse, monkeypatch: pytest.MonkeyPatch) -> None:
    house.fetch(["native"], RISCV64)
    monkeypatch.setattr(wheelhouse, "_MOST", 100)

    with pytest.raises(BuildError, match="the build requires more than 0 GiB of wheels"):
        house.fetch(["native"], RISCV64)


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
        ("demo; " + "(" * 3000, "the build requires 'demo; (((((("),
        ("demo==" + "1" * 20000, "the build requires what is no requirement: it has 20006 characters"),
        ("demo; os_name ~= '5'", 'the build requires demo; os_name ~= "5", whose marker cannot be evaluated: '),
        ("demo===${HOME}", "the build requires 'demo===${HOME}', which has characters that no requirement needs"),
        ("demo ( ===${HOME} )", "the build requires 'demo ( ===${HOME} )', which has characters that no"),
        (
            r'demo; os_name == "\x22\n-e /some/dir\n#"',
            "the build requires 'demo; os_name == \"\\\\x22\\\\n-e /some/dir\\\\n#\"', which has characters that no",
        ),
    ],
)
def test_what_a_stranger_may_not_ask_for(house: Wheelhouse, text: str, message: str) -> None:
    with pytest.raises(BuildError) as caught:
        house.fetch([text], RISCV64)

    assert caught.value.message.startswith(message)


class Uv:
    """Fails, and keeps what it was given."""

    def __init__(self) -> None:
        self.lines: list[str] | None = None
        self.environ: dict[str, str] = {}

    def __call__(self, _command: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
        self.lines, self.environ = options["input"].splitlines(), options["env"]
        return subprocess.CompletedProcess([], returncode=1, stdout="", stderr="")


@pytest.fixture
def uv(monkeypatch: pytest.MonkeyPatch) -> Uv:
    fake = Uv()
    monkeypatch.setattr(subprocess, "run", fake)
    return fake


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("demo", "demo"),
        ("Demo.zip", "demo-zip"),  # uv would take it for a file
        ("demo[More,less] >= 1, != 1.5.*", "demo[less,more] !=1.5.*,>=1"),
        ("demo===1.0+local_1", "demo ===1.0+local_1"),
        ("demo>=1; python_version >= '3.15' and platform_machine == 'riscv64'", "demo >=1"),
        ("demo>=1; extra != 'test'", "demo >=1"),
    ],
)
def test_uv_is_told_names_and_versions_and_nothing_else(house: Wheelhouse, uv: Uv, text: str, line: str) -> None:
    with pytest.raises(BuildError, match="cannot find wheels"):
        house.fetch([text], RISCV64)

    assert uv.lines == [line]


@pytest.mark.parametrize("marker", ["sys_platform == 'win32'", "extra == 'test'", r'os_name == "\x41 -e /some/dir"'])
def test_what_a_marker_excludes_uv_does_not_see(house: Wheelhouse, uv: Uv, marker: str) -> None:
    assert house.fetch([f"demo; {marker}"], RISCV64) == ()
    assert uv.lines is None


def test_uv_knows_what_it_needs_of_the_environment(house: Wheelhouse, uv: Uv) -> None:
    known = {
        "PATH": "/bin",
        "UV_DEFAULT_INDEX": "https://index.invalid/simple",
        "XDG_CONFIG_HOME": "/config",
        "https_proxy": "http://proxy.invalid",
        "SSL_CERT_FILE": "/ca.pem",
    }
    secret = {"SECRET": "1", "GITHUB_TOKEN": "2", "LD_PRELOAD": "3", "UV_PYTHON": "4", "PIP_INDEX_URL": "5"}

    with pytest.raises(BuildError):
        replace(house, environ=known | secret).fetch(["demo"], RISCV64)

    assert uv.environ == known


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
