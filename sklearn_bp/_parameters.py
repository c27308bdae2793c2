"""The parameters that the estimators share, and the values that each may have."""

from numbers import Integral, Real

import numpy as np

from .network import ACTIVATIONS, INITIALIZERS
from .training import FACTORS, OPTIMIZERS, SCHEDULES
from .utils import Finite, Interval, Options, Splitter, StrOptions

CONSTRAINTS = {
    "hidden_layer_sizes": [
        "array-like",
        Interval(Integral, 1, None, closed="left"),
    ],
    "activation": [StrOptions(set(ACTIVATIONS)), list, tuple],
    "solver": [StrOptions({"lbfgs", *OPTIMIZERS})],
    "alpha": [Finite(0, closed="left")],
    "batch_size": [
        StrOptions({"auto", "full"}),
        Interval(Integral, 1, None, closed="left"),
    ],
    "learning_rate": [StrOptions({*SCHEDULES, *FACTORS}), callable],
    "learning_rate_init": [Finite(0, closed="neither")],
    "power_t": [Finite(0, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Finite(0, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [
        Interval(Real, 0, 1, closed="left"),
        Splitter(["split"]),
        "array-like",
    ],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Finite(0, closed="neither")],
    "n_iter_no_change": [
        Interval(Integral, 1, None, closed="left"),
        Options(Real, {np.inf}),
    ],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "scoring": [str, callable, None],
    "penalty_scaling": [StrOptions({"batch", "dataset"})],
    "dropout": [Interval(Real, 0, 1, closed="left"), list, tuple],
    "max_grad_norm": [Finite(0, closed="neither"), None],
    "initializer": [StrOptions({"auto", *INITIALIZERS}), callable],
    "rho": [Interval(Real, 0, 1, closed="left")],
    "dtype": [StrOptions({"float32", "float64"}), np.dtype, type, None],
}
