"""Keeps the memory of large arrays between updates.

The C library would give it back to the system whenever an array is freed, and have it mapped anew, page by page, for the
next: a thousand page faults an update, a tenth of its time.
"""

import ctypes

# Numbers of mallopt(3) in glibc, and the bytes: the largest for which it maps memory apart, and what it keeps when free.
SETTINGS = {-3: 32 * 2**20, -1: 256 * 2**20}


def keep_memory() -> None:
    """For this process, from here on; nothing happens where the C library is not glibc."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        for name, value in SETTINGS.items():
            library.mallopt(name, value)
