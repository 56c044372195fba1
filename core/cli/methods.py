"""python -m core methods: list the dropout methods of the literature."""

import argparse
import json
from typing import Any

from core.cli.arguments import add_json_option
from core.dropout.cells import CELLS
from core.dropout.methods import METHODS, Method
from core.dropout.placement import placement_to_plain
from core.i18n import N_, _

HELP = N_("the methods of the literature, with their sites and usual rates")
SENTENCE_FIELDS = ("rates", "test", "cost", "use", "pitfall", "unconfirmed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--cell", choices=CELLS, help=_("only those that are defined for this cell"))
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print one method a line."""
    for row in METHODS.values():
        if args.cell in (None, *row.cells):
            cell = args.cell or row.cells[0]
            print(json.dumps(_to_plain(row, cell)) if args.json else _format_line(row, cell))
    return 0


def _to_plain(row: Method, cell: str) -> dict[str, Any]:
    sentences = {name: _(text) if (text := getattr(row, name)) else "" for name in SENTENCE_FIELDS}
    return {
        "name": row.name,
        "label": _(row.label),
        "citation": row.citation and _(row.citation),
        "equation": row.equation,
        **sentences,
        "count": row.count_for.get(cell, row.count),
        "cells": list(row.cells),
        "aliases": list(row.aliases),
        "cell": cell,
        "monte_carlo": row.monte_carlo,
        "sites": placement_to_plain(row.build_placement(cell=cell)),
    }


def _format_line(row: Method, cell: str) -> str:
    placement = row.build_placement(cell=cell)
    sites = [f"{site.name}={dropout.rate}" for site, dropout in placement]
    losses = [f"{name}={weight:g}" for name, weight in placement.losses]
    return f"{row.name:28} {_(row.label):48} {' '.join(sites + losses)}"
