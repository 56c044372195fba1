"""python -m core tables: compare the scaled-down recipes with what the papers report."""

import argparse
import json
from dataclasses import asdict
from functools import partial

from core.cli.run_tables import add_arguments as add_shared
from core.cli.run_tables import measure_and_load
from core.experiment.recipes import RECIPES, get_recipe
from core.i18n import N_, _
from core.results import recipe_runs
from core.results.paper_tables import build_head, build_rows
from core.results.seed_table import describe_machines
from core.results.text_table import format_markdown, format_records

HELP = N_("the published set-ups scaled down, with the papers' figures: measure them, or show the table")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--recipe", nargs="+", default=list(RECIPES), metavar="NAME", help=_("only these; all, if left out"))
    add_shared(parser)


def run(args: argparse.Namespace) -> int:
    """Measure the missing runs if --run is given, and print the runs or their table. Raises Invalid."""
    names = [get_recipe(name).name for name in args.recipe]
    build = partial(recipe_runs.build_experiments, names)
    runs = measure_and_load(args, recipe_runs.list_arguments(names), build, recipe_runs.FILE)
    if args.json:
        lines = [json.dumps(asdict(run)) for run in runs]
    else:
        lines = list((format_markdown if args.markdown else format_records)(build_head(), build_rows(runs)))
        lines += ["", describe_machines(runs)] if runs else []
    print(*lines, sep="\n")
    return 0
