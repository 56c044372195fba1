"""Bounds on the uploaded files that Streamlit itself holds in memory, until their session ends.

Streamlit limits the size of each file, but not how many a session sends to its upload address, whether or not a page asked for
them. A page reads a file once, right after the upload, so older ones may be removed.
"""

from threading import Lock
from typing import Any

from streamlit import runtime
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from core.runs.settings import MB, Settings


class UploadedFileLimits:
    """A replacement for a manager's `add_file` that removes the oldest files beyond the limits. Thread-safe.

    manager: Streamlit's, with the files of each session in `file_storage`.
    """

    def __init__(self, manager: Any, settings: Settings) -> None:
        self._manager, self._settings, self._lock = manager, settings, Lock()
        self._add = manager.add_file
        self._newest: dict[str, None] = {}  # the sessions in the order of their last uploads

    def add_file(self, session_id: str, file: UploadedFileRec) -> None:
        """Add a file; remove older ones of its session, then those of the sessions that have been idle longest."""
        with self._lock:
            self._add(session_id, file)
            self._newest.pop(session_id, None)
            self._newest[session_id] = None
            self._limit_session(session_id)
            self._limit_all()

    def _limit_session(self, session_id: str) -> None:
        files = self._list_files(session_id)
        total = sum(map(len, files.values()))
        for name in list(files)[:-1]:
            if len(files) <= self._settings.upload_files and total <= self._settings.upload_memory * MB:
                return
            total -= len(files.pop(name))
            self._manager.remove_file(session_id, name)

    def _limit_all(self) -> None:
        sizes = {session: sum(map(len, self._list_files(session).values())) for session in self._newest}
        self._newest = {session: None for session, size in sizes.items() if size}  # the other sessions have ended
        total = sum(sizes.values())
        for session in list(self._newest)[:-1]:
            if total <= self._settings.received_memory * MB:
                return
            self._manager.remove_session_files(session)
            total -= sizes[session]

    def _list_files(self, session_id: str) -> dict[str, bytes]:
        return {name: file.data for name, file in dict(self._manager.file_storage.get(session_id, {})).items()}


def limit_uploaded_files(settings: Settings) -> None:
    """Limit the files that this server's Streamlit holds; do nothing without a server, as in a test of a page."""
    if runtime.exists():
        manager: Any = runtime.get_instance().uploaded_file_mgr
        manager.add_file = UploadedFileLimits(manager, settings).add_file
