"""What the store is asked: the runs of one owner, and one of them with its events. Every query names the owner."""

import json
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from core.errors import Invalid
from core.experiment.experiment import Experiment
from core.experiment.serialization import from_plain_cached
from core.runs.recording import Recorded, make_recorded
from core.store.run_log import read_packed
from core.training.events import FINAL_EVENTS, Event

_COLUMNS = ", ".join(("id", "name", "experiment", "started", "state", "updates", "best", "best_update"))


@dataclass(frozen=True)
class StoredRunSummary:
    """A run in a list.

    name: that the visitor gave it, or "". started: in seconds since 1970. state: "running" also for one whose server was ended
    by force. best, best_update: of all evaluations so far, of the task's main metric; None without an evaluation.
    """

    id: str
    name: str
    experiment: Experiment
    started: float
    state: str
    updates: int
    best: float | None
    best_update: int | None


def list_runs(connection: sqlite3.Connection, owner: str, most: int, offset: int) -> list[StoredRunSummary]:
    """Return at most `most` runs of an owner, the newest first, without the first `offset`. Raises sqlite3.Error.

    Runs whose experiment this version of the program does not allow are left out.
    """
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM runs WHERE owner = ? ORDER BY started DESC, id LIMIT ? OFFSET ?", (owner, most, offset)
    )
    return [summary for row in rows if (summary := _make_summary(row))]


def count_runs(connection: sqlite3.Connection, owner: str) -> int:
    """Return the number of runs of an owner."""
    return int(connection.execute("SELECT COUNT(*) FROM runs WHERE owner = ?", (owner,)).fetchone()[0])


def find_run(connection: sqlite3.Connection, owner: str, run_id: str) -> StoredRunSummary | None:
    """Return a run of an owner; None if the owner has no such run."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM runs WHERE id = ? AND owner = ?", (run_id, owner)).fetchone()
    return _make_summary(row) if row else None


def read_run(connection: sqlite3.Connection, owner: str, run_id: str) -> Recorded | None:
    """Return a run of an owner with its events; None if the owner has no such run. Raises sqlite3.Error.

    A run that has not ended gets the event "stopped" at its newest update.
    """
    row = connection.execute(
        """SELECT experiment, started, updates, program, torch, data FROM runs JOIN versions ON versions.id = runs.version
        WHERE runs.id = ? AND owner = ?""",
        (run_id, owner),
    ).fetchone()
    if row is None:
        return None
    plain, started, updates, program, torch, data = row
    events = _read_events(connection, run_id)
    if not events:
        return None
    if events[-1]["event"] not in FINAL_EVENTS:
        events.append({"event": "stopped", "update": updates, "seconds": 0.0})
    versions = {"torch": torch, "data": data}
    made = {"date": format_date(started), "commit": program, "command": "", "versions": versions}
    return make_recorded(json.loads(plain), events, made, is_complete=False)


def rename_run(connection: sqlite3.Connection, owner: str, run_id: str, name: str) -> bool:
    """Give a run of an owner a name. Return whether there is such a run."""
    return connection.execute("UPDATE runs SET name = ? WHERE id = ? AND owner = ?", (name, run_id, owner)).rowcount > 0


def delete_run(connection: sqlite3.Connection, owner: str, run_id: str) -> bool:
    """Delete a run of an owner. Return whether there was such a run."""
    return connection.execute("DELETE FROM runs WHERE id = ? AND owner = ?", (run_id, owner)).rowcount > 0


def delete_all(connection: sqlite3.Connection, owner: str) -> None:
    """Delete all runs and studies of an owner."""
    connection.execute("DELETE FROM runs WHERE owner = ?", (owner,))
    connection.execute("DELETE FROM studies WHERE owner = ?", (owner,))


def move_all(connection: sqlite3.Connection, before: str, owner: str) -> None:
    """Make the runs and studies of one owner those of another."""
    connection.execute("UPDATE runs SET owner = ? WHERE owner = ?", (owner, before))
    connection.execute("UPDATE studies SET owner = ? WHERE owner = ?", (owner, before))


def format_date(seconds: float) -> str:
    """Return the date and time (UTC) of a moment in seconds since 1970, such as 2026-11-28T14:05:09+00:00."""
    return datetime.fromtimestamp(round(seconds), UTC).isoformat()


def _make_summary(row: tuple[Any, ...]) -> StoredRunSummary | None:
    run_id, name, experiment, *others = row
    try:
        return StoredRunSummary(run_id, name, from_plain_cached(json.loads(experiment)), *others)
    except Invalid:
        return None


def _read_events(connection: sqlite3.Connection, run_id: str) -> list[Event]:
    rows = read_packed(connection, run_id)
    changes = connection.execute("SELECT number, event FROM changes WHERE run = ? ORDER BY number", (run_id,))
    rows += [(number, [event]) for number, event in changes]
    try:
        return [json.loads(line) for _number, lines in sorted(rows) for line in lines]
    except ValueError as error:
        raise sqlite3.DatabaseError(str(error)) from None
