"""Options that several commands share, and the parsing of their values."""

import argparse
from collections.abc import Sequence
from dataclasses import replace

from core.dropout.cells import CELLS
from core.dropout.methods import METHODS, get_method
from core.dropout.placement import Placement, build_dropout, check_rate
from core.dropout.sites import check_site
from core.errors import Invalid
from core.experiment.serialization import dropout_from_text
from core.i18n import _


def add_method_option(parser: argparse.ArgumentParser, required: bool) -> None:
    """Add --method, whose help lists the names of all methods."""
    parser.add_argument("--method", required=required, metavar="NAME", help=_("one of {all}").format(all=", ".join(METHODS)))


def add_cell_option(parser: argparse.ArgumentParser) -> None:
    """Add --cell."""
    parser.add_argument("--cell", choices=CELLS, default="lstm", help=_("the recurrent cell"))


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Add --json."""
    parser.add_argument("--json", action="store_true", help=_("one JSON object a line and nothing else"))


def parse_integer(text: str) -> int:
    """Return the whole number that the argument says. Raises ArgumentTypeError."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(_("“{text}” is not a whole number").format(text=text)) from None


def parse_number(text: str) -> float:
    """Return the number that the argument says. Raises ArgumentTypeError."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(_("“{text}” is not a number").format(text=text)) from None


def parse_widths(text: str) -> int | tuple[int, ...]:
    """Return the layer widths of an argument: H for all layers, or H,H,… with one for each. Raises ArgumentTypeError."""
    parts = tuple(parse_integer(part) for part in text.split(","))
    return parts if len(parts) > 1 else parts[0]


def build_placement(name: str, rates: Sequence[str] | None, cell: str = "lstm") -> Placement:
    """Return the placement of a method in a cell, at the method's own rates or at the given ones. Raises Invalid."""
    return set_rates(get_method(name).build_placement(cell=cell), rates, cell)


def set_rates(placement: Placement, rates: Sequence[str] | None, cell: str = "lstm") -> Placement:
    """Return the placement with one rate for all its sites (["0.3"]), or with rates of single sites (["input=0.3", …]).

    A site that the placement does not have is added with its usual settings. A text such as input=0.3~sequence~ramp,300 sets
    everything about a site: rate, sharing and schedule. Raises Invalid.
    """
    sites = dict(placement.sites)
    if rates and len(rates) == 1 and "=" not in rates[0]:
        rate = _parse_rate("--rate", rates[0])
        if not sites:
            raise Invalid(
                _("There is no site that --rate {rate} could act on; name one, such as --rate input={rate}.").format(
                    rate=rates[0]
                ),
                "rate",
            )
        return Placement.from_sites(
            {site: replace(dropout, rate=rate) for site, dropout in sites.items()}, dict(placement.losses)
        )
    for pair in rates or ():
        site, equals, value = pair.partition("=")
        if not equals:
            raise Invalid(_("--rate takes one number, or site=number for each site; “{pair}” is neither.").format(pair=pair))
        check_site(site, cell)
        if "~" in value:
            sites[site] = dropout_from_text(site, value)
        else:
            sites[site] = replace(sites.get(site, build_dropout(site)), rate=_parse_rate(site, value))
    return Placement.from_sites(sites, dict(placement.losses))


def _parse_rate(name: str, text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        raise Invalid(_("The rate is “{text}”; it must be a number, at least 0 and below 1.").format(text=text)) from None
    check_rate(name, rate)
    return rate
