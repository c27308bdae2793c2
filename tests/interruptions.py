"""Interruptions of the compiled engine while it computes."""

import threading
import time
from contextlib import contextmanager


@contextmanager
def interrupted(interrupt):
    """From another thread, as soon as a call has looked for it once."""
    from sklearn_bp.engine._compiled._loop import get_looks

    before, is_over = get_looks()[0], threading.Event()

    def wait():
        while get_looks()[0] == before and not is_over.is_set():
            time.sleep(0.001)
        if not is_over.is_set():
            interrupt()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
