"""Where the documentation is."""

#: The address of the site, which `doc/conf.py` builds.
SITE = "https://sklearn-bp.github.io/sklearn-bp"


class DocLinkMixin:
    """Links the HTML representation of an estimator to its page on the site.

    These attributes are scikit-learn's protocol. It links classes of our own only, and
    not those that users derive from them.
    """

    _doc_link_module = "sklearn_bp"
    _doc_link_template = f"{SITE}/api/{{estimator_name}}.html"
