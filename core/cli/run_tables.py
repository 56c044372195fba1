"""The options that the commands `seeds` and `tables` share, and the measuring of missing runs."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from core.cli.arguments import add_json_option, parse_integer
from core.experiment.bounds import check_integer
from core.experiment.experiment import Experiment
from core.i18n import _
from core.results.measured_runs import MeasuredRun, add_run, index_by_arguments, load_runs
from core.results.runner import measure_runs
from core.training.events import Event

MAX_PROCESSES = 64  # runs side by side


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of both commands."""
    parser.add_argument(
        "--run", action="store_true", help=_("measure the runs that are missing; without it, show the measured ones")
    )
    add_processes_option(parser)
    parser.add_argument("--markdown", action="store_true", help=_("the table in Markdown, as in the README"))
    add_json_option(parser)


def measure_and_load(
    args: argparse.Namespace, run_arguments: Sequence[str], build: Callable[[], Mapping[str, Experiment]], path: Path
) -> list[MeasuredRun]:
    """Return the measured ones of the runs with these arguments, in this order; with --run, measure the missing first.

    build: returns the experiments by their arguments. Raises Invalid.
    """
    check_processes(args.processes)
    if args.run:
        experiments, known = build(), index_by_arguments(load_runs(path))
        _measure({run: experiments[run] for run in run_arguments if run not in known}, path, args.processes)
    measured = index_by_arguments(load_runs(path))
    return [measured[run] for run in run_arguments if run in measured]


def add_processes_option(parser: argparse.ArgumentParser) -> None:
    """Add --processes."""
    parser.add_argument(
        "--processes", type=parse_integer, default=2, metavar="N", help=_("runs side by side, a thread each; 2")
    )


def check_processes(processes: int) -> None:
    """Raise Invalid unless so many processes are allowed."""
    check_integer("processes", processes, (1, MAX_PROCESSES))


def _measure(missing: Mapping[str, Experiment], path: Path, processes: int) -> None:
    """Measure runs, given by their arguments, and add each to the file as it ends."""
    arguments = list(missing)

    def save(index: int, run: MeasuredRun, _events: Sequence[Event]) -> None:
        add_run(path, replace(run, arguments=arguments[index]))

    ended = measure_runs(list(missing.values()), processes, save)
    with closing(ended), tqdm(total=len(missing), unit=_("run"), file=sys.stderr, leave=False) as bar:
        for index, run in ended:
            bar.update()
            bar.write(f"{arguments[index]}: {run.failed or run.test}", file=sys.stderr)
