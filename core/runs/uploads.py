"""Files that visitors have brought: each in a private place of its owner, named by what is in it, until the visit ends.

Thread-safe. What a page may read is what is entered here for its own visitor, whatever paths it is told.
"""

import os
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from shutil import rmtree

from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.i18n import _
from core.tasks.file_readers import make_upload_name
from core.tasks.task import CORPUS_OPTION

AGE = 6 * 3600.0  # seconds without a look at any of an owner's files
GRACE = 180.0  # seconds after a release: a visit that lost its connection may come back within two minutes
MOST = 10  # files of one owner
ROOM = 1_000_000_000  # bytes of all files


class Uploads:
    """folder: where they are kept; it is made when it is needed. clock: seconds, never going back."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._lock = threading.Lock()
        self._files: dict[str, dict[str, int]] = {}  # of each owner: bytes by path
        self._ends: dict[str, float] = {}

    def keep(self, owner: str, name: str, content: bytes) -> str:
        """Keeps a file and returns its path. name: what the visitor calls it. Raises Invalid where there is no more room."""
        path = self._folder / owner / make_upload_name(sha256(content).hexdigest(), name)
        with self._lock:
            files = self._files.setdefault(owner, {})
            if str(path) not in files:
                self._check_room(files, len(content))
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
                    file.write(content)
                files[str(path)] = len(content)
            self._ends[owner] = self._clock() + AGE
        return str(path)

    def drop(self, owner: str, path: str) -> None:
        """Removes a file of the owner."""
        with self._lock:
            if self._files.get(owner, {}).pop(path, None) is not None:
                Path(path).unlink(missing_ok=True)

    def has(self, owner: str, path: str) -> bool:
        """Whether the owner has brought this file, and it is still there: looked at, it stays for a while."""
        with self._lock:
            there = path in self._files.get(owner, {}) and Path(path).exists()
            if there:
                self._ends[owner] = self._clock() + AGE
            return there

    def check(self, owner: str, experiment: Experiment) -> None:
        """Raises Invalid where the experiment learns from a file that its owner has not brought, or that is gone."""
        path = dict(experiment.options).get(CORPUS_OPTION)
        if path is not None and not self.has(owner, str(path)):
            raise Invalid(_("The file of this experiment is no longer here; bring it again."), CORPUS_OPTION)

    def release(self, owner: str) -> None:
        """The visit has ended: unless it comes back soon, its files are removed."""
        with self._lock:
            if owner in self._ends:
                self._ends[owner] = min(self._ends[owner], self._clock() + GRACE)

    def tidy(self) -> None:
        """Removes the files of those who are gone."""
        with self._lock:
            for owner in [owner for owner, end in self._ends.items() if end <= self._clock()]:
                del self._ends[owner], self._files[owner]
                rmtree(self._folder / owner, ignore_errors=True)

    def _check_room(self, files: dict[str, int], size: int) -> None:
        if len(files) >= MOST:
            raise Invalid(
                _("You have brought {most} files already; reload the page to begin anew.").format(most=MOST), CORPUS_OPTION
            )
        if sum(sum(one.values()) for one in self._files.values()) + size > ROOM:
            raise Invalid(_("This server has no room for more files now; try again later."), CORPUS_OPTION)
