"""python -m core path: count the masks that content crosses between two time steps."""

import argparse
import json
from typing import Any

from core.analysis.path_counts import count_all_routes, count_corruption
from core.cli.arguments import add_cell_option, add_json_option, add_method_option, parse_integer
from core.dropout.methods import get_method
from core.figures.path_sentence import name_cell_route
from core.i18n import N_, _, ngettext

HELP = N_("how many masks content crosses from the input to a prediction some steps later")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_method_option(parser, required=True)
    add_cell_option(parser)
    parser.add_argument("--layers", type=parse_integer, required=True, metavar="L", help=_("how many layers"))
    parser.add_argument("--distance", type=parse_integer, required=True, metavar="D", help=_("how many steps lie between"))
    parser.add_argument("--gates", action="store_true", help=_("also count the routes along which content changes a gate"))
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    """Print the counts. Raises Invalid."""
    data = count_path(args.method, args.layers, args.distance, args.cell, args.gates)
    print(json.dumps(data) if args.json else _format_counts(data))
    return 0


def count_path(name: str, layers: int, distance: int, cell: str, gates: bool = False) -> dict[str, Any]:
    """Return the path counts of a method as plain data.

    distance: time steps from the input to the prediction. gates: whether to count routes through gates too. Raises Invalid.
    """
    row = get_method(name)
    placement = row.build_placement(cell=cell)
    corruption = count_corruption(placement, layers, distance, cell)
    optional = {"held": list(corruption.held)} if corruption.held[1] else {}
    optional |= {"with_gates": list(count_all_routes(placement, layers, distance, cell))} if gates else {}
    return {
        "method": row.name,
        "cell": cell,
        "layers": layers,
        "distance": distance,
        "min": corruption.least,
        "max": corruption.most,
        "through_state": corruption.through_state,
        "through_cell": corruption.through_cell,
        "histogram": list(corruption.histogram),
        "distinct": corruption.distinct,
        **optional,
    }


def _format_counts(data: dict[str, Any]) -> str:
    least, most, layers, distance = data["min"], data["max"], data["layers"], data["distance"]
    paths, distinct = sum(data["histogram"]), data["distinct"]
    masks = ngettext("{n} mask", "{n} masks", least).format(n=least)
    if least != most:
        masks = _("{least} to {most} masks").format(least=least, most=most)
    later = ngettext("{n} step later", "{n} steps later", distance).format(n=distance)
    stack = ngettext("{n} layer", "{n} layers", layers).format(n=layers)
    first = _("{method}, {stack}: content crosses {masks} on its way to the prediction {later}").format(
        method=data["method"], stack=stack, masks=masks, later=later
    )
    routes = [f"{name_cell_route(data['cell'])} {data['through_cell']}"] if data["through_cell"] is not None else []
    routes.append(_("through the state {state}").format(state=data["through_state"]))
    second = _("{routes}; {paths}; at most {distinct} of them different").format(
        routes=", ".join(routes), paths=ngettext("{n} path", "{n} paths", paths).format(n=paths), distinct=distinct
    )
    return "\n".join([first, second, *_format_zoneout(data.get("held")), *_format_gates(data.get("with_gates"))])


def _format_zoneout(held: list[int] | None) -> list[str]:
    """Return the line about Zoneout, which erases nothing: how often it can hold content back."""
    if held is None:
        return []
    return [_("zoneout can hold content back {least} to {most} times").format(least=held[0], most=held[1])]


def _format_gates(histogram: list[int] | None) -> list[str]:
    if histogram is None:
        return []
    least = next(n for n, paths in enumerate(histogram) if paths)
    return [
        _("with the routes through gates: {paths} routes, {least} to {most} masks").format(
            paths=sum(histogram), least=least, most=len(histogram) - 1
        )
    ]
