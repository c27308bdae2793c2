"""Transformers that networks like."""

from ._piecewise import PiecewiseLinearEncoder
from ._table import TableEncoder

__all__ = ["PiecewiseLinearEncoder", "TableEncoder"]
