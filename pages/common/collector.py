"""Collect garbage now and then, and give freed memory back, from a thread of its own.

Streamlit's own full collection after every script run is turned off in its configuration: with thirty visitors it took most
of the server's time.
"""

import gc
import threading
import time
from functools import cache

from core.runs.processes import release_memory, return_freed_memory

TRIM = 5.0  # seconds between two returns of freed memory to the system
EVERY = 30.0  # seconds between two collections
ONE_IN = 10  # collections that searches all objects, not only those that came since the last one
SETTLED = 10.0  # seconds after which all imports of the start-up are done


@cache
def start_collector() -> threading.Thread:
    """Start the thread, once in the life of the server."""
    return_freed_memory()
    thread = threading.Thread(target=_collect, name="collector", daemon=True)
    thread.start()
    return thread


def _collect() -> None:
    pause = threading.Event()
    pause.wait(SETTLED)
    _collect_garbage(everywhere=True)
    last, number = time.monotonic(), 0
    while not pause.wait(min(EVERY, TRIM)):
        if time.monotonic() - last >= EVERY:
            number += 1
            _collect_garbage(everywhere=number % ONE_IN == 0)
            last = time.monotonic()
        release_memory()


def _collect_garbage(everywhere: bool) -> None:
    # No thread goes on during a collection, which takes as long as there are objects: half a second with two hundred visits.
    # What is there after one, imported modules and visits, stays for long: frozen, it is not searched by the next ones, nor by
    # those that Python makes in between.
    if everywhere:
        gc.unfreeze()
    gc.collect()
    gc.freeze()
