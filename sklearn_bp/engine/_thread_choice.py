"""Which number of threads is fastest. The result is the same for any number of them."""

import math
from time import monotonic

#: The share of the time that may be lost in finding out.
TRIAL_SHARE = 1 / 80

#: The caller waits for long if it does so for this share of the time, as in team.h.
SHARE_OF_WAITING = 1 / 4

#: What has been lost once counts only in part: it need not happen again.
SHARE_OF_ONCE = 1 / 4


class Surroundings:
    """What is known of other work on the processors, for all fits of this process.

    Parameters
    ----------
    clock : callable, default=time.monotonic
        Returns the time in seconds.
    """

    def __init__(self, clock=monotonic):
        self._clock = clock
        self.find_calm()

    @property
    def seconds_left(self):
        """For how long the processors are taken to be busy."""
        return max(0.0, self._busy_until - self._clock())

    def find_busy(self, seconds):
        """A thread was not running when others waited for it."""
        self._busy_until = max(self._busy_until, self._clock() + seconds)

    def note(self, lost):
        """Take note of how many seconds were lost by such a wait, if there was one."""
        if lost > 0:
            self.find_busy(lost * SHARE_OF_ONCE / TRIAL_SHARE)

    def find_calm(self):
        """Several threads were faster than one."""
        self._busy_until = -math.inf


