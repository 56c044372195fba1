"""python -m core path: how often content is corrupted between two steps."""

import argparse
import json
from typing import Any

from core.commandline.parts import add_cell, add_json, add_method, whole
from core.dropout.methods import method
from core.language import N_, _
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
    least, most = data["min"], data["max"]
    masks = str(least) if least == most else _("{least} to {most}").format(least=least, most=most)
    return _("{method}, {layers} layers: content crosses {masks} masks on its way to the prediction {distance} steps later\n"
             "through the cell {cell}, through the state {state}; {paths} paths; at most {distinct} different masks").format(
        method=data["method"], layers=data["layers"], masks=masks, distance=data["distance"], cell=data["through_cell"],
        state=data["through_state"], paths=sum(data["histogram"]), distinct=data["distinct"])  # fmt: skip
