"""The size of values in memory, for caches that are bounded by memory instead of the number of values."""

import sys
from collections.abc import Iterable
from functools import partial
from types import FunctionType, MethodType
from typing import Any

import numpy as np


def estimate_bytes(value: object) -> int:
    """Return about how many bytes a value holds: arrays, texts and containers, also those that its functions have enclosed."""
    seen: set[int] = set()
    pending, total = [value], 0
    while pending:
        one = pending.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)  # a view of another array counts without its data, which belong to its base
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
