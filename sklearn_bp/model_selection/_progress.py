"""What a person sees of many trainings while they run."""

import html
import sys
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from time import perf_counter

from ..utils import plain_number

#: The value of `verbose` from which on progress is shown, and not a line for a setting.
PROGRESS = 2
#: The least number of seconds between two lines, and between two changes of a bar.
SECONDS_BETWEEN_LINES = 5.0
SECONDS_BETWEEN_CHANGES = 0.1
#: How often a bar tells the time that is left.
LOOKS_PER_SECOND = 2


def check_verbose(verbose):
    """The verbosity; raises a ValueError for what is none."""
    checked = plain_number(verbose)
    if not isinstance(checked, int) or checked < 0:
        raise ValueError(
            "verbose must be 0, 1 for a line for each setting, or 2 to show progress,"
            f" got {verbose!r}."
        )
    return checked


@contextmanager
def watched(verbose, n_trainings, cost):
    """Show the progress of the trainings in the block.

    Parameters
    ----------
    verbose : int
        There is something to see from 2 on: a bar in a notebook, and in a terminal if
        rich is installed; otherwise a line every few seconds.
    n_trainings : int
        How many trainings there will be.
    cost : float
        What they will cost, in any unit.

    Yields
    ------
    progress : Progress
        Wants to be told of each training.
    """
    if verbose < PROGRESS:
        yield Progress()
        return
    tally = Tally(n_trainings, cost)
    with _place(tally) as (show, interval):
        progress = Shown(tally, show, interval)
        yield progress
        progress.show()


class Progress:
    """Is told of each training, and shows nothing."""

    def add(self, cost, is_trained=True):
        """Count a training.

        Parameters
        ----------
        cost : float
            What it was expected to cost.
        is_trained : bool, default=True
            Whether it was run; otherwise its result was kept from another call.
        """

    def correct(self, difference):
        """Expect this much more cost, or less."""

    def tell(self, best):
        """Show a result.

        Parameters
        ----------
        best : callable
            Returns the best result so far, in words; it is called when these are shown.
        """


class Shown(Progress):
    """Is told of each training, and shows what is done and the best so far.

    Parameters
    ----------
    tally : Tally
        Counts the trainings.
    show : callable
        Called with the tally and the best result in words.
    interval : float
        The least number of seconds between two calls.
    """

    def __init__(self, tally, show, interval):
        self._tally = tally
        self._show = show
        self._interval = interval
        self._best = str  # the empty string
        self._last = perf_counter()

    def add(self, cost, is_trained=True):
        self._tally.add(cost, is_trained)
        if perf_counter() - self._last >= self._interval:
            self.show()

    def correct(self, difference):
        self._tally.cost += difference

    def tell(self, best):
        self._best = best

    def show(self):
        """Show what is done now."""
        self._show(self._tally, self._best())
        self._last = perf_counter()


class Tally:
    """What is done of many trainings.

    Parameters
    ----------
    n_trainings : int
        How many there are.
    cost : float
        What they cost altogether, in any unit.
    clock : callable, default=perf_counter
        Tells the time in seconds.
    """

    def __init__(self, n_trainings, cost, clock=perf_counter):
        self.n_trainings = n_trainings
        self.cost = cost
        self.n_done = 0
        self.cost_done = 0.0
        self._n_found = 0
        self._cost_trained = 0.0
        self._clock = clock
        self._start = self._last = clock()

    def add(self, cost, is_trained=True):
        """Count a training, see `Progress`."""
        self.n_done += 1
        self.cost_done += cost
        self._last = self._clock()
        if is_trained:
            self._cost_trained += cost
            return
        self._n_found += 1
        if self._cost_trained == 0:  # reading is no measure of training
            self._start = self._last

    @property
    def seconds_left(self):
        """How long the rest takes if it goes on as up to now; None if that is unknown,
        as nothing was trained so far."""
        if self.n_done == self.n_trainings:
            return 0.0
        if self._cost_trained == 0:
            return None
        rate = (self._last - self._start) / self._cost_trained
        since = self._clock() - self._last
        return max(0.0, (self.cost - self.cost_done) * rate - since)

    @property
    def done(self):
        """What is done, in words."""
        found = f" ({self._n_found} from memory)" if self._n_found else ""
        return f"{self.n_done}/{self.n_trainings} trainings{found}"

    @property
    def left(self):
        """The time that is left, in words."""
        seconds = self.seconds_left
        return "" if seconds is None else f"{timedelta(seconds=round(seconds))} left"


def _place(tally):
    """A context in which progress can be shown; it yields a function as `Shown` takes
    it, and the least number of seconds between two calls."""
    if _is_notebook():
        return nullcontext((_bar_in_notebook(tally), SECONDS_BETWEEN_CHANGES))
    console = _terminal()
    if console is None:
        return nullcontext((_print, SECONDS_BETWEEN_LINES))
    return _bar_in_terminal(tally, console)


def _print(tally, best):
    parts = (tally.done, tally.left, best and f"best so far: {best}")
    print(", ".join(part for part in parts if part), flush=True)


def _is_notebook():
    """Whether the program runs in one; IPython in a terminal has no kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython and ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


def _bar_in_notebook(tally):
    """Show a bar, which needs no widgets and is saved with the notebook as it is at the
    end; return the function that changes it."""
    from IPython.display import HTML, display

    def drawn(tally, best):
        is_over = tally.n_done == tally.n_trainings
        share = 1 if is_over else tally.cost_done / tally.cost
        bar = f'<progress value="{share:.3f}"></progress> {tally.done} {tally.left}'
        return HTML(bar + (best and f"<br/>best so far: {html.escape(best)}"))

    handle = display(drawn(tally, ""), display_id=True)
    return lambda tally, best: handle.update(drawn(tally, best))


def _terminal():
    """The terminal on which to draw, if there is one and rich is there."""
    try:
        from rich import get_console
    except ImportError:
        return None
    console = get_console()
    return console if console.is_terminal else None


@contextmanager
def _bar_in_terminal(tally, console):
    """A bar that is there during the block, see `_place`."""
    from rich.progress import BarColumn, Progress, ProgressColumn
    from rich.text import Text

    class Words(ProgressColumn):
        """They are asked for at each look, as time goes by."""

        def render(self, task):
            return Text(f"{tally.done} {tally.left}".rstrip())

    class Lines(Progress):
        """The bar, and below it the best so far."""

        def get_renderables(self):
            yield from super().get_renderables()
            for task in self.tasks:
                best = task.description
                yield Text(best, no_wrap=True, overflow="ellipsis") if best else ""

    bar = Lines(
        BarColumn(), Words(), console=console, refresh_per_second=LOOKS_PER_SECOND
    )
    with bar:
        number = bar.add_task("", total=tally.cost)

        def show(tally, best):
            is_over = tally.n_done == tally.n_trainings
            bar.update(
                number,
                total=tally.cost,
                completed=tally.cost if is_over else tally.cost_done,
                description=best and f"best so far: {best}",
            )

        yield show, SECONDS_BETWEEN_CHANGES
