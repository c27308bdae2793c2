"""A graph of operators, written like the formulas that it stands for."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import helper

#: The domain of the operators for text, and the version of their set.
ML_DOMAIN, ML_OPSET = "ai.onnx.ml", 3


@dataclass(frozen=True)
class Node:
    """One operator, with the names of what it takes and of what it makes."""

    op_type: str
    inputs: tuple
    output: str
    domain: str
    attributes: dict


@dataclass
class Graph:
    """The operators so far, in their order, and the arrays that they take.

    Parameters
    ----------
    taken : collection of str, default=()
        Names that are not to be given to anything.
    new_name : callable, default=None
        Makes a name that is not yet taken out of a word; None appends numbers.
    """

    taken: Any = ()
    new_name: Any = None
    nodes: list = field(default_factory=list)
    arrays: dict = field(default_factory=dict)

    def __post_init__(self):
        if self.new_name is None:
            self.new_name = self._numbered

    def _numbered(self, word):
        name = f"{word}_{len(self.nodes) + len(self.arrays)}"
        while name in self.taken:
            name = f"{name}_"
        return name

    def constant(self, array):
        """An array, as a tensor."""
        array = np.asarray(array)
        name = self.new_name("constant")
        self.arrays[name] = array
        return Tensor(self, name, array.dtype)

    def apply(self, op_type, tensors, dtype, *, domain="", output=None, **attributes):
        """The tensor of that type that an operator makes of others."""
        output = self.new_name(op_type) if output is None else output
        inputs = tuple(tensor.name for tensor in tensors)
        self.nodes.append(Node(op_type, inputs, output, domain, attributes))
        return Tensor(self, output, dtype)

    def concatenated(self, tensors):
        """The columns of several tensors beside each other."""
        if len(tensors) == 1:
            return tensors[0]
        return self.apply("Concat", tensors, tensors[0].dtype, axis=1)


@dataclass(frozen=True)
class Tensor:
    """What an operator makes, or takes.

    Parameters
    ----------
    graph : Graph
        The graph that it is in.
    name : str
        Its name there.
    dtype : dtype
        The type of its elements.
    """

    graph: Graph
    name: str
    dtype: Any

    def apply(self, op_type, *others, dtype=None, **attributes):
        """What an operator makes of this tensor and others, which may be numbers or
        arrays; of the same type, unless another one is given."""
        others = [self._beside(other) for other in others]
        dtype = self.dtype if dtype is None else dtype
        return self.graph.apply(op_type, [self, *others], dtype, **attributes)

    def _beside(self, other):
        if isinstance(other, Tensor):
            return other
        return self.graph.constant(np.asarray(other, dtype=self.dtype))

    def __add__(self, other):
        return self.apply("Add", other)

    def __sub__(self, other):
        return self.apply("Sub", other)

    def __mul__(self, other):
        return self.apply("Mul", other)

    def __truediv__(self, other):
        return self.apply("Div", other)

    def __rtruediv__(self, other):
        return self._beside(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self):
        return self.apply("Neg")

    def __abs__(self):
        return self.apply("Abs")

    def __gt__(self, other):
        return self.apply("Greater", other, dtype=np.dtype(bool))

    def equals(self, other):
        """Where it has these values."""
        return self.apply("Equal", other, dtype=np.dtype(bool))

    def exp(self):
        """The exponential function of it."""
        return self.apply("Exp")

    def log(self):
        """Its logarithm."""
        return self.apply("Log")

    def cast(self, dtype):
        """The same in another type."""
        dtype = np.dtype(dtype)
        if dtype == self.dtype:
            return self
        to = helper.np_dtype_to_tensor_dtype(dtype)
        return self.apply("Cast", dtype=dtype, to=to)

    def columns(self, numbers):
        """Its columns of these numbers."""
        numbers = self.graph.constant(np.asarray(numbers, dtype=np.int64))
        return self.apply("Gather", numbers, axis=1)

    def winners(self):
        """The number of the largest column of each row, the first one of equals."""
        return self.apply("ArgMax", dtype=np.dtype(np.int64), axis=1, keepdims=0)

    def replaced(self, condition, other):
        """The same, but other values where a condition holds."""
        other = self._beside(other)
        return self.graph.apply("Where", [condition, other, self], self.dtype)

    def named(self, name):
        """The same, by another name."""
        return self.apply("Identity", output=name)
