"""What goes between an engine and its worker."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xbuild.engines import wire
from xbuild.errors import BuildError, TestError, XBuildError
from xbuild.pipeline import WheelRequest
from xbuild.selection import Selection
from xbuild.supply import Interpreter
from xbuild.targets import get_target


def test_a_request_arrives_as_it_was_sent() -> None:
    request = WheelRequest(
        source="/src/demo",
        selections=(
            Selection(
                target=get_target("riscv64"), python="3.14t", libraries=("zlib1g-dev",), sysroot=Path("/sysroot")
            ),
            Selection(target=get_target("aarch64"), build_details=Path("/p/build-details.json"), offline=True),
        ),
        config_settings={"one": "1", "many": ["1", "2"]},
        platform_tag="linux",
        test=True,
        test_command="pytest -q",
        find_links=("/wheels",),
        outdir=Path("/out"),
    )

    assert wire.decode_request(json.loads(json.dumps(wire.encode_request(request)))) == request


def test_an_interpreter_arrives_as_it_was_sent() -> None:
    interpreter = Interpreter(version="3.14.2", abi_flags="t", machine="riscv64", platforms=("linux_riscv64",))

    assert wire.decode_interpreter(json.loads(json.dumps(wire.encode_interpreter(interpreter)))) == interpreter


@pytest.mark.parametrize(
    "change",
    [
        {"version": 3},
        {"version": "3"},
        {"version": "3.14.2\n-e ."},
        {"version": "-r.3"},
        {"abi_flags": None},
        {"abi_flags": "t d"},
        {"machine": []},
        {"machine": ""},
        {"platforms": "linux"},
        {"platforms": [1]},
        {"platforms": ["../x"]},
    ],
)
def test_what_is_no_interpreter(change: dict[str, object]) -> None:
    data = {"version": "3.14.2", "abi_flags": "", "machine": "riscv64", "platforms": ["linux_riscv64"], **change}

    with pytest.raises(ValueError, match="an interpreter is a version, ABI flags"):
        wire.decode_interpreter(data)


def test_an_error_arrives_as_it_was_sent() -> None:
    sent = TestError("it failed", hint="look", details="a\nb")

    error = wire.decode_error(json.loads(json.dumps(wire.encode_error(sent))))

    assert (type(error), error.message, error.hint, error.details) == (TestError, "it failed", "look", "a\nb")


@pytest.mark.parametrize("kind", ["SystemExit", "annotations", "ClassVar", None, 5])
def test_an_error_of_a_class_that_is_not_ours_is_a_bug(kind: object) -> None:
    error = wire.decode_error({"kind": kind, "message": "m"})

    assert type(error) is XBuildError
    assert (error.message, error.hint, error.details) == ("m", None, None)


def test_what_a_terminal_would_obey_is_not_passed_on() -> None:
    error = wire.decode_error(
        {"kind": "BuildError", "message": "\x1b]0;title\x07red", "details": "a\r\nb\tc" + "x" * 200_000}
    )

    assert isinstance(error, BuildError)
    assert error.message == "�]0;title�red"
    assert error.details is not None
    assert error.details.startswith("a�\nb\tcx")
    assert len(error.details) == 100_000
