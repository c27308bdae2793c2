"""How a network is computed: two engines behind one contract."""

from ._blas import one_blas_thread
from ._contract import Engine, Objective
from ._dropout import Dropout
from ._interrupts import Cancellation, Cancelled
from ._jacobian import input_gradients
from ._selection import config_context, get_config, get_engine, set_config
from ._twins import check_twins

__all__ = [
    "Cancellation",
    "Cancelled",
    "Dropout",
    "Engine",
    "Objective",
    "check_twins",
    "config_context",
    "get_config",
    "get_engine",
    "input_gradients",
    "one_blas_thread",
    "set_config",
]
