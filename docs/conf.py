"""Settings of Sphinx: a guide, a gallery of examples that are run, and a page for every public name."""

import importlib
import inspect
import sys
from pathlib import Path

# Sphinx-Gallery looks up what an example imports also when it does not run it again.
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sphinx.util import logging

import skfashion

DOCS = Path(__file__).parent
GENERATED = DOCS / "_generated"
sys.path[:0] = [str(DOCS), str(DOCS.parent)]

from tables import write_benchmarks, write_saved_estimators, write_tables  # noqa: E402
from thumbnails import write_thumbnails  # noqa: E402

from benchmarks.report import write_studies  # noqa: E402

project = "skfashion"
author = "The skfashion developers"
copyright = author  # noqa: A001
release = version = skfashion.__version__

extensions = [
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_generated"]
smartquotes = False  # defaults of parameters are code
toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = "skfashion"
html_static_path = ["_static"]
html_css_files = ["skfashion.css"]
html_show_sourcelink = False
html_copy_source = False
html_context = {"default_mode": "auto"}
html_sidebars = {"index": [], "install": [], "reliability": []}
html_theme_options = {
    "footer_end": [],
    "footer_start": ["copyright"],
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    # Not beside examples, which have lines of 120 characters.
    "secondary_sidebar_items": {f"{pages}/*": ["page-toc"] for pages in ("api", "guide", "howto", "studies")},
    "show_prev_next": False,
    "show_toc_level": 2,
}

# Tables of what was measured come from the files that a benchmark writes.
write_tables(GENERATED)
write_benchmarks(GENERATED)
write_saved_estimators(GENERATED)
write_studies(DOCS / "studies")

sphinx_gallery_conf = {
    "abort_on_example_error": True,
    "backreferences_dir": "_generated/backreferences",
    "doc_module": ("skfashion",),
    "download_all_examples": False,
    "examples_dirs": "../examples",
    "filename_pattern": "/plot_",
    "gallery_dirs": "auto_examples",
    "min_reported_time": 1,
    "parallel": 2,
    "reset_modules": ("matplotlib",),
    "show_memory": False,
    "show_signature": False,
    "within_subsection_order": "FileNameSortKey",
    "write_computation_times": False,  # its pages load scripts from other hosts
}

plot_apply_rcparams = True
plot_formats = [("png", 110)]
plot_html_show_formats = False
plot_html_show_source_link = False
plot_include_source = True
plot_rcparams = {"savefig.bbox": "tight"}

numpydoc_show_class_members = False
numpydoc_xref_param_type = False
autodoc_typehints = "none"

# An inventory that cannot be reached must not fail the build: the second place of each is an empty one, and Sphinx is
# silent about a place that fails if the next one works. Links to that project are then plain text.
intersphinx_mapping = {
    name: (address, (None, "empty.inv"))
    for name, address in {
        "matplotlib": "https://matplotlib.org/stable/",
        "numpy": "https://numpy.org/doc/stable/",
        "python": "https://docs.python.org/3/",
        "scipy": "https://docs.scipy.org/doc/scipy/",
        "skorch": "https://skorch.readthedocs.io/en/stable/",
        "sklearn": "https://scikit-learn.org/stable/",
        "torch": "https://docs.pytorch.org/docs/stable/",
    }.items()
}
intersphinx_timeout = 10


def public_objects():
    """Every public object of every sub-package, by its full name."""
    packages = [importlib.import_module(f"skfashion.{name}") for name in skfashion.__all__ if name != "__version__"]
    return {f"{package.__name__}.{name}": getattr(package, name) for package in packages for name in package.__all__}


def documented_methods(cls):
    """Public methods with a docstring that are ours or scikit-learn's, without those that every estimator has alike."""
    methods = []
    for name, method in inspect.getmembers(cls, inspect.isroutine):
        origin = (getattr(method, "__module__", None) or "").split(".")[0]
        alike = name.endswith("_request") or name in ("get_metadata_routing", "set_output")
        if origin in ("skfashion", "sklearn") and method.__doc__ and not name.startswith("_") and not alike:
            methods.append(name)
    return methods


PUBLIC = public_objects()
autosummary_context = {
    "methods_of": {name: documented_methods(value) for name, value in PUBLIC.items() if inspect.isclass(value)}
}


def check_pages(app, env, docnames):
    """Warn, and so fail the build, if a public name has no page."""
    for name in PUBLIC:
        if f"api/{name}" not in env.found_docs:
            logging.getLogger(__name__).warning("%s is public, but not listed in api/index.rst", name)


def keep_text(app, env, node, contnode):
    """Leave references of inherited docstrings to scikit-learn's guide as text where it cannot be reached.

    There is no glossary of our own, and our docstrings refer to no labels.
    """
    inherited = any(part in (node.source or "") for part in ("sklearn", "<autosummary>"))
    return contnode if node["reftype"] == "term" or (node["reftype"] == "ref" and inherited) else None


def setup(app):
    app.connect("builder-inited", write_thumbnails, priority=900)  # after the gallery has been run
    app.connect("missing-reference", keep_text, priority=900)  # after intersphinx
    app.connect("env-before-read-docs", check_pages)
