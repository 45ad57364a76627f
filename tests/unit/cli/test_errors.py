from __future__ import annotations

import errno
import json

import click
import pytest

from xbuild.cli import Session
from xbuild.cli.errors import report
from xbuild.errors import BuildError, ProvisionError

Captured = pytest.CaptureFixture[str]


def test_message_details_and_hint(capsys: Captured) -> None:
    error = BuildError("the backend failed", details="cc: no such file\n\nstop", hint="see the log")
    assert report(error, session=Session()) == 13
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: the backend failed\n\n  cc: no such file\n\n  stop\n\nhint: see the log\n"


def test_a_message_alone(capsys: Captured) -> None:
    assert report(ProvisionError("no such suite"), session=Session()) == 12
    assert capsys.readouterr().err == "error: no such suite\n"


def test_json_has_the_error_on_standard_output_too(capsys: Captured) -> None:
    report(BuildError("it failed", hint="again"), session=Session(json=True))
    out, err = capsys.readouterr()
    assert json.loads(out) == {"error": {"message": "it failed", "hint": "again", "details": None, "exit_status": 13}}
    assert err == "error: it failed\nhint: again\n"


def test_colours_only_where_they_are_wanted(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    report(BuildError("it failed"), session=Session())
    assert "\x1b" not in capsys.readouterr().err


def test_click_s_own_errors(capsys: Captured) -> None:
    assert report(click.UsageError("Missing option '--target'."), session=Session()) == 2
    assert capsys.readouterr().err == "error: missing option '--target'\n"


def test_an_interrupt(capsys: Captured) -> None:
    assert report(KeyboardInterrupt(), session=Session()) == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize(("code", "said"), [(143, "terminated\n"), (3, "")])
def test_an_exit_with_a_status(code: int, said: str, capsys: Captured) -> None:
    assert report(SystemExit(code), session=Session()) == code
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/x/y"),
            12,
            "error: no space left on device: /x/y\nhint: free some space and run the same command again\n",
        ),
        (
            OSError(errno.ENOSPC, "No space left on device"),
            12,
            "error: no space left on device\nhint: free some space and run the same command again\n",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/dist"),
            2,
            "error: permission denied: /dist\nhint: choose another place, or allow writing there\n",
        ),
        (
            OSError(errno.ENAMETOOLONG, "File name too long", "/xxx"),
            2,
            "error: file name too long: /xxx\nhint: choose another place, with shorter names\n",
        ),
    ],
)
def test_a_machine_that_refuses_is_no_bug(error: OSError, status: int, said: str, capsys: Captured) -> None:
    assert report(error, session=Session()) == status
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("error", [ZeroDivisionError("oops"), SystemExit("oops"), OSError(errno.EIO, "oops")])
def test_anything_else_is_a_bug_with_a_traceback(error: BaseException, capsys: Captured) -> None:
    assert report(error, session=Session()) == 1
    err = capsys.readouterr().err
    assert "oops" in err
    assert err.endswith("error: this is a bug in xbuild: please report it with the lines above\n")
