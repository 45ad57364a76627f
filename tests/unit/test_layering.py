"""Imports go one way only, the pure layers stay pure, and only the command line talks to the user."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(__file__).parents[2] / "src" / "xbuild"

LAYERS = (
    {"__main__"},
    {"entry"},
    {"cli"},
    {"doctor"},
    {"engines"},
    {"by_hand", "pipeline"},
    {"report"},
    {"portable", "resolve"},
    {"machine", "selection"},
    {"build"},
    {"testing"},
    {"emulator"},
    {"provision"},
    {"importing"},
    {"crossfiles"},
    {"wheels"},
    {"toolchains"},
    {"details"},
    {"elf_header"},
    {"targets"},
    {"diagnostics", "errors", "files", "progress", "resources", "supply"},
    {"__init__"},
)
"""From the top down: a module may import what is in its own package and what is below, also for type checking."""

PURE = ("details", "targets", "crossfiles", "wheels")
IMPURE_MODULES = frozenset({"asyncio", "httpx", "requests", "socket", "subprocess", "time", "urllib.request"})
USER_MODULES = frozenset({"click", "rich"})
PROGRAMS = frozenset({"engines/worker.py", "toolchains/zig_wrapper.py"})
"""Files that are run as programs of their own: their output and exit status are theirs."""

RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
FILES = sorted(SOURCE.rglob("*.py"))
IDS = [str(path.relative_to(SOURCE)) for path in FILES]


def layer(path: Path) -> str:
    """The first name below ``xbuild``: ``cli`` for ``cli/wheel.py``, ``errors`` for ``errors.py``."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """The full names of the modules, or of what is taken from them, anywhere in the file."""
    package = ("xbuild", *path.relative_to(SOURCE).parent.parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, *filter(None, [node.module])))
            yield from (f"{base}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_imports_go_downwards(path: Path) -> None:
    own = layer(path)
    assert own in RANK, f"give xbuild.{own} a place in LAYERS"
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top != "xbuild":
            continue
        imported = rest.partition(".")[0]
        if imported not in RANK:  # a name of xbuild/__init__.py
            imported = "__init__"
        assert imported == own or RANK[imported] > RANK[own], f"xbuild.{own} must not import {name}"


@pytest.mark.parametrize(
    "path", [path for path in FILES if layer(path) in PURE], ids=lambda path: str(path.relative_to(SOURCE))
)
def test_pure_layers_run_nothing_and_read_no_environment(path: Path) -> None:
    for name in imports(path):
        assert not any(name == bad or name.startswith(f"{bad}.") for bad in IMPURE_MODULES), name
    read = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    assert not read & {"environ", "getenv", "system", "popen"}


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in FILES
        if layer(path) not in {"cli", "__main__"} and str(path.relative_to(SOURCE)) not in PROGRAMS
    ],
    ids=lambda path: str(path.relative_to(SOURCE)),
)
def test_only_the_command_line_talks_to_the_user_and_exits(path: Path) -> None:
    assert not {name.partition(".")[0] for name in imports(path)} & USER_MODULES
    tree = ast.parse(path.read_text("utf-8"))
    names = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)}
    assert not names & {"print", "sys.exit", "os._exit", "SystemExit", "sys.stdout", "sys.stderr"}


def test_only_the_container_engine_imports_the_engines_client() -> None:
    importers = {
        path.relative_to(SOURCE).parent.as_posix()
        for path in FILES
        if any(name.partition(".")[0] == "docker" for name in imports(path))
    }
    assert importers <= {"engines/container"}
