"""Sphinx configuration. Warnings are errors: `nox -s docs`."""

import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "ext"))

project = "xbuild"
author = "the xbuild contributors"
copyright = f"2026, {author}"  # noqa: A001, Sphinx's name
release = importlib.metadata.version("xbuild-wheels")

extensions = ["myst_parser", "sphinx.ext.autodoc", "details_findings", "reference"]
exclude_patterns = ["_build", "reference/generated"]
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!xbuild\.details\.).*")]  # types of Python's, and of modules without a page
autodoc_member_order = "bysource"

myst_enable_extensions = ["deflist", "fieldlist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"xbuild {release}"
