"""Transformers that networks like."""

from ._piecewise import PiecewiseLinearEncoder

__all__ = ["PiecewiseLinearEncoder"]