class ThreadChoice:
    """The number of threads that has lately been fastest, out of those that were tried.

    Data pass between threads five times as slowly if their processors do not share a
    cache, the placement of a virtual machine's processors may change at any time, and
    where other processes have work for them, threads wait for those that are not
    running. So no fixed rule can decide. As the result is the same for any number of
    threads, the choice may be left to the clock.

    Steps run in slices. Now and then one of them is a trial with half or twice as many
    threads, which take over if they are faster. If the caller of several threads waits
    for long, the slice ends early, and the next one is a trial of fewer. The more a
    trial costs, the later comes the next one, so that they take a small share of the
    time.

    Parameters
    ----------
    surroundings : Surroundings
        What other fits have found.
    is_certain : bool, default=False
        Whether threads pay on an idle machine, so that the first trial can wait.
    """

    #: How many steps make a trial, or fewer if they take so many seconds.
    TRIAL_STEPS = 8
    TRIAL_SECONDS = 0.001

    #: Later ones may be longer, up to so many seconds. The interval between them grows
    #: from the first to the last value.
    LONGEST_TRIAL = 0.01
    INTERVALS = 0.02, 1.0

    #: More threads must take less than this share of the time that fewer take. Those
    #: that have nothing to do spin for some milliseconds, and may slow others down.
    CLEARLY_LESS = 0.9

    #: How many seconds the caller may wait for its threads until a slice ends early.
    PATIENCE = 0.001

    def __init__(self, surroundings, is_certain=False):
        self._surroundings = surroundings
        self._is_certain = is_certain
        self._most = None

    def choose(self, most):
        """How many threads, up to `most`, which are several, are to do what is next."""
        if most != self._most:
            self._begin(most)
        return self._trial or self._current

    @property
    def n_steps(self):
        """How many steps that may be."""
        return max(1, math.ceil(self._n_planned - self._n_done))

    @property
    def patience(self):
        """For how many seconds the caller may wait until they end early."""
        return self.PATIENCE if self._trial or self._is_alert else math.inf

    def note(self, n_steps, seconds, lost=0.0, is_cut=False):
        """Take note of how long these steps have taken.

        Parameters
        ----------
        n_steps : float
            How many there were; a smaller batch counts as a part of one.
        seconds : float
            Those of a single thread count only while it was running: on a busy machine,
            several are chosen if they gain in spite of all disturbances.
        lost : float, default=0
            For how many of them the caller has waited for its threads, at first and
            later.
        is_cut : bool, default=False
            Whether the steps ended early because that was too long.
        """
        if lost > max(self.patience, SHARE_OF_WAITING * seconds):
            is_cut = True  # so it would have been, had there been more steps
        if is_cut and not self._trial:  # until now, all may have been well
            self._n_done = self._seconds = 0
        self._n_done += n_steps
        self._seconds += seconds
        self._cost += lost
        if self._n_done < self._n_planned and not is_cut:
            return
        time = max(self._seconds / self._n_done, 1e-9)
        if self._is_cold and not is_cut:
            self._warm_up(time)
            return
        self._is_cold = False
        if self._trial:
            self._judge(time, is_cut)
        elif is_cut:
            self._times = [time]
            self._was_cut, self._goes_up, self._wait = True, False, 0
            self._cost = lost * SHARE_OF_ONCE
        else:
            self._times = [*self._times[-1:], time]
            self._wait -= self._seconds
        self._plan(time)

    def _begin(self, most):
        self._most = self._current = most
        self._times = []  # the last two times of a step with that number
        self._trial = None  # another number, in a trial
        self._goes_up = False  # whether the next trial is one of more threads
        self._was_cut = False  # or one of fewer, as a slice has ended early
        self._wait = 0.0  # the seconds until then
        self._cost = 0.0  # of the trial
        self._interval = self.INTERVALS[0]
        self._is_alert = True  # whether a slice may end early
        self._is_cold = True  # whether the next step is too slow to be timed
        self._n_planned, self._n_done, self._seconds = 1, 0, 0.0
        if self._surroundings.seconds_left > 0:
            self._current, self._goes_up = 1, True
            self._wait = self._surroundings.seconds_left

    def _warm_up(self, time):
        """A step that came too soon to be timed has taken so long. It is the first of
        all, which touches memory for the first time; or of a trial, whose data are in
        the caches of other processors."""
        self._is_cold = False
        if not self._trial and self._is_certain:
            self._wait = max(self._wait, time / TRIAL_SHARE)
        self._cost += self._excess()
        self._set_length(time)

    def _plan(self, time):
        """Plan the next slice, where a step takes so long."""
        if not self._was_cut:
            self._cost = 0.0
        if self._times and self._wait <= 0:
            self._trial = self._rival()
            self._is_cold = time < self.TRIAL_SECONDS
        self._set_length(time)

    def _set_length(self, time):
        seconds = self._wait
        if self._trial:
            seconds = min(self._interval * TRIAL_SHARE, self.LONGEST_TRIAL)
        least = min(self.TRIAL_STEPS, self.TRIAL_SECONDS // time)
        self._n_planned = 1 if self._is_cold else max(1, least, seconds // time)
        self._n_done, self._seconds = 0, 0.0

    def _rival(self):
        """Half or twice as many threads."""
        if self._current == (self._most if self._goes_up else 1):
            self._goes_up = not self._goes_up
        more = min(2 * self._current, self._most)
        return more if self._goes_up else self._current // 2

    def _excess(self):
        """How many seconds a trial has taken more than its steps would have taken."""
        if not self._trial:
            return 0.0
        return max(0.0, self._seconds - self._n_done * min(self._times))

    def _judge(self, time, is_cut):
        """At the end of a trial, decide between both numbers."""
        factor = self.CLEARLY_LESS if self._goes_up else 1 / self.CLEARLY_LESS
        is_faster = time < factor * min(self._times)
        if self._was_cut or not is_faster:
            self._interval = min(2 * self._interval, self.INTERVALS[1])
        if not is_faster:
            self._cost += self._excess()
        self._wait = max(self._interval, self._cost / TRIAL_SHARE)
        if self._was_cut if is_faster else self._goes_up and is_cut:
            self._surroundings.find_busy(self._wait)
        elif is_faster and self._goes_up:
            self._surroundings.find_calm()
        if is_faster:
            self._current, self._times = self._trial, [time]
            if self._trial not in (1, self._most):
                self._wait = 0  # go on in this direction
        else:
            self._goes_up = not self._goes_up
        # If fewer threads are no faster, there is another reason for waiting.
        self._is_alert = is_faster or not self._was_cut
        self._trial, self._was_cut = None, False
