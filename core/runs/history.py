"""The events of one run as the service stores them: of a long run the old records are thinned out."""

import json
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass

from core.training.events import Event

PREDICTED = "predicted"


@dataclass
class _Entry:
    """A stored event.

    index: number of the event in the run, from 0. text: its JSON without the predictions, which are stored apart because they
    are dropped earlier. number: of a record, how many records of its kind (with or without an evaluation) came before; -1 for
    other events.
    """

    # As text: a run has thousands of events, and the garbage collector would look at each one if they were objects.
    __slots__ = ("index", "number", "predicted", "text")
    index: int
    text: str
    predicted: str
    number: int


class History:
    """The events of a run by their index. A poll costs as much as the events that it returns.

    records: how many records are stored at most. Beyond that number, every second, every fourth and so on of those before the
    newest quarter stays, of those with an evaluation and of those without alike. predictions: how many of the newest records
    keep their predictions.
    """

    def __init__(self, records: int, predictions: int) -> None:
        self.records, self.predictions = max(records, 4), predictions
        self._entries: list[_Entry] = []
        self._indices: list[int] = []
        self._newest: deque[_Entry] = deque()  # the records that still have their predictions
        self._numbers = {True: 0, False: 0}  # counts of records with an evaluation and without
        self._kept_records, self._stride = 0, 1
        self.next = 0

    def add(self, event: Event) -> None:
        """Append an event; thin out the older records if there are too many."""
        is_record = event["event"] == "record"
        predicted = json.dumps(event[PREDICTED]) if is_record and PREDICTED in event else ""
        text = json.dumps({name: value for name, value in event.items() if name != PREDICTED} if predicted else event)
        entry = _Entry(self.next, text, predicted, self._count(event) if is_record else -1)
        self._entries.append(entry)
        self._indices.append(self.next)
        self.next += 1
        if predicted:
            self._newest.append(entry)
            if len(self._newest) > self.predictions:
                self._newest.popleft().predicted = ""
        if is_record:
            self._kept_records += 1
            if self._kept_records > self.records:
                self._thin()

    def list_since(self, index: int) -> list[Event]:
        """Return the stored events from that index on."""
        return [_read(entry) for entry in self._entries[bisect_left(self._indices, index) :]]

    def __len__(self) -> int:
        """Return how many events are kept."""
        return len(self._entries)

    def _count(self, event: Event) -> int:
        evaluated = event.get("val_loss") is not None
        self._numbers[evaluated] += 1
        return self._numbers[evaluated] - 1

    def _thin(self) -> None:
        while self._kept_records > self.records * 3 // 4:
            first_new = [entry.index for entry in self._entries if entry.number >= 0][-max(1, self.records // 4)]
            kept = [one for one in self._entries if one.number < 0 or one.index >= first_new or one.number % self._stride == 0]
            self._entries, self._indices = kept, [entry.index for entry in kept]
            self._kept_records = sum(entry.number >= 0 for entry in kept)
            if self._kept_records > self.records * 3 // 4:
                self._stride *= 2


def _read(entry: _Entry) -> Event:
    event: Event = json.loads(entry.text)
    if entry.predicted:
        event[PREDICTED] = json.loads(entry.predicted)
    return event
