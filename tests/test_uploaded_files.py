"""The uploaded files that Streamlit holds, with its own manager. Oracle: the bytes in its storage."""

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from core.runs.settings import MB, Settings
from pages.common.uploaded_files import UploadedFileLimits

SETTINGS = Settings(upload_files=3, upload_memory=2, received_memory=4)


class LimitedManager:
    """A manager with the limits."""

    def __init__(self) -> None:
        self.manager = MemoryUploadedFileManager("/upload")
        self.limits = UploadedFileLimits(self.manager, SETTINGS)

    def add(self, session: str, name: str, size: int) -> None:
        self.limits.add_file(session, UploadedFileRec(name, name, "text/plain", bytes(size)))

    def names(self, session: str) -> list[str]:
        return list(self.manager.file_storage.get(session, {}))


def test_a_session_has_its_newest_files_only() -> None:
    uploads = LimitedManager()
    for number in range(50):
        uploads.add("ann", f"{number}", 10)
    assert uploads.names("ann") == ["47", "48", "49"]
    uploads.add("ann", "large", 2 * MB - 20)
    assert uploads.names("ann") == ["48", "49", "large"], "at the limit"
    uploads.add("ann", "one more", 1)
    assert uploads.names("ann") == ["49", "large", "one more"]
    uploads.add("ann", "larger than all", 3 * MB)
    assert uploads.names("ann") == ["larger than all"], "Streamlit's own limit of a file is smaller"


def test_all_sessions_together_are_bounded_and_the_oldest_goes_first() -> None:
    uploads = LimitedManager()
    for session in ("ann", "bob", "eve"):
        uploads.add(session, "a", MB)
    uploads.add("ann", "b", MB)
    assert [uploads.names(session) for session in ("ann", "bob", "eve")] == [["a", "b"], ["a"], ["a"]], "at the limit"
    uploads.add("dan", "a", 1)
    assert [uploads.names(session) for session in ("ann", "bob", "eve", "dan")] == [["a", "b"], [], ["a"], ["a"]]
    uploads.manager.remove_session_files("ann")
    uploads.add("bob", "a", MB)
    assert uploads.names("eve") == ["a"], "what a session held that has ended does not count"
