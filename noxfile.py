"""Every chore of the project: ``nox --list`` names them, CI runs them."""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["unit"]

ROOT = Path(__file__).parent
CODE = ("src", "tests", "benchmarks", "docs", "examples", "noxfile.py")


def install(session: nox.Session, *groups: str, project: bool = True) -> None:
    """Install the project as a user has it (not editable) and dependency groups of pyproject.toml."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    requirements = nox.project.dependency_groups(pyproject, *groups)
    # Compiled, as pip does it: start-up times are compared.
    environ = {"UV_COMPILE_BYTECODE": "1"}
    session.install(*requirements, *([str(ROOT)] if project else []), env=environ)


def pytest(session: nox.Session, *arguments: str) -> None:
    install(session, "test")
    session.run("pytest", *arguments, *session.posargs)


def covered(session: nox.Session, *arguments: str) -> None:
    """Run pytest, then hold the pure layers to their coverage, unless arguments chose some of the tests."""
    pytest(session, *arguments, "--cov", "--cov-report=", "--cov-fail-under=0")
    if not session.posargs:
        session.run("coverage", "report")


@nox.session
def unit(session: nox.Session) -> None:
    """Run the unit tests: under a minute, no network; the pure layers must be covered in full."""
    covered(session, "tests/unit")


@nox.session
def integration(session: nox.Session) -> None:
    """Run the tests with the real tools and the archive."""
    pytest(session, "tests/integration")


@nox.session
def e2e(session: nox.Session) -> None:
    """Build and test real projects; add `-- -m slow` for the long ones alone."""
    pytest(session, "tests/e2e")


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test but the slow ones, with the coverage of the pure layers."""
    covered(session, "-m", "not slow")


@nox.session
def lint(session: nox.Session) -> None:
    """Check format, style and types."""
    install(session, "lint", "test", "docs", "nox")
    session.run("ruff", "format", "--check", *CODE)
    session.run("ruff", "check", *CODE)
    session.run("mypy")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation; a warning is an error."""
    install(session, "docs")
    output = ROOT / "docs" / "_build" / "html"
    shutil.rmtree(output, ignore_errors=True)
    session.run("sphinx-build", "-n", "-W", "--keep-going", "-q", "-b", "html", "docs", os.fspath(output))
