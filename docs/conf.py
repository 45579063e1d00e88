"""Settings of the documentation site, which `make docs` makes of the pages where they lie in the repository."""

import base64
import re
import sys
from pathlib import Path
from typing import Any

import mmdr
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

project = "hdrpipe"
author = "the hdrpipe authors"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_external_toc",
    "sphinxcontrib.typer",
    "sphinx_copybutton",
]
external_toc_path = "docs/_toc.yml"
include_patterns = ["*.md", "config/README.md", "docs/**"]
exclude_patterns = [
    ".*",
    "_*",
    "build",
    "dist",
    "results",
    "*.egg-info",
    "benchmarks",
    "configs",
    "hdrpipe",
    "profiles",
]
exclude_patterns += ["tests", "workflow", "docs/conf.py"]

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
myst_fence_as_directive = ["mermaid"]
nb_execution_mode = "off"  # tests/workflow/test_notebooks.py executes them; the site shows the outputs in the files

default_role = "code"  # docstrings are written as Markdown: `name`
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False

html_theme = "furo"
html_title = "hdrpipe"
html_static_path = ["site/wide.css"]
html_css_files = ["wide.css"]
html_extra_path = ["site/index.html"]
html_copy_source = False
html_show_search_summary = False  # a page opened as a file may not read others
html_show_copyright = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}

ARRAY = re.compile(r"(~?[\w.]*Annotated\[)?~?[\w.]*ndarray\[tuple\[[^]]*\], ~?[\w.]*dtype\[[^]]*\]\](?(1), '[^']*'\])")
"""A type of arrays as Sphinx writes it; shapes and ranges are in the docstrings."""


class Mermaid(SphinxDirective):
    """A fence ```` ```mermaid ````, drawn when the site is built: a reader needs no script for it."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """The diagram as a picture inside the page."""
        drawing = base64.b64encode(mmdr.render("\n".join(self.content)).svg().encode()).decode()
        picture = f'<img alt="diagram" style="background: white" src="data:image/svg+xml;base64,{drawing}">'
        return [nodes.raw("", picture, format="html")]


def shortened(*event: Any) -> tuple[str | None, str | None]:
    """Signature and return type of `autodoc-process-signature`, with `ndarray` for types of arrays."""
    signature, returned = (text and ARRAY.sub("ndarray", text) for text in event[-2:])
    return signature, returned


def setup(app: Sphinx) -> None:
    """Register the diagrams and the short types."""
    app.add_directive("mermaid", Mermaid)
    app.connect("autodoc-process-signature", shortened)
