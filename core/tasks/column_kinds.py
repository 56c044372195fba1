"""What the columns of a table hold: values, or only a count, a year or a date, which say when a value was measured."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from core.tasks.number_parser import parse_number

VALUE, COUNTER, YEAR, DATE, CONSTANT, TEXT = "value", "counter", "year", "date", "constant", "text"
MAX_STEP_VARIATION = 0.12  # a column whose steps differ by less, relative to the largest, is a counter; months differ this much
USUAL_STEP_SHARE = 0.95  # a counter may lack some rows: so many of its steps are equal
MAX_YEAR_STEP = 10
CYCLE_ENDS = (
    4,
    6,
    7,
    11,
    12,
    23,
    24,
    28,
    29,
    30,
    31,
    52,
    53,
    59,
    60,
    365,
    366,
)  # where quarters, weekdays, months … begin anew
_INTEGERS = re.compile(r"\d+")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NUMBERS = {name: n for n, name in enumerate(_MONTHS, start=1)} | {"mär": 3, "mai": 5, "okt": 10, "dez": 12}
_MONTH_NAME = re.compile("|".join(_MONTH_NUMBERS), re.IGNORECASE)
# The places of year, month and day among the numbers of a date.
_DATE_ORDERS = ((0, 1, 2), (2, 1, 0), (2, 0, 1))


def judge_number_kind(values: Sequence[float]) -> str:
    """Return VALUE, CONSTANT, COUNTER, YEAR or DATE for a column of numbers.

    A counter has equal steps, or begins anew as months and hours do; a year goes on in small steps; a date is such as 20190131.
    """
    if len(values) < 2 or not all(abs(value) < 1e15 for value in values):
        return VALUE
    if min(values) == max(values):
        return CONSTANT
    if _has_equal_steps(values):
        return COUNTER
    if not all(value.is_integer() for value in values):
        return VALUE
    numbers = [int(value) for value in values]
    if _are_years(numbers):
        return YEAR
    if _are_numeric_dates(numbers):
        return DATE
    return COUNTER if _begins_anew(numbers) or _begins_anew(numbers[::-1]) else VALUE


def goes_back_in_time(cells: Sequence[str], decimal: str) -> bool | None:
    """Return whether a column of dates, years or counts goes back; None if it says neither.

    A date may be written year, month, day, or with the day or the month first: as it goes in one direction throughout.
    """
    for keys in _list_keys(cells, decimal):
        if len(keys) > 1 and keys[0] != keys[-1]:
            if all(one <= other for one, other in pairwise(keys)):
                return False
            if all(one >= other for one, other in pairwise(keys)):
                return True
    return None


def _list_keys(cells: Sequence[str], decimal: str) -> Iterator[list[tuple[float, ...]]]:
    """Yield what orders the cells: numbers, or the parts of dates in each order that they may have."""
    values = [parse_number(cell, decimal) for cell in cells]
    if all(value is not None for value in values):
        yield [(value,) for value in values if value is not None]
        return
    numbers = [_list_date_numbers(cell) for cell in cells]
    for order in _DATE_ORDERS:
        keys = [_order_date(one, order) for one in numbers]
        if all(key is not None for key in keys):
            yield [key for key in keys if key is not None]


def _list_date_numbers(cell: str) -> list[int]:
    named = _MONTH_NAME.sub(lambda match: f" {_MONTH_NUMBERS[match[0].lower()]} ", cell)
    return [int(number) for number in _INTEGERS.findall(named)]


def _order_date(numbers: Sequence[int], order: Sequence[int]) -> tuple[float, ...] | None:
    """Return (year, month, day, hour, …) of the numbers of a date in an order; None if they cannot be that."""
    if len(numbers) == 2:  # a month, or a time
        is_year_last = numbers[1] > 31
        return (numbers[1], numbers[0]) if is_year_last else tuple(numbers)
    if len(numbers) < 3:
        return tuple(numbers)
    year, month, day = (numbers[at] for at in order)
    return (year, month, day, *numbers[3:]) if month <= 12 and day <= 31 else None


def _has_equal_steps(values: Sequence[float]) -> bool:
    steps = [later - earlier for earlier, later in pairwise(values)]
    if min(steps) < 0 < max(steps) or 0 in steps:
        return False
    sizes = [abs(step) for step in steps]
    if max(sizes) - min(sizes) <= MAX_STEP_VARIATION * max(sizes):
        return True
    usual = sorted(sizes)[len(sizes) // 2]
    return sum(size == usual for size in sizes) >= USUAL_STEP_SHARE * len(sizes) and all(v.is_integer() for v in values)


def _are_years(numbers: Sequence[int]) -> bool:
    steps = {later - earlier for earlier, later in pairwise(numbers)}
    is_monotone = min(steps) >= 0 or max(steps) <= 0
    return (
        is_monotone and steps != {0} and max(map(abs, steps)) <= MAX_YEAR_STEP and 1000 <= min(numbers) <= max(numbers) < 3000
    )


def _are_numeric_dates(numbers: Sequence[int]) -> bool:
    digits = {len(str(number)) for number in numbers}
    if digits not in ({6}, {8}):
        return False
    months = [number // 100 if digits == {8} else number for number in numbers]
    days = [number % 100 for number in numbers] if digits == {8} else [1]
    return all(1 <= month % 100 <= 12 and 1000 <= month // 100 < 3000 for month in months) and 1 <= min(days) <= max(days) <= 31


def _begins_anew(numbers: Sequence[int]) -> bool:
    """Return whether the numbers count up to an end such as 12 and begin anew at 0 or 1."""
    first, last = min(numbers), max(numbers)
    if first not in (0, 1) or last not in CYCLE_ENDS:
        return False
    ends = {last, *range(28, 32)} if last == 31 else {last, 365} if last == 366 else {last}
    return all(later - earlier in (0, 1) or (later == first and earlier in ends) for earlier, later in pairwise(numbers))
