"""python -m core tables: the recipes in small, beside what the papers report."""

import argparse
import json
from dataclasses import asdict

from core.commandline.measured import add_arguments as add_shared
from core.commandline.measured import runs
from core.language import N_, _
from core.recipes import RECIPES, recipe
from core.results import miniatures
from core.results.lines import markdown, plainly
from core.results.papers import head, rows
from core.results.table import where

HELP = N_("the published set-ups in small, beside the papers' figures: measure them, or show them")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--recipe", nargs="+", default=list(RECIPES), metavar="NAME", help=_("only these; all, if left out"))
    add_shared(parser)


def run(args: argparse.Namespace) -> int:
    """Measures where that is asked for, and prints the runs or their table. Raises Invalid."""
    found = runs(args, miniatures.wanted(recipe(name).name for name in args.recipe), miniatures.FILE)
    if args.json:
        lines = [json.dumps(asdict(one)) for one in found]
    else:
        lines = list((markdown if args.markdown else plainly)(head(), rows(found)))
        lines += ["", where(found)] if found else []
    print(*lines, sep="\n")
    return 0
