"""python -m core record: makes the recorded runs that the app opens on."""

import argparse
from pathlib import Path
from typing import Any

from tqdm import tqdm

from core.dropout.methods import method
from core.experiment.experiment import Experiment, build_experiment
from core.i18n import N_, _
from core.results.provenance import describe_provenance
from core.runs.recording import FOLDER, Recorded, write
from core.training.events import SHOWN_SAMPLES

HELP = N_("train the default experiment, with and without dropout, and keep the runs for the app to open on")
NAMES = ("default", "no-dropout")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="FOLDER", help=_("where to keep them"))


def run(args: argparse.Namespace) -> int:
    """Trains and writes both."""
    for name, experiment in experiments().items():
        write(args.out / f"{name}.jsonl.gz", Recorded(experiment, _train(experiment), _made()))
    return 0


def experiments() -> dict[str, Experiment]:
    """What is recorded, by the name of its file."""
    return dict(zip(NAMES, (build_experiment(), build_experiment(placement=method("none").placement())), strict=True))


def _train(experiment: Experiment) -> tuple[dict[str, Any], ...]:
    from core.training.trainer import prepare, train

    prepare(threads=1)  # as the workers have: the same sums in the same order
    return tuple(tqdm(train(experiment, show=SHOWN_SAMPLES), unit=_("event"), leave=False))


def _made() -> dict[str, Any]:
    where = describe_provenance()
    versions = {name: where[name] for name in ("torch", "numpy", "python")}
    return {"date": where["date"], "commit": where["commit"], "command": "python -m core record", "versions": versions}
