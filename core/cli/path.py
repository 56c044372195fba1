"""python -m core path: how often content is corrupted between two steps."""

import argparse
import json
from typing import Any

from core.analysis.path_counts import corruption, through_gates
from core.cli.arguments import add_cell, add_json, add_method, whole
from core.dropout.methods import method
from core.figures.path_sentence import through_cell
from core.i18n import N_, _, ngettext

HELP = N_("how many masks content crosses from the input to a prediction some steps later")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    add_method(parser, required=True)
    add_cell(parser)
    parser.add_argument("--layers", type=whole, required=True, metavar="L", help=_("how many layers"))
    parser.add_argument("--distance", type=whole, required=True, metavar="D", help=_("how many steps lie between"))
    parser.add_argument("--gates", action="store_true", help=_("also count the routes along which content changes a gate"))
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prints the counts."""
    data = counts(args.method, args.layers, args.distance, args.cell, args.gates)
    print(json.dumps(data) if args.json else _text(data))
    return 0


def counts(name: str, layers: int, distance: int, cell: str, gates: bool = False) -> dict[str, Any]:
    """The counts of a method as plain data. Raises Invalid."""
    row = method(name)
    placement = row.placement(cell=cell)
    c = corruption(placement, layers, distance, cell)
    more = {"held": list(c.held)} if c.held[1] else {}
    more |= {"with_gates": list(through_gates(placement, layers, distance, cell))} if gates else {}
    return {
        "method": row.name,
        "cell": cell,
        "layers": layers,
        "distance": distance,
        "min": c.least,
        "max": c.most,
        "through_state": c.through_state,
        "through_cell": c.through_cell,
        "histogram": list(c.histogram),
        "distinct": c.distinct,
        **more,
    }


def _text(data: dict[str, Any]) -> str:
    least, most, layers, distance = data["min"], data["max"], data["layers"], data["distance"]
    paths, distinct = sum(data["histogram"]), data["distinct"]
    masks = _("{least} to {most} masks").format(least=least, most=most) if least != most else _masks(least)
    later = ngettext("{n} step later", "{n} steps later", distance).format(n=distance)
    stack = ngettext("{n} layer", "{n} layers", layers).format(n=layers)
    first = _("{method}, {stack}: content crosses {masks} on its way to the prediction {later}").format(
        method=data["method"], stack=stack, masks=masks, later=later
    )
    routes = [f"{through_cell(data['cell'])} {data['through_cell']}"] if data["through_cell"] is not None else []
    routes.append(_("through the state {state}").format(state=data["through_state"]))
    second = _("{routes}; {paths}; at most {distinct} of them different").format(
        routes=", ".join(routes), paths=ngettext("{n} path", "{n} paths", paths).format(n=paths), distinct=distinct
    )
    return "\n".join([first, second, *_held(data.get("held")), *_gates(data.get("with_gates"))])


def _held(held: list[int] | None) -> list[str]:
    """Zoneout erases nothing: how often it can hold content back is a line of its own."""
    if held is None:
        return []
    return [_("zoneout can hold content back {least} to {most} times").format(least=held[0], most=held[1])]


def _gates(histogram: list[int] | None) -> list[str]:
    if histogram is None:
        return []
    least = next(n for n, paths in enumerate(histogram) if paths)
    return [
        _("with the routes through gates: {paths} routes, {least} to {most} masks").format(
            paths=sum(histogram), least=least, most=len(histogram) - 1
        )
    ]


def _masks(n: int) -> str:
    return ngettext("{n} mask", "{n} masks", n).format(n=n)
