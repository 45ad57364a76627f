"""Sphinx configuration. Warnings are errors: `nox -s docs`."""

import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "ext"))

project = "xbuild"
author = "the xbuild contributors"
copyright = f"2026, {author}"  # noqa: A001, Sphinx's name
release = importlib.metadata.version("xbuild-wheels")

extensions = ["myst_parser", "details_findings", "reference"]
exclude_patterns = ["_build", "reference/generated"]
nitpicky = True

myst_enable_extensions = ["deflist", "fieldlist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"xbuild {release}"
