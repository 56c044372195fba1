"""python -m core seeds: each task with and without dropout, five seeds, as a table."""

import argparse
import json
from dataclasses import asdict

from core.cli.run_tables import add_arguments as add_shared
from core.cli.run_tables import runs
from core.i18n import N_, _
from core.results import seed_runs
from core.results.seed_table import about, differences, differences_head, head, rows
from core.results.text_table import markdown, plainly
from core.tasks import TASKS, task

HELP = N_("each task without dropout and with three methods, five seeds: measure it, or show the tables")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--task", nargs="+", default=list(TASKS), metavar="NAME", help=_("only these tasks; all, if left out"))
    add_shared(parser)


def run(args: argparse.Namespace) -> int:
    """Measures where that is asked for, and prints the runs or their table. Raises Invalid."""
    found = runs(args, seed_runs.wanted(task(name).name for name in args.task), seed_runs.FILE)
    if args.json:
        lines = [json.dumps(asdict(one)) for one in found]
    else:
        draw = markdown if args.markdown else plainly
        lines = [*draw(head(), rows(found)), "", *draw(differences_head(), differences(found))]
        lines += ["", about(found)] if found else []
    print(*lines, sep="\n")
    return 0
