from __future__ import annotations

import inspect

from xbuild import errors
from xbuild.errors import BuildError, XBuildError


def exceptions() -> list[type[XBuildError]]:
    classes = vars(errors).values()
    return [each for each in classes if inspect.isclass(each) and issubclass(each, XBuildError)]


def test_exit_statuses_are_those_of_the_design() -> None:
    assert {each.__name__: each.exit_code for each in exceptions()} == {
        "XBuildError": 1,
        "UsageError": 2,
        "DetailsError": 10,
        "TargetError": 11,
        "ToolchainError": 11,
        "ProvisionError": 12,
        "BuildError": 13,
        "VerificationError": 14,
        "TestError": 15,
        "EngineError": 16,
    }


def test_the_tree_in_the_module_docstring_lists_every_exception_with_its_status() -> None:
    drawn = {
        line.replace("├──", "").replace("└──", "").split()[0]: int(line.split()[2 if "──" in line else 1])
        for line in inspect.getdoc(errors).splitlines()  # type: ignore[union-attr]  # it has a docstring
        if line.startswith("    ")
    }
    assert drawn == {each.__name__: each.exit_code for each in exceptions()}


def test_an_error_carries_its_message_hint_and_details() -> None:
    error = BuildError("it failed", hint="try again", details="cc: error")
    assert (str(error), error.message, error.hint, error.details) == (
        "it failed",
        "it failed",
        "try again",
        "cc: error",
    )


def test_hint_and_details_are_optional() -> None:
    error = BuildError("it failed")
    assert (error.hint, error.details) == (None, None)
