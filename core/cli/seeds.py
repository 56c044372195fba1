"""python -m core seeds: compare training with and without dropout on each task, with five seeds."""

import argparse
import json
from dataclasses import asdict
from functools import partial

from core.cli.run_tables import add_arguments as add_shared
from core.cli.run_tables import measure_and_load
from core.i18n import N_, _
from core.results import seed_runs
from core.results.seed_table import build_difference_head, build_difference_rows, build_head, build_rows, describe_measurement
from core.results.text_table import format_markdown, format_records
from core.tasks import TASKS, get_task

HELP = N_("each task without dropout and with three methods, five seeds: measure it, or show the tables")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--task", nargs="+", default=list(TASKS), metavar="NAME", help=_("only these tasks; all, if left out"))
    add_shared(parser)


def run(args: argparse.Namespace) -> int:
    """Measure the missing runs if --run is given, and print the runs or their tables. Raises Invalid."""
    tasks = [get_task(name).name for name in args.task]
    runs = measure_and_load(args, seed_runs.list_arguments(tasks), partial(seed_runs.build_experiments, tasks), seed_runs.FILE)
    if args.json:
        lines = [json.dumps(asdict(run)) for run in runs]
    else:
        format_table = format_markdown if args.markdown else format_records
        lines = [
            *format_table(build_head(), build_rows(runs)),
            "",
            *format_table(build_difference_head(), build_difference_rows(runs)),
        ]
        lines += ["", describe_measurement(runs)] if runs else []
    print(*lines, sep="\n")
    return 0
