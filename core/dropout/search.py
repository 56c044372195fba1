"""Search of the methods by text, by site, by sharing over time and by cell."""

from core.dropout.methods import METHODS, Method
from core.dropout.placement import Placement
from core.dropout.sites import SITES
from core.i18n import _


def find_methods(text: str = "", site: str = "", time: str = "", cell: str = "") -> list[str]:
    """Return the names of the methods that match every criterion; "" matches all.

    text: every word must occur in the name, label, citation, use, aliases or site labels. site: the method has a mask there.
    time: "step" or "sequence", the sharing of that mask over time. cell: the method is defined for it.
    """
    words = text.casefold().split()
    return [
        name
        for name, row in METHODS.items()
        if all(word in _get_searched_text(row) for word in words) and _has_mask(row, site, time) and cell in ("", *row.cells)
    ]


def list_placements(row: Method) -> list[Placement]:
    """Return the method's placement in each cell for which it is defined."""
    return [row.build_placement(cell=cell) for cell in row.cells]


def _has_mask(row: Method, site: str, time: str) -> bool:
    if not site and not time:
        return True
    return any(
        (not site or one.name == site) and (not time or dropout.time == time)
        for placement in list_placements(row)
        for one, dropout in placement
    )


def _get_searched_text(row: Method) -> str:
    sites = [_(SITES[one.name].label) for placement in list_placements(row) for one, _dropout in placement]
    return " ".join([row.name, _(row.label), row.citation, _(row.use), *row.aliases, *sites]).casefold()
