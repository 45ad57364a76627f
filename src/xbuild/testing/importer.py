"""Run by the target's interpreter, alone: ``importer.py JOURNAL MODULE...`` imports each and writes how it went.

A line is a JSON array, ``["begun", name]``, ``["imported", name]`` or ``["failed", name, missing, error, traceback]``;
a module whose last line is the first kind ended the interpreter.
"""

import importlib
import json
import sys
import traceback


def summary(error: BaseException) -> str:
    """Return one line about ``error``: what it was raised from says more than a page of advice (numpy's)."""
    while error.__cause__ is not None:
        error = error.__cause__
    return traceback.format_exception_only(type(error), error)[-1].strip().partition("\n")[0]


def main(journal: str, names: "list[str]") -> None:
    """Import ``names`` in order."""
    with open(journal, "w", buffering=1, encoding="utf-8") as file:  # noqa: PTH123, nothing is imported needlessly
        for name in names:
            file.write(json.dumps(["begun", name]) + "\n")
            try:
                importlib.import_module(name)
            except BaseException as error:  # a module that calls sys.exit() is no better
                missing = error.name if isinstance(error, ModuleNotFoundError) else None
                shown = "".join(traceback.format_exception(type(error), error, error.__traceback__))
                file.write(json.dumps(["failed", name, missing, summary(error), shown]) + "\n")
            else:
                file.write(json.dumps(["imported", name]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
