from __future__ import annotations

import subprocess
import sys

import pytest

from xbuild.engines.container.labels import OWNER, RUN, UNTIL, current_owner, is_abandoned, own_tag, run_marks

NOW = 2_000_000_000.0


def test_this_process_lives() -> None:
    assert is_abandoned(run_marks(), now=NOW) is False


def test_a_process_that_ended_left_what_it_had() -> None:
    code = (
        "from xbuild.engines.container import labels\n"
        "marks = labels.run_marks()\n"
        "print(marks[labels.OWNER], labels.is_abandoned(marks, now=0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    owner, alive = done.stdout.rsplit(maxsplit=1)
    assert alive == "False"
    assert is_abandoned({OWNER: owner}, now=0) is True


def test_another_process_with_the_same_number_is_not_the_owner() -> None:
    assert is_abandoned({OWNER: current_owner() + "0"}, now=0) is True


ELSEWHERE = [
    "",
    "x",
    "11111111-2222-3333-4444-555555555555/4026531836:1:1",  # another machine, or this one before it was restarted
    current_owner().replace("/", "/1"),  # another container
    "?:1:1",
    current_owner().rpartition(":")[0],
]


@pytest.mark.parametrize("owner", ELSEWHERE)
def test_what_cannot_be_known_is_over_when_its_time_is(owner: str) -> None:
    assert is_abandoned({OWNER: owner}, now=NOW) is None
    assert is_abandoned({OWNER: owner, UNTIL: "soon"}, now=NOW) is None
    assert is_abandoned({OWNER: owner, UNTIL: str(int(NOW) + 1)}, now=NOW) is None
    assert is_abandoned({OWNER: owner, UNTIL: str(int(NOW) - 1)}, now=NOW) is True


def test_a_process_of_this_machine_may_take_longer() -> None:
    assert is_abandoned({OWNER: current_owner(), UNTIL: "1"}, now=NOW) is False


def test_a_run_lasts_a_day_or_longer() -> None:
    short, long = run_marks(60), run_marks(3 * 24 * 3600)
    assert short[RUN] == "1"
    assert 2 * 24 * 3600 - 60 <= int(long[UNTIL]) - int(short[UNTIL]) <= 2 * 24 * 3600 + 60


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (["xbuild:riscv64-1"], "xbuild:riscv64-1"),
        (["localhost/xbuild:riscv64-1"], "xbuild:riscv64-1"),
        (["docker.io/library/xbuild:riscv64-1"], "xbuild:riscv64-1"),
        (["mine:1", "xbuild:riscv64-1"], "xbuild:riscv64-1"),
        (["mine:1"], None),
        (["mine/xbuild:1"], None),
        (["<none>:<none>"], None),
        (None, None),
    ],
)
def test_our_tags_are_known(tags: list[str] | None, found: str | None) -> None:
    assert own_tag(tags) == found
