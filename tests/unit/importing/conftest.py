"""Importing from texts in a temporary folder, with a compiler that answers what the test says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import pytest
from tests.support.target_trees import write

from xbuild.importing import Imported, import_files
from xbuild.targets import get_target
from xbuild.toolchains.process import Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(kw_only=True)
class FakeCompiler:
    """Answers by the last word of the command; what it is not told to answer fails."""

    answers: dict[str, str] = field(default_factory=lambda: {"--version": "gcc (X) 14.2.0"})

    def __call__(self, argv: Sequence[str], *, cwd: Path | None = None) -> Result:
        assert cwd is None
        answer = self.answers.get(argv[-1])
        return Result(status=1, output="error: no") if answer is None else Result(status=0, output=f"{answer}\n")


class Import(Protocol):
    """Imports ``text`` as the file ``name``; ``more`` are other files, before it."""

    def __call__(
        self,
        text: str,
        name: str = ...,
        *,
        target: str | None = None,
        environ: Mapping[str, str] | None = None,
        answers: Mapping[str, str] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Imported: ...


@pytest.fixture
def run_import(tmp_path: Path) -> Import:
    def run(
        text: str,
        name: str = "cross.ini",
        *,
        target: str | None = None,
        environ: Mapping[str, str] | None = None,
        answers: Mapping[str, str] | None = None,
        more: Mapping[str, str] | None = None,
    ) -> Imported:
        compiler = FakeCompiler() if answers is None else FakeCompiler(answers=dict(answers))
        files = [write(tmp_path / each, content) for each, content in ({**(more or {}), name: text}).items()]
        return import_files(
            files,
            target=get_target(target) if target else None,
            environ={"PATH": str(tmp_path / "path"), **(environ or {})},
            run=compiler,
        )

    return run


@pytest.fixture
def sdk(tmp_path: Path) -> Path:
    """A folder with ``bin``, in which a riscv64 GCC is, and a sysroot."""
    for name in ("gcc", "g++", "ar", "ranlib", "strip"):
        write(tmp_path / f"bin/riscv64-acme-linux-gnu-{name}", "", executable=True)
    (tmp_path / "sysroot/usr/include").mkdir(parents=True)
    return tmp_path
