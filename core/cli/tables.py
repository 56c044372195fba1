"""python -m core tables: the recipes in small, beside what the papers report."""

import argparse
import json
from dataclasses import asdict

from core.cli.run_tables import add_arguments as add_shared
from core.cli.run_tables import runs
from core.experiment.recipes import RECIPES, recipe
from core.i18n import N_, _
from core.results import recipe_runs
from core.results.paper_tables import head, rows
from core.results.seed_table import where
from core.results.text_table import markdown, plainly

HELP = N_("the published set-ups in small, beside the papers' figures: measure them, or show them")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--recipe", nargs="+", default=list(RECIPES), metavar="NAME", help=_("only these; all, if left out"))
    add_shared(parser)


def run(args: argparse.Namespace) -> int:
    """Measures where that is asked for, and prints the runs or their table. Raises Invalid."""
    found = runs(args, recipe_runs.wanted(recipe(name).name for name in args.recipe), recipe_runs.FILE)
    if args.json:
        lines = [json.dumps(asdict(one)) for one in found]
    else:
        lines = list((markdown if args.markdown else plainly)(head(), rows(found)))
        lines += ["", where(found)] if found else []
    print(*lines, sep="\n")
    return 0
