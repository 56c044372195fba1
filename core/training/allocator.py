"""Settings of the C library's allocator for training.

By default glibc returns the memory of a large array to the system when it is freed and maps new pages for the next one: a
thousand page faults in each update, a tenth of its time.
"""

import ctypes

# Parameters of mallopt(3) in glibc, in bytes: M_MMAP_THRESHOLD, above which memory is mapped, and M_TRIM_THRESHOLD, up to
# which freed memory is not returned.
MALLOPT_SETTINGS = {-3: 32 * 2**20, -1: 256 * 2**20}


def keep_freed_memory() -> None:
    """Keep the memory of freed arrays in this process from now on; do nothing if the C library is not glibc."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        for parameter, value in MALLOPT_SETTINGS.items():
            library.mallopt(parameter, value)
