"""How long runs are stored, and how many: what is too old or too much is deleted, the oldest first.

Every server on a file does this; each sweep is one transaction, so that it does not matter who comes first.
"""

import sqlite3
from dataclasses import dataclass

from core.runs.settings import MB, Settings

DAY = 86_400.0  # seconds
FREED_PAGES = 2000  # most pages that one sweep gives back to the disk, a few milliseconds' worth

_DELETE_OLD = "DELETE FROM runs WHERE COALESCE(ended, started) < ?"
# `size`: bytes of this run and of all newer ones. The newest run of an owner stays, whatever its size.
_DELETE_BEYOND_OWNER = """DELETE FROM runs WHERE id IN (
    SELECT id FROM (
        SELECT id, ROW_NUMBER() OVER newest AS place, SUM(bytes) OVER newest AS size FROM runs
        WINDOW newest AS (PARTITION BY owner ORDER BY started DESC, id))
    WHERE place > 1 AND (place > ? OR size > ?))"""
_DELETE_BEYOND_ALL = """DELETE FROM runs WHERE id IN (
    SELECT id FROM (
        SELECT id, ROW_NUMBER() OVER newest AS place, SUM(bytes) OVER newest AS size FROM runs
        WINDOW newest AS (ORDER BY started DESC, id))
    WHERE place > ? OR size > ?)"""
_DELETE_OLD_STUDIES = "DELETE FROM studies WHERE saved < ?"
_DELETE_STUDIES_BEYOND = """DELETE FROM studies WHERE id IN (
    SELECT id FROM (
        SELECT id, ROW_NUMBER() OVER (PARTITION BY owner ORDER BY saved DESC, id) AS place,
            ROW_NUMBER() OVER (ORDER BY saved DESC, id) AS place_of_all FROM studies)
    WHERE place > ? OR place_of_all > ?)"""


@dataclass(frozen=True)
class StoreLimits:
    """The limits of the store.

    seconds: for which a run is stored after its end, and a study after it was saved; 0 for ever. Sizes in bytes.
    """

    seconds: float
    owner_runs: int
    owner_bytes: int
    runs: int
    bytes: int
    owner_studies: int
    studies: int


def read_limits(settings: Settings) -> StoreLimits:
    """Return the limits that the settings of the server name."""
    return StoreLimits(
        settings.store_days * DAY,
        settings.stored_runs_per_browser,
        settings.store_memory_per_browser * MB,
        settings.stored_runs,
        settings.store_memory * MB,
        settings.stored_studies_per_browser,
        settings.stored_studies,
    )


def sweep(connection: sqlite3.Connection, limits: StoreLimits, now: float) -> None:
    """Delete what is too old or too much, in the present transaction. now: in seconds since 1970."""
    if limits.seconds:
        connection.execute(_DELETE_OLD, (now - limits.seconds,))
        connection.execute(_DELETE_OLD_STUDIES, (now - limits.seconds,))
    connection.execute(_DELETE_BEYOND_OWNER, (limits.owner_runs, limits.owner_bytes))
    connection.execute(_DELETE_BEYOND_ALL, (limits.runs, limits.bytes))
    connection.execute(_DELETE_STUDIES_BEYOND, (limits.owner_studies, limits.studies))
    connection.execute("DELETE FROM versions WHERE id NOT IN (SELECT version FROM runs UNION SELECT version FROM studies)")


def free_pages(connection: sqlite3.Connection) -> None:
    """Give the room of what was deleted back to the disk. To be called outside of a transaction."""
    connection.execute(f"PRAGMA incremental_vacuum({FREED_PAGES})").fetchall()
