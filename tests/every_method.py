"""Train every method in every cell for which it is defined: python -m tests.every_method [TASK ...]

Each run has the usual rates and 100 updates on these tasks, or on all. Prints one line per run; ends with status 1 if a loss is
not a number.
"""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from math import isfinite
from multiprocessing import get_context

from core.dropout.methods import METHODS
from core.experiment.experiment import build_experiment
from core.tasks import TASKS

UPDATES = 100
CASES = [(cell, row.name) for row in METHODS.values() for cell in row.cells]


def train_case(case: tuple[str, str, str]) -> tuple[bool, str]:
    """Train one case. Return whether all losses are finite, and the line to print."""
    import torch

    from core.training.trainer import train

    torch.set_num_threads(1)
    task, cell, method = case
    row = METHODS[method]
    e = build_experiment(
        task, cell=cell, placement=row.build_placement(cell=cell), updates=UPDATES, monte_carlo=min(row.monte_carlo, 3)
    )
    events = list(train(e))
    # A window without targets has no loss; a loss that is not a number ends the run.
    losses = [event["train_loss"] for event in events if event["event"] == "record" and event["train_loss"] is not None]
    last = events[-1]
    is_finite = last["event"] == "done" and isfinite(last["test"]["loss"]) and all(map(isfinite, losses))
    text = (
        f"{losses[-1]:.3f} in training, {last['test']['loss']:.3f} at test, {last['seconds']:.1f} s" if is_finite else str(last)
    )
    return is_finite, f"{task:15} {cell:13} {method:28} {text}"


def main() -> int:
    """Train all cases and print their lines. Return 0 if every loss is finite, otherwise 1."""
    cases = [(task, *case) for task in sys.argv[1:] or TASKS for case in CASES]
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    failures = 0
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for is_finite, line in pool.map(train_case, cases):
            print(line, flush=True)
            failures += not is_finite
    print(f"{len(cases)} runs of {UPDATES} updates, {failures} of them with a loss that is not a number")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
