from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from xbuild.pipeline import WheelRequest, _new_log
from xbuild.provision.cache import Cache

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("test", "command", "tested"),
    [
        (None, None, False),
        (None, "pytest", True),
        (True, None, True),
        (True, "pytest", True),
        (False, "pytest", False),
    ],
)
def test_a_test_command_has_wheels_tested_unless_the_user_says_no(
    *, test: bool | None, command: str | None, tested: bool
) -> None:
    assert WheelRequest(source=".", selections=(), test=test, test_command=command).is_tested is tested


def test_two_builds_of_one_thing_at_once_have_a_log_each(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    first, second = (_new_log(cache, "demo-1-riscv64-cp313") for _ in range(2))
    assert first != second
    assert [log.read_text() for log in (first, second)] == ["", ""]
    assert first.name.startswith("demo-1-riscv64-cp313-")


def test_only_the_newest_logs_are_kept(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    logs = [_new_log(cache, f"demo-{number}") for number in range(45)]
    for age, log in enumerate(reversed(logs)):
        if log.exists():
            os.utime(log, (1e9 - age, 1e9 - age))
    newest = _new_log(cache, "newest")
    assert len(list((tmp_path / "logs").iterdir())) == 40
    assert newest.exists()
    assert logs[-1].exists()
    assert not logs[5].exists()
