"""Time the sensitivity measurement of the path page at its largest sizes: python -m tests.bench_measure.

Not a test; figures for the README.
"""

import subprocess
import sys
import time
from os import times

from core.analysis.sensitivity_request import MAX_STEPS, MAX_UNITS, collect_placements, make_request
from core.dropout.methods import METHODS
from core.experiment.experiment import build_experiment
from core.runs.processes import ROOT


def main() -> None:
    """Print the seconds and the processor time of the measuring process, for several chosen methods.

    Each is measured together with the methods that are always compared.
    """
    for name in ("zaremba2014", "merity2017", "dropconnect", "activations-and-connections"):
        experiment = build_experiment(layers=4, steps=MAX_STEPS, hidden=MAX_UNITS, placement=METHODS[name].build_placement())
        before, started = times(), time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "core.runs.sensitivity_process"],
            input=make_request(experiment),
            cwd=ROOT,
            text=True,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        processor_seconds = sum(times()[2:4]) - sum(before[2:4])
        print(
            f"{name}: {time.perf_counter() - started:.1f} s for {len(collect_placements(experiment))} placements, "
            f"{processor_seconds:.1f} s of processor time"
        )


if __name__ == "__main__":
    main()
