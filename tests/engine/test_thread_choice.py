"""The choice of a number of threads, on made times."""

import math

import pytest

from sklearn_bp.engine._thread_choice import Surroundings, ThreadChoice


class Machine:
    """Steps take as long as `seconds(n_threads, time)` says. While `is_busy(time)`, one
    of several threads is not running, and the caller waits until a step ends early."""

    def __init__(self, seconds, is_busy=lambda time: False):
        self.seconds, self.is_busy = seconds, is_busy
        self.time = 0.0
        self.surroundings = Surroundings(lambda: self.time)
        self.slices = []  # when, how many threads, how many steps

    def fit(self, n_steps, most=2, is_certain=False):
        """Returns how long it takes."""
        choice, start = ThreadChoice(self.surroundings, is_certain), self.time
        while n_steps > 0:
            n_threads = choice.choose(most)
            n, lost = min(n_steps, choice.n_steps), 0.0
            # never more than a tenth of a second, as in the engine
            n = min(n, max(1, int(0.1 / self.seconds(n_threads, self.time))))
            cut = n_threads > 1 and self.is_busy(self.time)
            cut = cut and choice.patience < math.inf
            if cut:
                n, lost = 1, 0.005
            self.slices.append((self.time, n_threads, n))
            seconds = n * self.seconds(n_threads, self.time) + lost
            choice.note(n, seconds, lost, cut)
            self.time += seconds
            n_steps -= n
        return self.time - start

    def n_threads(self, begin=0.0, end=math.inf):
        """The number of threads that did most of the steps in a stretch of time."""
        steps = {}
        for time, n_threads, n in self.slices:
            if begin <= time < end:
                steps[n_threads] = steps.get(n_threads, 0) + n
        return max(steps, key=steps.get)


def speedups(one, **by_threads):
    """Times of a step, by speedup: n2=1.5 is that of two threads."""
    gains = {1: 1.0} | {int(name[1:]): gain for name, gain in by_threads.items()}
    return lambda n_threads, time: one / gains[n_threads]


@pytest.mark.parametrize("step", [1e-5, 1e-4, 1e-3, 1e-2])
@pytest.mark.parametrize("gain", [0.5, 0.8, 0.97, 1.2, 1.9])
def test_the_faster_number_does_the_steps(step, gain):
    n_steps = round(2 / step)
    needed = Machine(speedups(step, n2=gain)).fit(n_steps)
    assert needed < 1.05 * min(1, 1 / gain) * n_steps * step


def test_a_short_fit_is_hardly_longer():
    n_steps = 200
    needed = Machine(speedups(1e-4, n2=0.7)).fit(n_steps)
    assert needed < 1.05 * n_steps * 1e-4
    machine = Machine(speedups(1e-4, n2=1.8))
    assert machine.fit(n_steps) < 1.1 / 1.8 * n_steps * 1e-4


def test_threads_that_certainly_pay_are_not_doubted_at_once():
    machine = Machine(speedups(0.1, n2=1.9))
    machine.fit(35, is_certain=True)
    assert {n_threads for _, n_threads, _ in machine.slices} == {2}


@pytest.mark.parametrize("best", [1, 2, 4, 8, 16])
def test_any_number_may_be_best(best):
    gains = {f"n{n}": 1 + n / 4 if n <= best else best / n for n in (2, 4, 8, 16)}
    machine = Machine(speedups(1e-3, **gains))
    machine.fit(1000, most=16)
    assert machine.n_threads() == best


def test_numbers_in_between_are_tried():
    gains = {"n3": 2.5, "n6": 1.5, "n12": 1.2}
    machine = Machine(speedups(1e-3, **gains))
    machine.fit(1000, most=12)
    assert machine.n_threads() == 3


