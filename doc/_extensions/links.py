"""Code that names something public, or an example, links to it.

So Markdown and docstrings say `BackpropClassifier` or `examples/plot_dropout.py` as
anywhere else, and the site makes links of that.
"""

import inspect
import re

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform

import sklearn_bp
from sklearn_bp import onnx, preprocessing

LIBRARIES = {"joblib", "matplotlib", "numpy", "pandas", "scipy", "sklearn", "skops"}
EXAMPLE = re.compile(r"examples/(plot_\w+)\.py")
#: What is named by its last part alone.
OF_OTHERS = [
    "joblib.Memory",
    "sklearn.calibration.CalibratedClassifierCV",
    "sklearn.compose.TransformedTargetRegressor",
    "sklearn.feature_selection.RFE",
    "sklearn.feature_selection.RFECV",
    "sklearn.feature_selection.SelectFromModel",
    "sklearn.metrics.make_scorer",
    "sklearn.model_selection.GridSearchCV",
    "sklearn.model_selection.KFold",
    "sklearn.model_selection.RepeatedStratifiedKFold",
    "sklearn.model_selection.TimeSeriesSplit",
    "sklearn.model_selection.cross_validate",
    "sklearn.model_selection.learning_curve",
    "sklearn.model_selection.validation_curve",
    "sklearn.neural_network.MLPClassifier",
    "sklearn.neural_network.MLPRegressor",
    "sklearn.pipeline.Pipeline",
    "sklearn.preprocessing.OneHotEncoder",
    "sklearn.preprocessing.StandardScaler",
]


def public_names():
    """What text may name, and the full name of each."""
    for module in (sklearn_bp, preprocessing, onnx):
        for name in module.__all__:
            thing, full = getattr(module, name), f"{module.__name__}.{name}"
            yield name, full
            yield full, full
            for member in dir(thing) if inspect.isclass(thing) else ():
                if not member.startswith("_"):
                    yield f"{name}.{member}", place_of(member, thing, full)


def place_of(member, thing, full):
    """Where a member is described: fields of dataclasses with their class."""
    value = getattr(thing, member)
    has_place = isinstance(value, property) or inspect.isroutine(value)
    return f"{full}.{member}" if has_place else full


class LinkNames(SphinxPostTransform):
    default_priority = 5  # before references are resolved

    def run(self, **kwargs):
        full_names = dict(public_names())
        if self.config.intersphinx_mapping:
            full_names |= {name.rpartition(".")[2]: name for name in OF_OTHERS}
        for literal in list(self.document.findall(nodes.literal)):
            text = literal.astext()
            name, example = text.partition("(")[0], EXAMPLE.fullmatch(text)
            if is_within(literal, nodes.title):
                continue
            if name in full_names:
                self.link(literal, "py", "obj", full_names[name])
            elif example:
                self.link(literal, "std", "doc", f"/auto_examples/{example[1]}")

    def link(self, literal, domain, kind, target):
        reference = addnodes.pending_xref(
            refdomain=domain,
            reftype=kind,
            reftarget=target,
            refdoc=self.env.docname,
            refexplicit=True,
        )
        literal.replace_self(reference)
        reference += literal


def is_within(node, kind):
    """Also within what is a link already."""
    while node := node.parent:
        if isinstance(node, (kind, nodes.reference, addnodes.pending_xref)):
            return True
    return False


def keep_text(app, env, node, text):
    """Leave the words of a link to others that cannot be made: that needs the network,
    or comes with a docstring of scikit-learn, such as that of `set_params`."""
    is_inherited = node["refdomain"] == "std" and node["refdoc"].startswith("api/")
    is_of_others = node["reftarget"].partition(".")[0] in LIBRARIES
    return text if is_inherited or is_of_others else None


def setup(app):
    app.add_post_transform(LinkNames)
    app.connect("missing-reference", keep_text, priority=900)  # after intersphinx
    return {"parallel_read_safe": True, "parallel_write_safe": True}
