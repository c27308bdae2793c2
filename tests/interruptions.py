"""Interruptions of the compiled engine while it computes."""

import threading
import time
from contextlib import contextmanager


def wait_for_a_look(has_come_in_vain=lambda: False):
    """Until a call of the engine has looked for an interruption once more."""
    from sklearn_bp.engine._compiled._calls import get_looks

    before = get_looks()[0]
    while get_looks()[0] == before and not has_come_in_vain():
        time.sleep(0.001)


@contextmanager
def interrupted(interrupt):
    """From another thread, as soon as a call has looked for it once."""
    is_over = threading.Event()

    def wait():
        wait_for_a_look(is_over.is_set)
        if not is_over.is_set():
            interrupt()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
