"""A build that drops its compiled parts and succeeds all the same is caught."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.command import one_message, succeeded

if TYPE_CHECKING:
    from tests.support.command import Command

pytestmark = pytest.mark.network
BROKEN = {"CFLAGS": "-fno-such-flag"}


def test_the_compilers_message_is_shown(builder: Command) -> None:
    finished = builder("wheel", "markupsafe==3.0.4", "--target", "riscv64", env=BROKEN)
    message = one_message(finished, 13)
    assert message.startswith("markupsafe-3.0.4-py3-none-any.whl: the build left out compiled parts and went on")
    assert "error: unrecognized command-line option" in finished.stderr
    assert "-fno-such-flag" in finished.stderr
    assert "--allow-pure" in finished.hint
    assert builder.left_behind() == []


def test_it_can_be_accepted(builder: Command) -> None:
    finished = builder("wheel", "markupsafe==3.0.4", "--target", "riscv64", "--allow-pure", env=BROKEN)
    (wheel,) = succeeded(finished)
    assert wheel.name == "markupsafe-3.0.4-py3-none-any.whl"
    assert (builder.folder / wheel).is_file()
