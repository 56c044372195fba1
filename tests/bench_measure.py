"""How long the measurement of the path page takes at its largest sizes: python -m tests.bench_measure. No test; numbers for the
README."""

import subprocess
import sys
import time
from os import times

from core.analysis.sensitivity_request import FARTHEST, WIDEST, candidates, request
from core.dropout.methods import METHODS
from core.experiment.experiment import build_experiment
from core.runs.processes import ROOT


def main() -> None:
    """Prints, for methods chosen beside the five that are always measured, the seconds from the start of the process to its
    end, and those that its processors worked."""
    for name in ("zaremba2014", "merity2017", "dropconnect", "activations-and-connections"):
        experiment = build_experiment(layers=4, steps=FARTHEST, hidden=WIDEST, placement=METHODS[name].placement())
        before, began = times(), time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "core.runs.sensitivity_process"],
            input=request(experiment),
            cwd=ROOT,
            text=True,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        worked = sum(times()[2:4]) - sum(before[2:4])
        print(
            f"{name}: {time.perf_counter() - began:.1f} s for {len(candidates(experiment))} placements, "
            f"{worked:.1f} s of processor time"
        )


if __name__ == "__main__":
    main()
