"""scikit-learn's metrics of many networks at once, from their outputs."""

from ._outputs import Outputs, Truth
from ._table import bulk_metric, is_in_bulk

__all__ = ["Outputs", "Truth", "bulk_metric", "is_in_bulk"]
