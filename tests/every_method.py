"""python -m tests.every_method [TASK ...]: trains every method in every cell that it is defined for, at its usual rates, for
100 updates on these tasks, or on all, and prints a line for each. Ends with status 1 where a loss is not a number."""

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


def run(case: tuple[str, str, str]) -> tuple[bool, str]:
    """Whether all losses of the run are numbers, and its line."""
    import torch

    from core.training.trainer import train

    torch.set_num_threads(1)
    task, cell, method = case
    row = METHODS[method]
    e = build_experiment(
        task, cell=cell, placement=row.placement(cell=cell), updates=UPDATES, monte_carlo=min(row.monte_carlo, 3)
    )
    events = list(train(e))
    # Where nothing is asked in a window there is no loss; a loss that is not a number ends the run.
    losses = [event["train_loss"] for event in events if event["event"] == "record" and event["train_loss"] is not None]
    last = events[-1]
    fine = last["event"] == "done" and isfinite(last["test"]["loss"]) and all(map(isfinite, losses))
    said = f"{losses[-1]:.3f} in training, {last['test']['loss']:.3f} at test, {last['seconds']:.1f} s" if fine else str(last)
    return fine, f"{task:15} {cell:13} {method:28} {said}"


def main() -> int:
    """Prints all lines; 0 where all is well."""
    cases = [(task, *case) for task in sys.argv[1:] or TASKS for case in CASES]
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    wrong = 0
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        for fine, line in pool.map(run, cases):
            print(line, flush=True)
            wrong += not fine
    print(f"{len(cases)} runs of {UPDATES} updates, {wrong} of them with a loss that is not a number")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
