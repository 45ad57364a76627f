"""What comes out of a container, and is not believed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from xbuild.engines.container.outcome import check_report, keep_logs, wheel_name
from xbuild.errors import EngineError, VerificationError

if TYPE_CHECKING:
    from pathlib import Path

NAME = "demo-1-py3-none-any.whl"


def log_name(number: int) -> str:
    return f"demo-1-riscv64-cp314t-20260102-030405-{number:06x}.log"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / NAME
    path.write_bytes(b"a wheel")
    return path


def report_of(wheel: Path, **changes: object) -> dict[str, Any]:
    """A whole report, with changes to what it says of its wheel."""
    content = wheel.read_bytes()
    about = {
        "file": wheel.name,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "tags": ["py3-none-any"],
        "glibc_needed": None,
        "findings": [],
    }
    build = {
        "target": "riscv64",
        "python": {"version": "3.13", "soabi": "cpython-313-riscv64-linux-gnu"},
        "build_python": "3.13.5",
        "toolchain": {"kind": "gcc", "family": "gcc", "version": "14.2.0"},
        "sysroot": {"glibc": "2.36", "image": None},
        "provenance": [],
        "build_requirements": [],
        "wheels": [about | changes],
        "test": None,
        "steps": [{"title": "Building", "seconds": 1.5}],
    }
    source = {"name": "demo", "version": "1", "sha256": None}
    return {"schema_version": "1.0", "xbuild": "0.1", "source": source, "builds": [build]}


def test_a_report_of_the_wheel(wheel: Path) -> None:
    check_report(report_of(wheel), wheel)


@pytest.mark.parametrize("changes", [{"file": "demo-2-py3-none-any.whl"}, {"size": 8}, {"sha256": "0" * 64}])
def test_a_report_of_another_wheel(wheel: Path, changes: dict[str, object]) -> None:
    with pytest.raises(VerificationError) as caught:
        check_report(report_of(wheel, **changes), wheel)

    assert caught.value.message == f"the report that came out of the container is not about {NAME}"


def test_a_report_of_more_than_the_wheel(wheel: Path) -> None:
    report = report_of(wheel)

    with pytest.raises(VerificationError):
        check_report(report | {"builds": report["builds"] * 2}, wheel)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"builds": ["x"]}, "'x' is not of type 'object'"),
        ({"builds": []}, "[] should be non-empty"),
        ({"xbuild": "x" * 1000, "more\x1b": 1}, "Additional properties are not allowed ('more\\x1b' was unexpected)"),
        ({"xbuild": "\ud800"}, "'utf-8' codec can't encode character"),
        ({"xbuild": float("nan")}, "Out of range float values are not JSON compliant"),
    ],
)
def test_no_report(wheel: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(EngineError) as caught:
        check_report(report_of(wheel) | changes, wheel)

    assert caught.value.message.startswith(f"the report that came out of the container is none: {message}")


def test_a_report_without_anything(wheel: Path) -> None:
    with pytest.raises(EngineError):
        check_report({}, wheel)


def test_the_name_of_a_wheel() -> None:
    assert wheel_name(NAME) == NAME


@pytest.mark.parametrize("name", ["../demo.whl", "demo.zip", "a/demo-1-py3-none-any.whl", ""])
def test_no_name_of_a_wheel(name: str) -> None:
    with pytest.raises(VerificationError, match="the container made a file that is not a wheel: "):
        wheel_name(name)


def test_a_few_logs_are_kept_and_others_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / log_name(1)).write_text("another build's")
    files = {log_name(number): b"mine" for number in range(10)}

    keep_logs({"other.log": b"", ".log": b"", f"..\n{log_name(11)}": b"", **files}, tmp_path)

    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert kept == {log_name(0): "mine", log_name(1): "another build's", log_name(2): "mine", log_name(3): "mine"}


def test_a_log_without_end_is_cut(tmp_path: Path) -> None:
    keep_logs({log_name(1): bytes((64 << 20) + 1)}, tmp_path)

    assert (tmp_path / log_name(1)).stat().st_size == 64 << 20


def test_old_logs_go(tmp_path: Path) -> None:
    for number in range(45):
        keep_logs({log_name(number): b""}, tmp_path)

    assert len(list(tmp_path.iterdir())) == 40
