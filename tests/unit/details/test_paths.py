"""Paths, absolute and relative."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.details_cases import FILES, TREES

from xbuild.details import load, resolve
from xbuild.details.paths import relocatable


def test_a_relative_file_is_resolved_from_where_it_is() -> None:
    resolved = resolve(load(FILES / "relocatable-aarch64.json"), Path("/opt/py/lib/python3.14/build-details.json"))
    assert resolved.base_prefix == "/opt/py"
    assert resolved.base_interpreter == "/opt/py/bin/python3.14"
    assert resolved.libpython is not None
    assert resolved.libpython.dynamic == "/opt/py/lib/libpython3.14.so"
    assert resolved.c_api is not None
    assert (resolved.c_api.headers, resolved.c_api.pkgconfig_path) == (
        "/opt/py/include/python3.14",
        "/opt/py/lib/pkgconfig",
    )


def test_an_absolute_file_is_what_it_is() -> None:
    details = load(FILES / "free-threaded-x86_64.json")
    assert resolve(details, Path("/elsewhere/build-details.json")) == details


def test_a_relative_path_of_the_file_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(TREES / "good-3.14-riscv64")
    file = Path("lib/python3.14/build-details.json")
    assert resolve(load(file), file).base_prefix == str(TREES / "good-3.14-riscv64")


@pytest.mark.parametrize(
    ("base_prefix", "headers", "expected"),
    [
        ("/usr", "/usr/include/python3.14", ("../..", "include/python3.14")),
        ("/usr", "include//python3.14/", ("../..", "include/python3.14")),
        ("/usr/local", "/usr/include/python3.14", ("../..", "../include/python3.14")),
        ("../..", "./include/python3.14", ("../..", "include/python3.14")),
        (None, "/usr/include/python3.14", ("../..", "include/python3.14")),
    ],
)
def test_relocatable(base_prefix: str | None, headers: str, expected: tuple[str, str]) -> None:
    document = {"c_api": {"headers": headers}} | ({} if base_prefix is None else {"base_prefix": base_prefix})
    moved = relocatable(document, folder="/opt/py/lib/python3.14", prefix="/opt/py")
    assert (moved["base_prefix"], moved["c_api"]["headers"]) == expected
