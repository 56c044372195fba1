"""The events of one run as the service stores them: of a long run the old records are thinned out."""

import json
from bisect import bisect_left
from collections import deque
from functools import lru_cache
from itertools import compress
from sys import intern

from core.tasks.file_caches import register_file_cache
from core.tasks.prediction_summary import KINDS
from core.training.events import Event

PREDICTED = "predicted"
LISTS = (PREDICTED, *KINDS)  # the long lists of a record: predictions, and the outputs of an evaluation


def pack_lists(event: Event) -> Event:
    """Return an event with its long lists as JSON texts; those that are already texts stay.

    Thousands of lists would slow every garbage collection. Equal texts are one object: all visits begin with the same recorded
    run.
    """
    texts = {name: intern(json.dumps(event[name])) for name in LISTS if name in event and not isinstance(event[name], str)}
    return event | texts if texts else event


def unpack_lists(event: Event) -> Event:
    """Return an event with its long lists as lists."""
    return event | {name: json.loads(event[name]) for name in LISTS if isinstance(event.get(name), str)}


# A class that opens the app reads the same recorded run thirty times: the numbers of its events are the same objects.
_parse = register_file_cache(lru_cache(maxsize=2000)(json.loads))


class History:
    """The events of a run by their index. A poll costs as much as the events that it returns.

    records: how many records are stored at most. Beyond that number, every second, every fourth and so on of those before the
    newest quarter stays, of those with an evaluation and of those without alike. predictions: how many of the newest records
    keep their predictions.
    """

    def __init__(self, records: int, predictions: int) -> None:
        self.records, self.predictions = max(records, 4), predictions
        # Columns: of all events, their indices, their JSON without the long lists, and the JSON of these by name; and, of each
        # record, how many of its kind (with or without an evaluation) came before it, -1 for other events. No objects: the
        # garbage collector would look at each one of thousands.
        self._indices: list[int] = []
        self._texts: list[str] = []
        self._lists: list[dict[str, str]] = []
        self._numbers: list[int] = []
        self._newest: deque[dict[str, str]] = deque()  # the lists of the records that still have their predictions
        self._counts = {True: 0, False: 0}  # of records with an evaluation and without
        self._kept_records, self._stride = 0, 1
        self.next = 0

    def add(self, event: Event) -> str:
        """Append an event; thin out the older records if there are too many. Return its JSON text without its predictions."""
        is_record = event["event"] == "record"
        packed = pack_lists(event)
        lists = {name: packed[name] for name in LISTS if name in packed}
        self._indices.append(self.next)
        text = intern(json.dumps({name: value for name, value in event.items() if name not in lists}))
        self._texts.append(text)
        self._lists.append(lists)
        self._numbers.append(self._count(event) if is_record else -1)
        self.next += 1
        if is_record and PREDICTED in lists:
            self._newest.append(lists)
            if len(self._newest) > self.predictions:
                del self._newest.popleft()[PREDICTED]
        if is_record:
            self._kept_records += 1
            if self._kept_records > self.records:
                self._thin()
        outputs = "".join(f', "{name}": {value}' for name, value in lists.items() if name != PREDICTED)
        return f"{text[:-1]}{outputs}}}" if outputs else text

    def list_since(self, index: int) -> list[Event]:
        """Return the stored events from that index on, their long lists as JSON texts."""
        first = bisect_left(self._indices, index)
        return [_parse(text) | lists for text, lists in zip(self._texts[first:], self._lists[first:], strict=True)]

    def __len__(self) -> int:
        """Return how many events are kept."""
        return len(self._indices)

    def _count(self, event: Event) -> int:
        evaluated = event.get("val_loss") is not None
        self._counts[evaluated] += 1
        return self._counts[evaluated] - 1

    def _thin(self) -> None:
        while self._kept_records > self.records * 3 // 4:
            records = [index for index, number in zip(self._indices, self._numbers, strict=True) if number >= 0]
            first_new = records[-max(1, self.records // 4)]
            kept = [
                index >= first_new or number < 0 or number % self._stride == 0
                for index, number in zip(self._indices, self._numbers, strict=True)
            ]
            for column in (self._indices, self._texts, self._lists, self._numbers):
                column[:] = compress(column, kept)  # type: ignore[arg-type]
            self._kept_records = sum(number >= 0 for number in self._numbers)
            if self._kept_records > self.records * 3 // 4:
                self._stride *= 2
