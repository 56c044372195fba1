"""To whom stored runs belong: the browser that began them, known by a random key that only it has.

The file holds hashes of the keys, so that whoever reads the file cannot open a visitor's history.
"""

import re
from hashlib import sha256
from threading import Lock

KEY = re.compile(r"[0-9a-f]{32}")  # as assets/components/page_events.js makes it
MAX_VISITS = 10_000  # visits whose browser is remembered; a visit that is forgotten tells it again at its next arrival


class Owners:
    """The owners of the visits' runs. Thread-safe.

    A visit whose browser is not known yet, or stores nothing, owns its runs by itself, by its own random id.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._browsers: dict[str, str] = {}  # owner by visit, the one that was named last at the end

    def get_owner(self, visit: str) -> str:
        """Return the owner of what a visit runs."""
        with self._lock:
            return self._browsers.get(visit) or hash_key(visit)

    def set_browser(self, visit: str, key: str) -> tuple[str, str] | None:
        """Note the key of a visit's browser. Return the owner before and the new one if they differ; None for no valid key."""
        if not KEY.fullmatch(key):
            return None
        before, owner = self.get_owner(visit), hash_key(key)
        with self._lock:
            self._browsers.pop(visit, None)
            self._browsers[visit] = owner
            while len(self._browsers) > MAX_VISITS:
                del self._browsers[next(iter(self._browsers))]
        return (before, owner) if before != owner else None


def hash_key(key: str) -> str:
    """Return the hash of a key or of a visit's id."""
    return sha256(key.encode()).hexdigest()
