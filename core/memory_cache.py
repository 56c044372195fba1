"""A cache that is bounded by the memory of what it holds, not by its number: many small values stay, few large ones do."""

import sys
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from threading import Lock
from types import FunctionType, MethodType
from typing import Any, Generic, TypeVar

import numpy as np

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class MemoryCache(Generic[K, V]):
    """The values that were used last, by key. Thread-safe.

    limit: bytes of all values together. size: the bytes of one value; left out, they are estimated. A value that is larger
    than the limit is not kept.
    """

    def __init__(self, limit: int, size: Callable[[V], int] | None = None) -> None:
        self.limit, self.used = limit, 0
        self._size = size or estimate_bytes
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """Return the value of the key; where it is not there it is made, and may be made twice by two threads at once."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key][0]
        value = make()
        self._store(key, value, self._size(value))
        return value

    def clear(self) -> None:
        """Forget all values."""
        with self._lock:
            self._values.clear()
            self.used = 0

    def __len__(self) -> int:
        """Return how many values are held."""
        return len(self._values)

    def _store(self, key: K, value: V, size: int) -> None:
        if size > self.limit:
            return
        with self._lock:
            if key in self._values:
                self.used -= self._values.pop(key)[1]
            self._values[key] = (value, size)
            self.used += size
            while self.used > self.limit:
                self.used -= self._values.popitem(last=False)[1][1]


def estimate_bytes(value: object) -> int:
    """Return about how many bytes a value holds: arrays, texts and containers, also those that its functions have enclosed."""
    seen: set[int] = set()
    pending, total = [value], 0
    while pending:
        one = pending.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)  # of an array that is part of another one, without what that one holds
        pending.extend(_list_parts(one))
    return total


def _list_parts(value: Any) -> Iterable[object]:
    if isinstance(value, np.ndarray):
        return () if value.base is None else (value.base,)
    if isinstance(value, str | bytes | int | float | type):
        return ()
    if isinstance(value, dict):
        return (*value.keys(), *value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return value
    if isinstance(value, FunctionType):
        return (*(cell.cell_contents for cell in value.__closure__ or () if _is_filled(cell)), value.__defaults__)
    if isinstance(value, partial):
        return (value.func, value.args, value.keywords)
    if isinstance(value, MethodType):
        return (value.__self__,)
    return (getattr(value, "__dict__", None),)


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False
