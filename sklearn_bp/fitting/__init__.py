"""From a user's data to a fitted network."""

from ._averaged import AveragedNetworks, averaged, in_probabilities
from ._checks import check_dtype, check_hidden_layer_sizes, check_layers
from ._fitted import FittedNetwork
from ._hold_out import check_for_folds, is_splitter
from ._importances import mean_gradients
from ._metrics import is_in_bulk
from ._objective import (
    class_weights_in,
    make_objective,
    mean_weight,
    scaled_weights,
    weigh_part,
)
from ._plain import from_plain, network_to_plain, to_plain
from ._samples import (
    check_more_samples,
    check_no_missing,
    check_samples,
    check_validation_samples,
    check_X_y,
    scale_samples,
)
from ._scaling import Scaling
from ._scores import Measure, score_of_targets
from ._shown import Outcome, show, shown_copy
from ._targets import ClassTargets, NumberTargets, learn_targets
from ._training import Training
from ._usefulness import warn_if_useless, why_useless
from ._weighing import LossOfMeans, greedy_weights

__all__ = [
    "AveragedNetworks",
    "ClassTargets",
    "FittedNetwork",
    "LossOfMeans",
    "Measure",
    "NumberTargets",
    "Outcome",
    "Scaling",
    "Training",
    "averaged",
    "check_X_y",
    "check_dtype",
    "check_for_folds",
    "check_hidden_layer_sizes",
    "check_layers",
    "check_more_samples",
    "check_no_missing",
    "check_samples",
    "check_validation_samples",
    "class_weights_in",
    "from_plain",
    "greedy_weights",
    "in_probabilities",
    "is_in_bulk",
    "is_splitter",
    "learn_targets",
    "make_objective",
    "mean_gradients",
    "mean_weight",
    "network_to_plain",
    "scale_samples",
    "scaled_weights",
    "score_of_targets",
    "show",
    "shown_copy",
    "to_plain",
    "warn_if_useless",
    "weigh_part",
    "why_useless",
]
