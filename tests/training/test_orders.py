"""Orders of epochs: alone, taken back, and shared."""

import numpy as np
import pytest

from sklearn_bp.training import Streams
from sklearn_bp.training._orders import Orders, SharedOrders, Stream

ROWS = np.array([3, 5, 6, 8, 9], dtype=np.int64)


def expected(n_epochs, seed=0):
    """As scikit-learn shuffles: each time the order of the epoch before."""
    random_state, order, orders = np.random.RandomState(seed), ROWS.copy(), []
    for _ in range(n_epochs):
        random_state.shuffle(order)
        orders.append(order.copy())
    return np.array(orders)


def test_one_after_the_other_and_taken_back():
    random_state = np.random.RandomState(0)
    orders = Orders(random_state, ROWS)
    first = orders.take(2)
    mark = orders.mark()
    orders.take(3)
    orders.go_back(mark)
    orders.take(1)
    orders.go_back(mark)  # once more
    np.testing.assert_array_equal([*first, *orders.take(2)], expected(4))
    other = np.random.RandomState(0)
    for _ in range(4):
        other.shuffle(ROWS.copy())
    assert random_state.uniform() == other.uniform()


def test_without_shuffling():
    orders = Orders(None, ROWS)
    orders.go_back(orders.mark())
    np.testing.assert_array_equal(orders.take(2), [ROWS, ROWS])


@pytest.mark.parametrize("blocks", [[(0, 4), (4, 3)], [(0, 2), (2, 2), (4, 1)]])
def test_shared_by_several_even_if_one_lags_behind(blocks):
    stream = Stream(np.random.RandomState(0), ROWS)
    several = [SharedOrders(stream) for _ in range(3)]
    for first, n_epochs in blocks:
        for orders in several:
            mark = orders.mark()
            orders.take(n_epochs)
            orders.go_back(mark)  # uses one of them only, and then all
            np.testing.assert_array_equal(
                orders.take(1), expected(9)[first : first + 1]
            )
            orders.go_back(mark)
            taken = orders.take(n_epochs)
            np.testing.assert_array_equal(taken, expected(9)[first : first + n_epochs])
    late = SharedOrders(stream)
    np.testing.assert_array_equal(late.take(9), expected(9))
    np.testing.assert_array_equal(
        several[0].take(1), expected(9)[sum(blocks[-1])][None]
    )


def test_equal_seeds_and_rows_share_a_stream():
    streams = Streams()
    seeds, rows = [0, 0, 1, 0], [ROWS, ROWS.copy(), ROWS, ROWS[:4]]
    found = [
        streams.of(np.random.RandomState(seed), of_one, 4)
        for seed, of_one in zip(seeds, rows, strict=True)
    ]
    assert found[0] is found[1]
    found.append(streams.of(np.random.RandomState(0), ROWS, 1))
    assert len(set(map(id, found))) == 4
