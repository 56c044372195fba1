"""Times several functions in turn, so that what else the machine does falls on all alike."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import torch

WARM = 2  # rounds that do not count
Timed = Callable[[], object]


@dataclass(frozen=True)
class Time:
    """Milliseconds a call: the median, and the least and most, of the rounds that count."""

    ms: float
    least: float
    most: float


def timed(functions: Mapping[str, Timed], rounds: int, device: torch.device) -> dict[str, Time]:
    """The time of each function over `rounds` rounds, in every one of which each is called once."""
    found: dict[str, list[float]] = {name: [] for name in functions}
    for _round in range(WARM + rounds):
        for name, function in functions.items():
            found[name].append(_once(function, device))
    return {name: _time(values[WARM:]) for name, values in found.items()}


def _once(function: Timed, device: torch.device) -> float:
    _wait(device)
    begin = time.perf_counter()
    function()
    _wait(device)
    return 1000 * (time.perf_counter() - begin)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _time(values: list[float]) -> Time:
    return Time(median(values), min(values), max(values))
