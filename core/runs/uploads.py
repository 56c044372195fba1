"""Uploaded files: each in a private folder of its owner, named by a hash of its content, until the visit ends.

Thread-safe. A page may read a file only if it is registered here for its own visitor, whatever path it is given.
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
from core.runs.settings import MB, Settings
from core.tasks.task import CORPUS_OPTION
from core.tasks.text_file import make_upload_name


class Uploads:
    """The uploaded files of all visits.

    folder: where they are stored; made when the first file comes. clock: seconds, monotonic. settings: how many files a visit
    may have, how large they may be together, and how long they are kept when the visit is over. on_remove: called with the path
    of a file or folder that was removed, so that what was computed from it is forgotten too.
    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
        settings: Settings | None = None,
        on_remove: Callable[[str], None] = lambda path: None,
    ) -> None:
        self._folder, self._clock, self._settings, self._on_remove = folder, clock, settings or Settings(), on_remove
        self._lock = threading.Lock()
        self._files: dict[str, dict[str, int]] = {}  # of each owner: bytes by path
        self._ends: dict[str, float] = {}
        self._released: dict[str, None] = {}  # the owners whose connection has closed, the first of them first

    def save_file(self, owner: str, name: str, content: bytes) -> str:
        """Save a file and return its path. name: the visitor's name for it. Raises Invalid if there is no more room."""
        path = self._folder / owner / make_upload_name(sha256(content).hexdigest(), name)
        with self._lock:
            files = self._files.get(owner, {})
            if str(path) not in files:
                self._make_room(files, len(content))
                files = self._files.setdefault(owner, {})
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
                    file.write(content)
                files[str(path)] = len(content)
            self._renew(owner)
        return str(path)

    def remove_file(self, owner: str, path: str) -> None:
        """Remove a file of the owner."""
        with self._lock:
            if self._files.get(owner, {}).pop(path, None) is not None:
                Path(path).unlink(missing_ok=True)
                self._on_remove(path)

    def has_file(self, owner: str, path: str) -> bool:
        """Return whether the owner has uploaded this file and it still exists. Asking prolongs the time that it is kept."""
        with self._lock:
            there = path in self._files.get(owner, {}) and Path(path).exists()
            if there:
                self._renew(owner)
            return there

    def list_files(self, owner: str) -> list[Path]:
        """Return the files of the owner."""
        with self._lock:
            return [Path(path) for path in self._files.get(owner, {})]

    def check(self, owner: str, experiment: Experiment) -> None:
        """Raise Invalid if the experiment trains on a file that its owner has not uploaded, or that is gone."""
        path = dict(experiment.options).get(CORPUS_OPTION)
        if path is not None and not self.has_file(owner, str(path)):
            raise Invalid(_("The file of this experiment is no longer here; upload it again."), CORPUS_OPTION)

    def renew(self, owner: str) -> None:
        """Note that the visit is present: its files are kept longer."""
        with self._lock:
            if owner in self._ends:
                self._renew(owner)

    def release(self, owner: str) -> None:
        """Note that the visit has ended: its files are removed after some time, or earlier if others need the room."""
        with self._lock:
            if owner in self._ends:
                remaining_time = self._settings.grace_time + self._settings.keep_time
                self._ends[owner] = min(self._ends[owner], self._clock() + remaining_time)
                self._released[owner] = None

    def tidy(self) -> None:
        """Remove the files of visits that have ended."""
        with self._lock:
            for owner in [owner for owner, end in self._ends.items() if end <= self._clock()]:
                self._remove(owner)

    def _renew(self, owner: str) -> None:
        self._ends[owner] = self._clock() + self._settings.idle_time
        self._released.pop(owner, None)

    def _remove(self, owner: str) -> None:
        del self._ends[owner], self._files[owner]
        self._released.pop(owner, None)
        rmtree(self._folder / owner, ignore_errors=True)
        self._on_remove(str(self._folder / owner))

    def _make_room(self, files: dict[str, int], size: int) -> None:
        most, memory = self._settings.upload_files, self._settings.upload_memory
        if len(files) >= most:
            raise Invalid(
                _("You have uploaded {most} files already; reload the page to begin anew.").format(most=most), CORPUS_OPTION
            )
        if sum(files.values()) + size > memory * MB:
            raise Invalid(
                _("With this file yours would have more than {most} MB together; remove one of them first.").format(
                    most=memory
                ),
                CORPUS_OPTION,
            )
        while self._sum_sizes() + size > self._settings.uploads_memory * MB:
            leaving = next(iter(self._released), None) or self._find_idle()
            if leaving is None:
                raise Invalid(_("This server has no room for more files now; try again later."), CORPUS_OPTION)
            self._remove(leaving)

    def _find_idle(self) -> str | None:
        """Return the owner that has been idle for the longest time, if that is long enough; else None."""
        idle = {owner: self._clock() - end + self._settings.idle_time for owner, end in self._ends.items()}
        longest = max(idle, key=lambda owner: idle[owner], default=None)
        return longest if longest is not None and idle[longest] >= self._settings.upload_idle_time else None

    def _sum_sizes(self) -> int:
        return sum(sum(files.values()) for files in self._files.values())
