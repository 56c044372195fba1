"""Caches of results that may hold parts of a visitor's file. They are emptied when such a file is removed."""

from collections.abc import Callable
from typing import Protocol, TypeVar

_clear_functions: list[Callable[[], None]] = []


class CachedFunction(Protocol):
    """A function with a cache, of functools or of cachetools."""

    def cache_clear(self) -> None:
        """Empty the cache."""


F = TypeVar("F", bound=CachedFunction)


def register_file_cache(function: F) -> F:
    """Register a cached function as one whose results may hold parts of a visitor's file, and return it."""
    _clear_functions.append(function.cache_clear)
    return function


def clear_file_caches() -> None:
    """Empty all registered caches. What others still need is read or computed again."""
    for clear in _clear_functions:
        clear()
