"""Collect garbage now and then, and give freed memory back, from a thread of its own.

Streamlit's own full collection after every script run is turned off in its configuration: with thirty visitors it took most
of the server's time.
"""

import gc
import threading
import time
from functools import cache

from core.runs.processes import release_memory, share_arenas

TRIM = 5.0  # seconds between two times that freed memory is given back to the system
EVERY = 60.0  # seconds between two collections
SETTLED = 10.0  # seconds after which everything that is imported at start-up is there


@cache
def start_collector() -> threading.Thread:
    """Start the thread, once in the life of the server."""
    share_arenas()
    thread = threading.Thread(target=_collect, name="collector", daemon=True)
    thread.start()
    return thread


def _collect() -> None:
    # What was imported stays for good: frozen, it is not looked at again by any collection.
    pause = threading.Event()
    pause.wait(SETTLED)
    gc.collect()
    gc.freeze()
    last = time.monotonic()
    while not pause.wait(min(EVERY, TRIM)):
        if time.monotonic() - last >= EVERY:
            gc.collect()
            last = time.monotonic()
        release_memory()
