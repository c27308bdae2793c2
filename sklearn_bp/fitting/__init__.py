"""From a user's data to a fitted network."""

from ._checks import check_hidden_layer_sizes, check_layers
from ._fitted import FittedNetwork
from ._hold_out import check_for_folds, is_splitter
from ._metrics import is_in_bulk
from ._objective import class_weights_in, make_objective, mean_weight, weigh_part
from ._plain import from_plain, to_plain
from ._samples import (
    check_more_samples,
    check_no_missing,
    check_samples,
    check_validation_samples,
    check_X_y,
    scale_samples,
)
from ._scores import Measure, score_of_targets
from ._shown import Outcome, show, shown_copy
from ._targets import ClassTargets, NumberTargets, learn_targets
from ._training import Training
from ._usefulness import warn_if_useless

__all__ = [
    "ClassTargets",
    "FittedNetwork",
    "Measure",
    "NumberTargets",
    "Outcome",
    "Training",
    "check_X_y",
    "check_for_folds",
    "check_hidden_layer_sizes",
    "check_layers",
    "check_more_samples",
    "check_no_missing",
    "check_samples",
    "check_validation_samples",
    "class_weights_in",
    "from_plain",
    "is_in_bulk",
    "is_splitter",
    "learn_targets",
    "make_objective",
    "mean_weight",
    "scale_samples",
    "score_of_targets",
    "show",
    "shown_copy",
    "to_plain",
    "warn_if_useless",
    "weigh_part",
]
