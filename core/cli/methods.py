"""python -m core methods: the catalogue."""

import argparse
import json
from typing import Any

from core.cli.arguments import add_json
from core.dropout.methods import METHODS, Method
from core.dropout.placement import to_data
from core.experiment.experiment import CELLS
from core.i18n import N_, _

HELP = N_("the methods of the literature, with their sites and usual rates")
SENTENCES = ("rates", "test", "cost", "use", "pitfall", "unconfirmed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--cell", choices=CELLS, help=_("only those that are defined for this cell"))
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints one method a line."""
    for row in METHODS.values():
        if args.cell in (None, *row.cells):
            cell = args.cell or row.cells[0]
            print(json.dumps(_data(row, cell)) if args.json else _line(row, cell))
    return 0


def _data(row: Method, cell: str) -> dict[str, Any]:
    sentences = {name: _(text) if (text := getattr(row, name)) else "" for name in SENTENCES}
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
        "sites": to_data(row.placement(cell=cell)),
    }


def _line(row: Method, cell: str) -> str:
    placement = row.placement(cell=cell)
    sites = [f"{site.name}={dropout.rate}" for site, dropout in placement]
    losses = [f"{name}={weight:g}" for name, weight in placement.losses]
    return f"{row.name:28} {_(row.label):48} {' '.join(sites + losses)}"
