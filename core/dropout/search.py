"""Finds methods: by words of their name, by site, by how the draw is shared over time."""

from core.dropout.methods import METHODS, Method
from core.dropout.placement import Placement
from core.dropout.sites import SITES
from core.i18n import _


def find(text: str = "", site: str = "", time: str = "", cell: str = "") -> list[str]:
    """The names of the methods that have all of: each word of the text somewhere in name, label, citation, use or sites; a
    mask at the site; a mask drawn anew as `time` says ("step" or "sequence"); a definition for the cell. "" is any."""
    words = text.casefold().split()
    return [
        name
        for name, row in METHODS.items()
        if all(word in _text(row) for word in words) and _drops(row, site, time) and cell in ("", *row.cells)
    ]


def placements(row: Method) -> list[Placement]:
    """The method's placement in each of its cells."""
    return [row.placement(cell=cell) for cell in row.cells]


def _drops(row: Method, site: str, time: str) -> bool:
    if not site and not time:
        return True
    return any(
        (not site or one.name == site) and (not time or dropout.time == time)
        for placement in placements(row)
        for one, dropout in placement
    )


def _text(row: Method) -> str:
    sites = [_(SITES[one.name].label) for placement in placements(row) for one, _dropout in placement]
    return " ".join([row.name, _(row.label), row.citation, _(row.use), *row.aliases, *sites]).casefold()
