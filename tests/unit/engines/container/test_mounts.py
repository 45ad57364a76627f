"""What a container is shown of this machine, and what it is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xbuild.engines.container.mounts import mount, target_mounts
from xbuild.errors import UsageError
from xbuild.selection import Selection
from xbuild.targets import get_target

RISCV64 = Selection(target=get_target("riscv64"))


def make(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def write_details(file: Path, **content: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"schema_version": "1.0", "language": {"version": "3.13"}, **content}))
    return file


def shown(root: Path, **brought: Any) -> list[str]:
    """What is mounted for what the user brought, by the names below ``root``."""
    mounts = target_mounts(Selection(target=RISCV64.target, **brought))
    assert all(str(each.inside) == str(each.here) for each in mounts)
    return [str(each.here.relative_to(root)) for each in mounts]


def test_nothing_was_brought() -> None:
    assert target_mounts(RISCV64) == ()


def test_a_sysroot_and_a_toolchain_file(tmp_path: Path) -> None:
    found = shown(tmp_path, sysroot=tmp_path / "sysroot", toolchain=f"{tmp_path}/own.toml")

    assert found == ["sysroot", "own.toml"]


@pytest.mark.parametrize("stdlib", ["lib/python3.13", "lib64/python3.14t"])
def test_the_prefix_of_an_installation(tmp_path: Path, stdlib: str) -> None:
    file = write_details(tmp_path / "python" / stdlib / "build-details.json")

    assert shown(tmp_path, build_details=file) == ["python"]


def test_an_installation_in_the_sysroot_is_shown_with_it(tmp_path: Path) -> None:
    file = write_details(tmp_path / "usr" / "lib" / "python3.13" / "build-details.json")

    assert shown(tmp_path.parent, sysroot=tmp_path, build_details=file) == [tmp_path.name]


def test_an_images_python_is_shown_with_the_libraries_beside_it(tmp_path: Path) -> None:
    file = write_details(tmp_path / "tree/opt/python/cp313-cp313/lib/python3.13/build-details.json")

    assert shown(tmp_path, build_details=file, sysroot_image="demo") == ["tree"]


def test_a_file_in_the_home_shows_nothing_else_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    make(tmp_path / ".ssh" / "id", tmp_path / "include" / "Python.h", tmp_path / "libpython3.13.so")
    make(*(tmp_path / "lib" / name / "os.py" for name in ("python3.13t", "python3.12", "more")))
    file = write_details(
        tmp_path / "build-details.json",
        base_prefix=".",
        c_api={"headers": "include", "pkgconfig_path": "lib/pkgconfig"},
        libpython={"dynamic": "libpython3.13.so"},
    )

    assert shown(tmp_path, build_details=file) == [
        "build-details.json",
        "lib/python3.13t",
        "libpython3.13.so",
        "include",
    ]


def test_an_installation_with_the_home_for_a_prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    make(tmp_path / "include" / "python3.13" / "Python.h", tmp_path / "lib" / "python3.13" / "os.py")
    file = write_details(
        tmp_path / "lib" / "python3.13" / "build-details.json",
        base_prefix="../..",
        c_api={"headers": "include/python3.13"},
    )

    found = shown(tmp_path, build_details=file)

    assert found == ["lib/python3.13/build-details.json", "lib/python3.13", "include/python3.13"]


def test_a_file_beside_what_it_is_of(tmp_path: Path) -> None:
    make(tmp_path / "_sysconfigdata__linux_riscv64-linux-gnu.py", tmp_path / "secret")
    make(tmp_path / "python" / "usr" / "bin" / "python3")
    file = write_details(tmp_path / "build-details.json", base_prefix="python/usr", base_interpreter="bin/python3")

    assert shown(tmp_path, build_details=file) == [
        "build-details.json",
        "_sysconfigdata__linux_riscv64-linux-gnu.py",
        "python/usr",
    ]


@pytest.mark.parametrize("text", ["", "[]", '{"schema_version": "1.0", "base_prefix": 1}', '{"schema_version": "2.0"}'])
def test_a_file_that_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "build-details.json"
    file.write_text(text)

    assert shown(tmp_path, build_details=file) == ["build-details.json"]


def test_what_the_container_has_itself_is_not_shown_because_a_file_names_it(tmp_path: Path) -> None:
    file = write_details(tmp_path / "build-details.json", base_prefix="/usr", c_api={"headers": "include"})

    assert shown(tmp_path, build_details=file) == ["build-details.json"]


@pytest.mark.parametrize(
    "path",
    ["/home", "/srv/sysroot", "/usr/riscv64-linux-gnu", "/usr/arm-linux-gnueabihf", "/opt/sdk/sysroot", "/opt/python"],
)
def test_places_that_are_free(path: str) -> None:
    assert mount(Path(path)).here == Path(path)


@pytest.mark.parametrize("path", ["/", "/usr", "/usr/lib", "/usr/local", "/usr/linux-gnu", "/opt/xbuild", "/tmp/here"])
def test_places_that_are_taken(path: str) -> None:
    with pytest.raises(UsageError) as caught:
        mount(Path(path))

    assert caught.value.message == f"{path} cannot be shown to a container, which has files of its own there"
