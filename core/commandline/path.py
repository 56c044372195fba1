"""python -m core path: how often content is corrupted between two steps."""

import argparse
import json
from typing import Any

from core.commandline.parts import add_cell, add_json, add_method, whole
from core.dropout.methods import method
from core.language import N_, _, ngettext
from core.paths import corruption

HELP = N_("how many masks content crosses from the input to a prediction some steps later")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_method(parser, required=True)
    add_cell(parser)
    parser.add_argument("--layers", type=whole, required=True, metavar="L", help=_("how many layers"))
    parser.add_argument("--distance", type=whole, required=True, metavar="D", help=_("how many steps lie between"))
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the counts."""
    data = counts(args.method, args.layers, args.distance, args.cell)
    print(json.dumps(data) if args.json else _text(data))
    return 0


def counts(name: str, layers: int, distance: int, cell: str) -> dict[str, Any]:
    """The counts of a method as plain data. Raises Invalid."""
    c = corruption(method(name).placement(), layers, distance, cell)
    return {"method": name, "cell": cell, "layers": layers, "distance": distance, "min": c.least, "max": c.most,
            "through_state": c.through_state, "through_cell": c.through_cell, "histogram": list(c.histogram),
            "distinct": c.distinct}  # fmt: skip


def _text(data: dict[str, Any]) -> str:
    least, most, layers, distance = data["min"], data["max"], data["layers"], data["distance"]
    paths, distinct = sum(data["histogram"]), data["distinct"]
    masks = _("{least} to {most} masks").format(least=least, most=most) if least != most else _masks(least)
    later = ngettext("{n} step later", "{n} steps later", distance).format(n=distance)
    stack = ngettext("{n} layer", "{n} layers", layers).format(n=layers)
    return _("{method}, {stack}: content crosses {masks} on its way to the prediction {later}\n"
             "through the cell {cell}, through the state {state}; {paths}; at most {distinct} of them different").format(
        method=data["method"], stack=stack, masks=masks, later=later, cell=data["through_cell"], state=data["through_state"],
        paths=ngettext("{n} path", "{n} paths", paths).format(n=paths), distinct=distinct)  # fmt: skip


def _masks(n: int) -> str:
    return ngettext("{n} mask", "{n} masks", n).format(n=n)
