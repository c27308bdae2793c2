"""The way out: fitted networks as ONNX models, which run without this package."""

try:
    # A name, since any folder on the path may pass for a package.
    from onnx import helper as _installed  # noqa: F401
except ImportError as error:
    raise ImportError(
        "sklearn_bp.onnx requires the package onnx, and skl2onnx for pipelines:"
        ' pip install "sklearn-bp[onnx]".'
    ) from error

from ._model import to_onnx
from ._registration import register

__all__ = ["register", "to_onnx"]
