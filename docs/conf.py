"""Sphinx builds the documentation site from these Markdown files: `make docs`."""

import os
from importlib import metadata

# The API reference imports the package; the walker's module would print pygame's greeting.
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

project = "openpoet"
author = "the openpoet authors"
release = metadata.version("openpoet")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
myst_heading_anchors = 4  # headings have the anchors that they have on GitHub
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "openpoet"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
