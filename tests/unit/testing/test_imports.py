from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import xbuild.testing
from xbuild.errors import TestError
from xbuild.testing.imports import Outcome, judge_imports, read_journal
from xbuild.testing.modules import Modules

IMPORTER = Path(xbuild.testing.__file__).with_name("importer.py")


class TestImporter:
    def journal(self, tmp_path: Path, *names: str, status: int = 0) -> list[list[str | None]]:
        (tmp_path / "good.py").write_text("print('said while it is imported')\n")
        (tmp_path / "broken.py").write_text("raise ImportError('undefined symbol: no_such')\n")
        (tmp_path / "leaves.py").write_text("import sys\nsys.exit(3)\n")
        (tmp_path / "wants.py").write_text("import nonesuch.deep\n")
        (tmp_path / "advises.py").write_text(
            "try:\n    raise ImportError('undefined symbol: f')\n"
            "except ImportError as cause:\n    raise ImportError('\\n\\nPLEASE READ:\\n  advice') from cause\n"
        )
        (tmp_path / "dies.py").write_text("import os\nos.abort()\n")
        start = (
            f"import sys, runpy; sys.path.insert(0, {str(tmp_path)!r}); "
            f"runpy.run_path({str(IMPORTER)!r}, run_name='__main__')"
        )
        command = [sys.executable, "-c", start, str(tmp_path / "journal"), *names]
        done = subprocess.run(command, check=False, capture_output=True)
        assert done.returncode == status
        return [json.loads(line) for line in (tmp_path / "journal").read_text("utf-8").splitlines()]

    def test_each_import_is_told(self, tmp_path: Path) -> None:
        lines = self.journal(tmp_path, "good", "broken", "wants", "leaves")
        assert [line[:4] for line in lines] == [
            ["begun", "good"],
            ["imported", "good"],
            ["begun", "broken"],
            ["failed", "broken", None, "ImportError: undefined symbol: no_such"],
            ["begun", "wants"],
            ["failed", "wants", "nonesuch", "ModuleNotFoundError: No module named 'nonesuch'"],
            ["begun", "leaves"],
            ["failed", "leaves", None, "SystemExit: 3"],
        ]
        assert lines[3][4] is not None
        assert lines[3][4].endswith("ImportError: undefined symbol: no_such\n")

    def test_the_summary_is_one_line_about_the_cause(self, tmp_path: Path) -> None:
        _, failed = self.journal(tmp_path, "advises")
        assert failed[3] == "ImportError: undefined symbol: f"
        assert "PLEASE READ" in (failed[4] or "")

    def test_the_one_that_ends_the_interpreter_is_the_last(self, tmp_path: Path) -> None:
        assert self.journal(tmp_path, "good", "dies", "wants", status=-6)[-1] == ["begun", "dies"]


def test_read_journal() -> None:
    text = '["begun", "a"]\n["imported", "a"]\n["begun", "b"]\n["failed", "b", "x", "e", "t"]\n["begun", "c"]\n["impo'
    assert read_journal(text) == {
        "a": Outcome(state="imported"),
        "b": Outcome(state="failed", missing="x", error="e", traceback="t"),
        "c": Outcome(state="begun"),
    }


def absent(module: str) -> Outcome:
    return Outcome(
        state="failed", missing=module, error=f"ModuleNotFoundError: No module named {module!r}", traceback="T\n"
    )


IMPORTED = Outcome(state="imported")
BROKEN = Outcome(state="failed", error="ImportError: undefined symbol: f", traceback="Traceback …\n")
NO_LIBRARY = Outcome(
    state="failed",
    error="ImportError: libxml2.so.2: cannot open shared object file",
    traceback="Traceback …\n",
)
MODULES = Modules(top=("pkg",), native=("pkg._a", "pkg._b"))


class TestJudgeImports:
    def test_all_is_well(self) -> None:
        outcomes = {"pkg": IMPORTED, "pkg._a": IMPORTED, "pkg._b": IMPORTED}
        assert judge_imports(outcomes, modules=MODULES, wheel="w") == (("pkg", "pkg._a", "pkg._b"), {})

    def test_an_extension_for_users_of_another_package(self) -> None:
        outcomes = {"pkg": IMPORTED, "pkg._a": IMPORTED, "pkg._b": absent("pandas.core")}
        assert judge_imports(outcomes, modules=MODULES, wheel="w") == (("pkg", "pkg._a"), {"pkg._b": "pandas.core"})

    @pytest.mark.parametrize(
        ("outcomes", "message", "hint"),
        [
            (
                {"pkg": IMPORTED, "pkg._a": BROKEN, "pkg._b": IMPORTED},
                "w failed its test: importing pkg._a: ImportError: undefined symbol: f",
                None,
            ),
            (
                {"pkg": BROKEN, "pkg._a": BROKEN, "pkg._b": BROKEN},
                "w failed its test: importing pkg (and 2 more of its modules): ImportError: undefined symbol: f",
                None,
            ),
            (
                {"pkg": IMPORTED, "pkg._a": NO_LIBRARY, "pkg._b": IMPORTED},
                "w failed its test: importing pkg._a: ImportError: libxml2.so.2: cannot open shared object file",
                "the target has no libxml2.so.2: name its package with '--lib', or put the library into the wheel",
            ),
            (  # its own module: the suffix is another interpreter's
                {"pkg": IMPORTED, "pkg._a": absent("pkg._a"), "pkg._b": IMPORTED},
                "w failed its test: importing pkg._a: ModuleNotFoundError: No module named 'pkg._a'",
                None,
            ),
            (  # the package itself cannot do without it
                {"pkg": absent("yaml"), "pkg._a": IMPORTED, "pkg._b": IMPORTED},
                "w failed its test: importing pkg: ModuleNotFoundError: No module named 'yaml'",
                "the wheel does not require what has the module 'yaml'; '--command' tests it another way",
            ),
            (  # nothing compiled was imported, so nothing was tested
                {"pkg": IMPORTED, "pkg._a": absent("pandas"), "pkg._b": absent("pandas")},
                (
                    "w failed its test: importing pkg._a (and 1 more of its modules): "
                    "ModuleNotFoundError: No module named 'pandas'"
                ),
                "the wheel does not require what has the module 'pandas'; '--command' tests it another way",
            ),
        ],
    )
    def test_what_fails(self, outcomes: dict[str, Outcome], message: str, hint: str | None) -> None:
        with pytest.raises(TestError) as caught:
            judge_imports(outcomes, modules=MODULES, wheel="w")
        assert (caught.value.message, caught.value.hint) == (message, hint)
        assert caught.value.details
