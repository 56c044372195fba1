"""One run on its way into the store: its row, its packed events, its changes, and the values that a list of runs shows."""

import json
import sqlite3
from bisect import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from core.experiment.experiment import Experiment
from core.experiment.serialization import to_plain
from core.runs.run import STATE_AFTER
from core.store.packing import SMALL, pack_lines, select_thinned, unpack_lines
from core.store.versions import insert_versions
from core.tasks import get_task
from core.tasks.metrics import METRICS
from core.training.events import FINAL_EVENTS, Event

KINDS = ("started", "record", "changed", "averaging", *FINAL_EVENTS)  # of the events that are stored
MAX_RECORDS = 10_000  # stored records of a run; of a longer one the older are thinned
PACK_EVERY = 20_000  # records after which the events of a run that goes on are packed anew


@dataclass(frozen=True)
class LogState:
    """What of a run is in the file.

    begun: whether its row is. number: of its events so far. loose_records: since it was last packed anew. best, best_update: of
    the evaluations so far. is_given_up: whether nothing more of it is stored, as its row has been deleted.
    """

    begun: bool = False
    number: int = 0
    loose_records: int = 0
    updates: int = 0
    best: float | None = None
    best_update: int | None = None
    is_given_up: bool = False


class RunLog:
    """The events of a run, written in batches.

    get_owner: returns its owner, who may be known only after its beginning. started: in seconds since 1970. get_versions:
    returns the values of the table `versions`.
    """

    def __init__(
        self,
        run_id: str,
        get_owner: Callable[[], str],
        experiment: Experiment,
        started: float,
        get_versions: Callable[[], Mapping[str, str]],
    ) -> None:
        self.run_id, self._get_owner, self._started, self._get_versions = run_id, get_owner, started, get_versions
        self._experiment = experiment
        self._metric = get_task(experiment.task).metric
        self.state = LogState()

    def write(self, connection: sqlite3.Connection, events: Sequence[tuple[Event, str]], now: float) -> LogState:
        """Write events, each with its JSON text, in the present transaction. Return the state that holds when it is committed.

        now: in seconds since 1970.
        """
        if not self.state.begun:
            self._insert_row(connection)
        elif not self._has_row(connection):
            return replace(self.state, is_given_up=True)
        state = self._append(connection, replace(self.state, begun=True), events)
        last = events[-1][0]["event"]
        if last in FINAL_EVENTS or state.loose_records >= PACK_EVERY:
            self._pack(connection)
            state = replace(state, loose_records=0)
        ended = now if last in FINAL_EVENTS else None
        connection.execute(
            """UPDATE runs SET ended = ?, state = ?, updates = ?, best = ?, best_update = ?,
            bytes = (SELECT COALESCE(SUM(LENGTH(packed)), 0) FROM events WHERE run = id) WHERE id = ?""",
            (ended, STATE_AFTER.get(last, "running"), state.updates, state.best, state.best_update, self.run_id),
        )
        return state

    def give_up(self) -> None:
        """Store nothing more of the run."""
        self.state = replace(self.state, is_given_up=True)

    def _insert_row(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            """INSERT INTO runs (id, owner, name, experiment, version, started, state, updates, bytes)
            VALUES (?, ?, '', ?, ?, ?, 'running', 0, 0)""",
            (
                self.run_id,
                self._get_owner(),
                json.dumps(to_plain(self._experiment)),
                insert_versions(connection, self._get_versions()),
                self._started,
            ),
        )

    def _has_row(self, connection: sqlite3.Connection) -> bool:
        return connection.execute("SELECT 1 FROM runs WHERE id = ?", (self.run_id,)).fetchone() is not None

    def _append(self, connection: sqlite3.Connection, state: LogState, events: Sequence[tuple[Event, str]]) -> LogState:
        for is_change, group in groupby(events, key=lambda one: one[0]["event"] == "changed"):
            batch = list(group)
            texts = [text for _event, text in batch]
            if is_change:
                rows = [(self.run_id, state.number + place, text) for place, text in enumerate(texts)]
                connection.executemany("INSERT INTO changes VALUES (?, ?, ?)", rows)
            else:
                connection.execute("INSERT INTO events VALUES (?, ?, ?)", (self.run_id, state.number, pack_lines(texts)))
            state = self._count([event for event, _text in batch], state)
        return state

    def _count(self, events: Sequence[Event], state: LogState) -> LogState:
        records = [event for event in events if event["event"] == "record"]
        best, best_update = state.best, state.best_update
        is_better = float.__gt__ if METRICS[self._metric].is_higher_better else float.__lt__
        for event in records:
            value = (event.get("val") or {}).get(self._metric)
            if value is not None and (best is None or is_better(float(value), best)):
                best, best_update = float(value), event["update"]
        return replace(
            state,
            number=state.number + len(events),
            loose_records=state.loose_records + len(records),
            updates=max([state.updates, *(event["update"] for event in events if "update" in event)]),
            best=best,
            best_update=best_update,
        )

    def _pack(self, connection: sqlite3.Connection) -> None:
        """Pack the events anew: one row from each change to the next, and fewer records if there are too many."""
        rows = read_packed(connection, self.run_id)
        changes = [n for (n,) in connection.execute("SELECT number FROM changes WHERE run = ? ORDER BY number", (self.run_id,))]
        stretches = {bisect(changes, number): number for number, _lines in reversed(rows)}  # the lowest number of each
        lines = [(line, bisect(changes, number)) for number, batch in rows for line in batch]
        if len(lines) > MAX_RECORDS:
            lines = [lines[n] for n in select_thinned([line for line, _stretch in lines], MAX_RECORDS)]
        connection.execute("DELETE FROM events WHERE run = ?", (self.run_id,))
        for stretch, group in groupby(lines, key=lambda line: line[1]):
            packed = pack_lines([line for line, _stretch in group], SMALL)
            connection.execute("INSERT INTO events VALUES (?, ?, ?)", (self.run_id, stretches[stretch], packed))


def read_packed(connection: sqlite3.Connection, run_id: str) -> list[tuple[int, list[str]]]:
    """Return the events of a run but for its changes: the number of the first, and the lines of each row, in order.

    Raises sqlite3.DatabaseError if they are damaged.
    """
    rows = connection.execute("SELECT number, packed FROM events WHERE run = ? ORDER BY number", (run_id,))
    try:
        return [(number, unpack_lines(packed)) for number, packed in rows]
    except (ValueError, TypeError) as error:
        raise sqlite3.DatabaseError(str(error)) from None
