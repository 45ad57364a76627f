from __future__ import annotations

import pytest

from xbuild.pipeline import WheelRequest


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
