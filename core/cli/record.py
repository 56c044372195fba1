"""python -m core record: train and save the runs that the app shows at first."""

import argparse
from pathlib import Path
from typing import Any

from tqdm import tqdm

from core.dropout.methods import get_method
from core.experiment.experiment import Experiment, build_experiment
from core.i18n import N_, _
from core.results.provenance import describe_provenance
from core.runs.recording import FOLDER, Recorded, write
from core.training.events import RECORDED_SAMPLES

HELP = N_("train the default experiment, with and without dropout, and save the runs that the app shows at first")
RECORDING_NAMES = ("default", "no-dropout")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="FOLDER", help=_("where to save them"))


def run(args: argparse.Namespace) -> int:
    """Train both experiments and write their runs."""
    for name, experiment in build_recorded_experiments().items():
        write(args.out / f"{name}.jsonl.gz", Recorded(experiment, _record_run(experiment), _describe_recording()))
    return 0


def build_recorded_experiments() -> dict[str, Experiment]:
    """Return the experiments that are recorded, by the names of their files."""
    return dict(
        zip(
            RECORDING_NAMES, (build_experiment(), build_experiment(placement=get_method("none").build_placement())), strict=True
        )
    )


def _record_run(experiment: Experiment) -> tuple[dict[str, Any], ...]:
    from core.training.trainer import prepare, train

    prepare(threads=1)  # as the workers have: the same sums in the same order
    return tuple(tqdm(train(experiment, show=RECORDED_SAMPLES), unit=_("event"), leave=False))


def _describe_recording() -> dict[str, Any]:
    provenance = describe_provenance()
    versions = {name: provenance[name] for name in ("torch", "numpy", "python")}
    return {
        "date": provenance["date"],
        "commit": provenance["commit"],
        "command": "python -m core record",
        "versions": versions,
    }
