"""A recording stand-in for running compilers, and a folder of programs that need not do anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from xbuild.targets import Target, get_target
from xbuild.toolchains.process import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


@dataclass(kw_only=True)
class FakeRun:
    """Answers by the first key that is one of the words of the command; remembers every command."""

    answers: dict[str, str | Result]
    commands: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, argv: Sequence[str], *, cwd: Path | None = None) -> Result:
        assert cwd is None or cwd.is_dir()
        self.commands.append(tuple(argv))
        for word, answer in self.answers.items():
            if word in argv:
                return answer if isinstance(answer, Result) else Result(status=0, output=answer)
        raise AssertionError(f"an unexpected command: {argv}")


@pytest.fixture
def fake_run() -> Callable[..., FakeRun]:
    """Return what makes a :class:`FakeRun` of keywords: word of the command = answer."""

    def make(**answers: str | Result) -> FakeRun:
        return FakeRun(answers=answers)

    return make


@pytest.fixture
def riscv64() -> Target:
    return get_target("riscv64")


@pytest.fixture
def programs(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a folder with executables of the given names."""

    def make(*names: str, folder: str = "bin") -> Path:
        home = tmp_path / folder
        home.mkdir(parents=True, exist_ok=True)
        for name in names:
            (home / name).write_text("#!/bin/sh\n", encoding="ascii")
            (home / name).chmod(0o755)
        return home

    return make
