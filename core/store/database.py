"""The file of the store: connections to it, and what becomes of a damaged one.

One thread writes (writer.py), in short transactions; each reading has a connection of its own. The write-ahead log lets several
servers use one file at once, and leaves whole transactions when a server is killed.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from core.store.schema import migrate

FILE = "runs.sqlite3"
PATIENCE = 5.0  # seconds for which a transaction waits until another server has ended its own
READER_PATIENCE = 0.5  # seconds; a page must not wait longer
COMPANIONS = ("", "-wal", "-shm")  # the files of a database in its write-ahead mode


class Database:
    """A SQLite file in a folder, which is made when the file is first opened. clock: seconds since 1970."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock = folder / FILE, clock

    def open_for_writing(self) -> sqlite3.Connection:
        """Return a connection for the thread that writes; the schema is made, or brought up to date.

        Raises sqlite3.Error, OSError, or NewerSchema.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))  # nobody else on the machine may read it
        connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        try:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # has an effect before the first table only
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")  # what a visitor deletes is overwritten
            connection.execute("PRAGMA foreign_keys = ON")
            migrate(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def open_for_reading(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection that cannot write. Raises sqlite3.Error, also where there is no file."""
        uri = f"{self.path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=READER_PATIENCE, isolation_level=None)) as connection:
            yield connection

    def read_identity(self) -> tuple[int, int] | None:
        """Return what distinguishes the present file from one that takes its place; None without a file."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return (status.st_dev, status.st_ino)

    def set_aside(self, identity: tuple[int, int] | None) -> str:
        """Rename the damaged file and return its new name; "" if another server has replaced it already.

        identity: of the file that was found to be damaged. Raises OSError.
        """
        if identity is not None and self.read_identity() != identity:
            return ""
        stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(self._clock()))
        name = next(
            name
            for number in range(1, 1000)
            if not self.path.with_name(name := f"{self.path.stem}-damaged-{stamp}-{number}{self.path.suffix}").exists()
        )
        for companion in reversed(COMPANIONS):
            with suppress(FileNotFoundError):
                self.path.with_name(self.path.name + companion).rename(self.path.with_name(name + companion))
        return name


def is_damaged(connection: sqlite3.Connection) -> bool:
    """Return whether SQLite finds the file damaged. It reads all of it."""
    return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Enclose one transaction, which is written as a whole or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite has rolled back itself, for example where the disk is full
            connection.execute("ROLLBACK")
        raise
