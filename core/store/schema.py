"""The schema of the store: one list of SQL statements for each version, applied in order.

A released list is never changed: a newer version of the program appends another one, which brings older files up to date.

- versions: what the numbers of a run depend on besides its experiment: program (commit), torch, and a hash of code and data.
- runs: owner is the hash of a browser's key (owners.py). experiment: as `to_plain` writes it. started, ended: in seconds since
  1970, ended is null until the run ends. best: of all evaluations, of the task's main metric. bytes: of its events.
- events: the events of a run from `number` on, one JSON text a line, packed by zlib; changes are not among them.
- changes: the "changed" events of a run. `number` is their place among its events.
- studies: study as `study_to_json` writes it. results: one JSON text a line, packed by zlib. saved: in seconds since 1970.
"""

import sqlite3

from core.errors import Invalid
from core.i18n import N_

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE versions (
            id INTEGER PRIMARY KEY, program TEXT NOT NULL, torch TEXT NOT NULL, data TEXT NOT NULL,
            UNIQUE (program, torch, data))""",
        """CREATE TABLE runs (
            id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, experiment TEXT NOT NULL,
            version INTEGER NOT NULL REFERENCES versions, started REAL NOT NULL, ended REAL, state TEXT NOT NULL,
            updates INTEGER NOT NULL, best REAL, best_update INTEGER, bytes INTEGER NOT NULL)""",
        "CREATE INDEX runs_of_owner ON runs (owner, started)",
        """CREATE TABLE events (
            run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, number INTEGER NOT NULL, packed BLOB NOT NULL,
            PRIMARY KEY (run, number))""",
        """CREATE TABLE changes (
            run TEXT NOT NULL REFERENCES runs ON DELETE CASCADE, number INTEGER NOT NULL, event TEXT NOT NULL,
            PRIMARY KEY (run, number))""",
    ),
    (
        """CREATE TABLE studies (
            id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, study TEXT NOT NULL, results BLOB NOT NULL,
            version INTEGER NOT NULL REFERENCES versions, saved REAL NOT NULL)""",
        "CREATE INDEX studies_of_owner ON studies (owner, saved)",
    ),
)
NEWER = N_("The stored runs were written by a newer version of this program. They stay as they are, and nothing is added.")


class NewerSchema(Invalid):
    """A store that a newer version of this program has written."""

    def __init__(self) -> None:
        super().__init__(NEWER)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a store up to date, in one transaction. Raises NewerSchema if a newer version of the program has written it.

    Another server may do the same at the same time: the second finds nothing left to do.
    """
    if read_version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = read_version(connection)
        if version > len(MIGRATIONS):
            raise NewerSchema
        for statement in (statement for statements in MIGRATIONS[version:] for statement in statements):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def read_version(connection: sqlite3.Connection) -> int:
    """Return the version of the schema that a store has; 0 for an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