@pytest.mark.parametrize("is_certain", [False, True])
@pytest.mark.parametrize("step", [1e-5, 1e-3, 5e-3])
def test_on_a_busy_machine_there_is_one_thread(step, is_certain):
    machine = Machine(speedups(step, n2=1.8), is_busy=lambda time: True)
    n_steps = round(1 / step)
    needed = machine.fit(n_steps, is_certain=is_certain)
    assert needed < 1.1 * n_steps * step


def test_threads_that_come_late_are_not_waited_for_again():
    """However fast they are as soon as they are there."""
    choice = ThreadChoice(Surroundings())
    assert choice.choose(2) == 2
    choice.note(1, 0.021, lost=0.02)
    assert choice.choose(2) == 1


@pytest.mark.parametrize("step", [1e-4, 1e-3])
def test_calls_of_a_single_step_end_early_too(step):
    """Where an epoch is one step, threads may be late at the beginning of each."""
    choice = ThreadChoice(Surroundings())
    while choice.choose(2) == 2:  # the first trial ends well
        choice.note(1, step)
    while choice.choose(2) == 1:
        choice.note(1, 2 * step)
    for _ in range(20):
        choice.note(1, step)
        assert choice.choose(2) == 2
    choice.note(1, step + 0.008, lost=0.008)
    assert choice.choose(2) == 1


def test_other_fits_hear_of_a_busy_machine():
    machine = Machine(speedups(1e-3, n2=1.8), is_busy=lambda time: True)
    needed = [machine.fit(20) for _ in range(100)]
    assert sum(needed) < 1.05 * 100 * 20 * 1e-3
    assert sorted(needed)[80] == pytest.approx(20 * 1e-3)  # with one thread throughout


@pytest.mark.parametrize("is_certain", [False, True])
def test_other_work_comes_and_goes(is_certain):
    machine = Machine(speedups(1e-3, n2=1.8), is_busy=lambda time: 1 <= time % 100 < 3)
    machine.fit(6000, is_certain=is_certain)
    assert machine.n_threads(0.1, 1) == 2
    assert machine.n_threads(1.1, 3) == 1
    assert machine.n_threads(4.1) == 2
    # and with it, what others have been told
    begin = machine.time
    machine.fit(200, is_certain=is_certain)
    assert machine.n_threads(begin) == 2


def test_waiting_is_borne_where_fewer_threads_are_no_faster():
    """As when the parts of the threads are not equal."""
    machine = Machine(speedups(0.02, n2=1.9), is_busy=lambda time: True)
    machine.fit(200)
    assert machine.n_threads() == 2
    assert machine.surroundings.seconds_left == 0


def test_work_that_is_done_at_once_tells_of_a_busy_machine():
    surroundings = Surroundings(lambda: 0.0)
    surroundings.note(0.0)
    assert surroundings.seconds_left == 0
    surroundings.note(0.01)
    assert surroundings.seconds_left == pytest.approx(0.2)
    assert ThreadChoice(surroundings).choose(4) == 1


def test_calls_of_few_steps_are_added_up():
    """A trial has its number of steps, however few there are in a call."""
    choice = ThreadChoice(Surroundings())
    chosen = []
    for _ in range(30):
        chosen.append(choice.choose(2))
        choice.note(1, 1.1e-4 * chosen[-1])
    # one that is not timed, four in the time of a trial, and as many for the rival
    assert chosen == 5 * [2] + 25 * [1]


def test_a_small_batch_is_a_part_of_a_step():
    choice = ThreadChoice(Surroundings())
    choice.choose(2)
    choice.note(0.5, 1e-3)
    assert choice.n_steps == 1
    choice.note(0.5, 1e-3)
    choice.note(1, 1e-3)
    assert choice.choose(2) == 1  # on trial
    choice.note(0.5, 0.9e-3)  # a whole one takes longer than with two threads
    choice.note(0.5, 0.9e-3)
    assert choice.choose(2) == 2


def test_another_number_of_processors_is_another_choice():
    choice = ThreadChoice(Surroundings())
    for most in (4, 2, 4):
        assert choice.choose(most) == most
        choice.note(1, 1.0)
