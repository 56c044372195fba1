"""Arguments that several commands share, and what they mean."""

import argparse
from collections.abc import Sequence
from dataclasses import replace

from core.dropout.methods import METHODS, method
from core.dropout.placement import Placement, check_rate, usual
from core.dropout.sites import check_site
from core.errors import Invalid
from core.experiment.experiment import CELLS
from core.experiment.serialization import dropout_from_text
from core.i18n import _


def add_method(parser: argparse.ArgumentParser, required: bool) -> None:
    """--method, with the names of the catalogue."""
    parser.add_argument("--method", required=required, metavar="NAME", help=_("one of {all}").format(all=", ".join(METHODS)))


def add_cell(parser: argparse.ArgumentParser) -> None:
    """--cell."""
    parser.add_argument("--cell", choices=CELLS, default="lstm", help=_("the recurrent cell"))


def add_json(parser: argparse.ArgumentParser) -> None:
    """--json."""
    parser.add_argument("--json", action="store_true", help=_("one JSON object a line and nothing else"))


def whole(text: str) -> int:
    """A whole number, as an argument."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(_("“{text}” is not a whole number").format(text=text)) from None


def number(text: str) -> float:
    """A number, as an argument."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(_("“{text}” is not a number").format(text=text)) from None


def widths(text: str) -> int | tuple[int, ...]:
    """H, or H,H,… for one per layer, as an argument."""
    parts = tuple(whole(part) for part in text.split(","))
    return parts if len(parts) > 1 else parts[0]


def placement(name: str, rates: Sequence[str] | None, cell: str = "lstm") -> Placement:
    """A method in a cell at its own rates, or at those that are given. Raises Invalid."""
    return at_rates(method(name).placement(cell=cell), rates, cell)


def at_rates(own: Placement, rates: Sequence[str] | None, cell: str = "lstm") -> Placement:
    """The placement at one rate (["0.3"]), or with rates of single sites (["input=0.3", …]).

    A site that it does not have is added, dropping as is usual there. A text such as input=0.3~sequence~ramp,300 says all of
    how a site drops. Raises Invalid.
    """
    sites = dict(own.sites)
    if rates and len(rates) == 1 and "=" not in rates[0]:
        one = _rate("--rate", rates[0])
        return Placement.of({site: replace(dropout, rate=one) for site, dropout in sites.items()}, dict(own.losses))
    for pair in rates or ():
        site, equals, value = pair.partition("=")
        if not equals:
            raise Invalid(_("--rate takes one number, or site=number for each site; “{pair}” is neither.").format(pair=pair))
        check_site(site, cell)
        if "~" in value:
            sites[site] = dropout_from_text(site, value)
        else:
            sites[site] = replace(sites.get(site, usual(site)), rate=_rate(site, value))
    return Placement.of(sites, dict(own.losses))


def _rate(name: str, text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        raise Invalid(_("The rate is “{text}”; it must be a number, at least 0 and below 1.").format(text=text)) from None
    check_rate(name, rate)
    return rate
