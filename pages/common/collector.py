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
EVERY = 60.0  # seconds between two collections
SETTLED = 10.0  # seconds after which all imports of the start-up are done


@cache
def start_collector() -> threading.Thread:
    """Start the thread, once in the life of the server."""
    return_freed_memory()
    thread = threading.Thread(target=_collect, name="collector", daemon=True)
    thread.start()
    return thread


def _collect() -> None:
    # Imported modules stay for good: frozen, no collection searches them again.
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
