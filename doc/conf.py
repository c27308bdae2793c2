"""Settings of the site; CONTRIBUTING.md has the command that builds it.

Links to the documentation of other libraries need the network: they are made if the
environment variable SKLEARN_BP_DOC_ONLINE is set.
"""

import os
import sys
from pathlib import Path

import sklearn_bp
from sklearn_bp import onnx, preprocessing
from sklearn_bp.utils import SITE

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

project = "sklearn_bp"
author = "the sklearn_bp developers"
copyright = author
version = release = sklearn_bp.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "numpydoc",
    "myst_nb",
    "sphinx_gallery.gen_gallery",
    "sphinx_copybutton",
    "sphinx_design",
    "links",  # this and the next are in _extensions
    "mathml",
]
exclude_patterns = ["_build", "jupyter_execute", "**/*.ipynb", "auto_examples/*.py.md5"]
templates_path = ["_templates"]
nitpicky = True

# ---- the reference -------------------------------------------------------------------

autosummary_generate = True
# The addresses that the HTML representation of estimators links to.
autosummary_filename_map = {
    f"{module.__name__}.{name}": name
    for module in (sklearn_bp, preprocessing, onnx)
    for name in module.__all__
}
autodoc_typehints = "none"  # numpydoc has them
autodoc_default_options = {"members": True, "inherited-members": True}
numpydoc_show_class_members = False  # the template lists them
toc_object_entries_show_parents = "hide"
default_role = "literal"  # what stands in single backticks in docstrings

OTHERS = {
    "python": "https://docs.python.org/3",
    "numpy": "https://numpy.org/doc/stable",
    "scipy": "https://docs.scipy.org/doc/scipy",
    "sklearn": "https://scikit-learn.org/stable",
    "pandas": "https://pandas.pydata.org/docs",
    "matplotlib": "https://matplotlib.org/stable",
    "joblib": "https://joblib.readthedocs.io/en/stable",
}
is_online = bool(os.environ.get("SKLEARN_BP_DOC_ONLINE"))
intersphinx_mapping = {k: (v, None) for k, v in OTHERS.items()} if is_online else {}

# ---- the guide and the notebook ------------------------------------------------------

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
html_math_renderer = "mathml"
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

# ---- the gallery ---------------------------------------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": "gallery.Order",
    "backreferences_dir": "backreferences",
    "doc_module": ("sklearn_bp",),
    "show_signature": False,
    "show_memory": False,
    "copyfile_regex": "",
    "download_all_examples": False,
    "abort_on_example_error": True,
}

# ---- the pages -----------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_baseurl = f"{SITE}/"
html_title = "sklearn_bp"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_context = {"default_mode": "auto"}  # light or dark, as the browser says
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "github_url": "https://github.com/sklearn-bp/sklearn-bp",
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}
# These have no chapters beside them.
html_sidebars = {
    page: []
    for page in (
        "index",
        "installing",
        "quickstart",
        "tour",
        "benchmarks",
        "differences",
        "changelog",
        "contributing",
        "citing",
    )
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
