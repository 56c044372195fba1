"""What the two commands that measure share: --run, and the line for each run that is done."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from core.cli.arguments import add_json, whole
from core.experiment.experiment import check_whole
from core.i18n import _
from core.results.measured_runs import Measured, by_arguments, read
from core.results.run_commands import left, measure_all

MOST = 64  # runs side by side


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of both."""
    parser.add_argument("--run", action="store_true", help=_("measure what is not there yet; else show what is there"))
    parser.add_argument("--processes", type=whole, default=2, metavar="N", help=_("runs side by side, a thread each; 2"))
    parser.add_argument("--markdown", action="store_true", help=_("the table in Markdown, as in the README"))
    add_json(parser)


def runs(args: argparse.Namespace, wanted: Sequence[str], path: Path) -> list[Measured]:
    """Those of the wanted runs that there are, in that order, after measuring where --run asks for it. Raises Invalid."""
    check_whole("processes", args.processes, (1, MOST))
    if args.run:
        total = len(left(wanted, path))
        for one in tqdm(measure_all(wanted, path, args.processes), total=total, unit=_("run"), file=sys.stderr, leave=False):
            tqdm.write(f"{one.arguments}: {one.failed or one.test}", file=sys.stderr)
    there = by_arguments(read(path))
    return [there[one] for one in wanted if one in there]
