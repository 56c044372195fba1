"""Collect garbage now and then, from a thread of its own.

Streamlit's own full collection after every script run is turned off in its configuration: with thirty visitors it took most
of the server's time.
"""

import gc
import threading
from functools import cache

EVERY = 60.0  # seconds between two collections
SETTLED = 10.0  # seconds after which everything that is imported at start-up is there


@cache
def start_collector() -> threading.Thread:
    """Start the thread, once in the life of the server."""
    thread = threading.Thread(target=_collect, name="collector", daemon=True)
    thread.start()
    return thread


def _collect() -> None:
    # What was imported stays for good: frozen, it is not looked at again by any collection.
    pause = threading.Event()
    pause.wait(SETTLED)
    gc.collect()
    gc.freeze()
    while not pause.wait(EVERY):
        gc.collect()
