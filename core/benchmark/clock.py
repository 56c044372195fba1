"""Time several functions in turn, so that other load on the machine affects all of them alike."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import torch

WARM_UP_ROUNDS = 2  # rounds that are not counted
TimedFunction = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """Milliseconds per call: the median, the least and the greatest, over the counted rounds."""

    ms: float
    least: float
    most: float


def time_functions(functions: Mapping[str, TimedFunction], rounds: int, device: torch.device) -> dict[str, Timing]:
    """Return the timing of each function over `rounds` rounds; in each round every function is called once."""
    milliseconds: dict[str, list[float]] = {name: [] for name in functions}
    for _round in range(WARM_UP_ROUNDS + rounds):
        for name, function in functions.items():
            milliseconds[name].append(_time_call(function, device))
    counted = {name: values[WARM_UP_ROUNDS:] for name, values in milliseconds.items()}
    return {name: Timing(median(values), min(values), max(values)) for name, values in counted.items()}


def _time_call(function: TimedFunction, device: torch.device) -> float:
    _synchronize(device)
    begin = time.perf_counter()
    function()
    _synchronize(device)
    return 1000 * (time.perf_counter() - begin)


def _synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
