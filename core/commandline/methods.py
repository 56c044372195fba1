"""python -m core methods: the catalogue."""

import argparse
import json
from typing import Any

from core.commandline.parts import add_json
from core.dropout.methods import METHODS, Method
from core.dropout.placement import to_data
from core.experiment import CELLS
from core.language import N_, _

HELP = N_("the methods of the literature, with their sites and usual rates")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    parser.add_argument("--cell", choices=CELLS, help=_("only those that are defined for this cell"))
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints one method a line."""
    for row in METHODS.values():
        if args.cell in (None, *row.cells):
            print(json.dumps(_data(row)) if args.json else _line(row))
    return 0


def _data(row: Method) -> dict[str, Any]:
    return {"name": row.name, "label": _(row.label), "citation": row.citation and _(row.citation), "equation": row.equation,
            "use": _(row.use), "cells": list(row.cells), "sites": to_data(row.placement())}  # fmt: skip


def _line(row: Method) -> str:
    sites = " ".join(f"{site.name}={dropout.rate}" for site, dropout in row.placement())
    return f"{row.name:14} {_(row.label):42} {sites}"
