import inspect

import pytest

from sklearn_bp.engine import Engine, Objective

METHODS = (
    "forward",
    "evaluate",
    "loss_and_gradients",
    "prepare_steps",
    "run_together",
)


@pytest.mark.parametrize("method", METHODS)
def test_every_engine_has_the_signature_of_the_contract(method, engine):
    assert inspect.signature(getattr(type(engine), method)) == inspect.signature(
        getattr(Engine, method)
    )


def test_engines_offer_nothing_beyond_the_contract(engine):
    public = {name for name in dir(engine) if not name.startswith("_")}
    assert public == {*METHODS, "name", "products", "n_side_by_side"}


def test_batch_penalty_is_divided_by_the_weight_of_the_batch():
    objective = Objective(alpha=2.0, mean_weight=0.5)
    assert objective.size(10) == 5
    assert objective.decay(10) == 2.0 / 5


def test_dataset_penalty_is_the_same_for_every_batch():
    objective = Objective(alpha=2.0, penalty_size=100)
    assert objective.decay(10) == objective.decay(99) == 0.02
