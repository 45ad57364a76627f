"""What holds for every test: what must not be skipped, and what a unit test may not touch."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

NEEDS = frozenset({"network", "emulator", "container"})
"""The markers that say what of the machine a test needs."""

UNIT = Path(__file__).parent / "unit"
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def required() -> frozenset[str] | None:
    """What ``XBUILD_REQUIRE`` promises that this machine has; None if it is not set, and every skip is fine."""
    text = os.environ.get("XBUILD_REQUIRE")
    return None if text is None else frozenset(filter(None, text.split(",")))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where ``XBUILD_REQUIRE`` is set, fail a test that was skipped although all that it needs is promised."""
    report = yield
    promised = required()
    if promised is None or not report.skipped or hasattr(report, "wasxfail"):
        return report
    if NEEDS & {mark.name for mark in item.iter_markers()} <= promised:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason}\n(it must run here: XBUILD_REQUIRE={','.join(sorted(promised))})"
    return report


@pytest.fixture(autouse=True)
def _unit_isolation(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give a unit test a cache and a configuration of its own, and no network beyond this machine."""
    if UNIT not in request.path.parents:
        return
    monkeypatch.setenv("XBUILD_CACHE_DIR", str(tmp_path / "xbuild-cache"))
    monkeypatch.delenv("XBUILD_ARCHIVE", raising=False)
    monkeypatch.setattr(socket.socket, "connect", _local_only(socket.socket.connect))


def _local_only(connect: Any) -> Any:
    def refusing(self: socket.socket, address: Any) -> Any:
        if self.family != socket.AF_UNIX and address[0] not in LOOPBACK:
            raise AssertionError(f"a unit test connects to {address[0]}: mark it as network, outside tests/unit")
        return connect(self, address)

    return refusing
