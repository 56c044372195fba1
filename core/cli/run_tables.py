"""What the commands `seeds` and `tables` share: their options, and the measuring of runs that are missing."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from core.cli.arguments import add_json_option, parse_integer
from core.experiment.bounds import check_integer
from core.i18n import _
from core.results.measured_runs import MeasuredRun, index_by_arguments, load_runs
from core.results.run_commands import list_missing_arguments, measure_missing_runs

MAX_PROCESSES = 64  # runs side by side


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of both commands."""
    parser.add_argument(
        "--run", action="store_true", help=_("measure the runs that are missing; without it, show the measured ones")
    )
    parser.add_argument(
        "--processes", type=parse_integer, default=2, metavar="N", help=_("runs side by side, a thread each; 2")
    )
    parser.add_argument("--markdown", action="store_true", help=_("the table in Markdown, as in the README"))
    add_json_option(parser)


def measure_and_load(args: argparse.Namespace, run_arguments: Sequence[str], path: Path) -> list[MeasuredRun]:
    """Return the measured ones of the runs with these arguments, in this order; with --run, measure the missing first.

    Raises Invalid.
    """
    check_integer("processes", args.processes, (1, MAX_PROCESSES))
    if args.run:
        total = len(list_missing_arguments(run_arguments, path))
        for run in tqdm(
            measure_missing_runs(run_arguments, path, args.processes), total=total, unit=_("run"), file=sys.stderr, leave=False
        ):
            tqdm.write(f"{run.arguments}: {run.failed or run.test}", file=sys.stderr)
    measured = index_by_arguments(load_runs(path))
    return [measured[run] for run in run_arguments if run in measured]
