"""Placements to compare with a given one: the same sites with another sharing, or another method, on the same seeds."""

from dataclasses import replace
from functools import cache

from core.dropout.methods import METHODS, find_method_name, get_method
from core.dropout.placement import Dropout, Placement
from core.dropout.sites import SITES
from core.errors import Invalid
from core.i18n import N_, _

MAX_COMPARED = 2  # placements, besides the given one
# The same sites with another sharing: over time, over the batch, and the label of the variant.
SHARING_VARIANTS = {
    "step": ("step", "sample", N_("Fresh at every step")),
    "sequence": ("sequence", "sample", N_("One mask per sequence")),
    "batch": ("sequence", "batch", N_("One mask per batch")),
}


def list_comparison_choices(cell: str) -> list[str]:
    """Return the names of everything that a placement can be compared with in this cell: sharing variants, then methods."""
    return [*SHARING_VARIANTS, *list_distinct_methods(cell)]


@cache  # called in every run of every page's script
def list_distinct_methods(cell: str) -> tuple[str, ...]:
    """Return the methods of the cell whose placement is not the same as another method's."""
    rows = [row for row in METHODS.values() if cell in row.cells]
    return tuple(row.name for row in rows if find_method_name(row.build_placement(cell=cell), cell) == row.name)


def choose_default_comparison(placement: Placement) -> tuple[str, ...]:
    """Return the default comparison: up to `MAX_COMPARED` sharing variants that change the placement."""
    # Weight masks drawn at every step are millions of numbers: they are shown on request only.
    expensive = {"step"} if any(site.kind == "weights" for site, _dropout in placement) else set()
    names = [name for name in ("sequence", "batch", "step") if name not in expensive]
    return tuple(
        [
            name
            for name in names
            if _list_timed_sites(build_compared_placement(placement, name, "lstm")) != _list_timed_sites(placement)
        ][:MAX_COMPARED]
    )


def _list_timed_sites(placement: Placement) -> list[tuple[str, Dropout]]:
    """Return the sites that have a time axis, or all sites if none has one."""
    return [(site.name, d) for site, d in placement if "time" in site.axes] or list(placement.sites)


def get_comparison_label(name: str) -> str:
    """Return the translated label of a sharing variant or a method."""
    return _(SHARING_VARIANTS[name][2]) if name in SHARING_VARIANTS else _(get_method(name).label)


def check_comparison(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names without duplicates, aliases resolved. Raises Invalid for too many names and for an unknown one."""
    if len(names) > MAX_COMPARED:
        raise Invalid(
            _("At most {most} placements can be compared with the first; the link names {n}.").format(
                most=MAX_COMPARED, n=len(names)
            ),
            "beside",
        )
    return tuple(dict.fromkeys(name if name in SHARING_VARIANTS else get_method(name).name for name in names))


def build_compared_placement(placement: Placement, name: str, cell: str) -> Placement:
    """Return the placement to compare with: a sharing variant of `placement`, or the method called `name`.

    A method takes the common rate of `placement` if there is one, otherwise the method's own rates. Raises Invalid for an
    unknown method and for one that is not defined for the cell.
    """
    if name in SHARING_VARIANTS:
        return Placement.from_sites({site.name: _replace_sharing(site.name, dropout, name) for site, dropout in placement})
    return get_method(name).build_placement(get_common_rate(placement), cell)


def get_rate_range(placement: Placement) -> tuple[float, float]:
    """Return the smallest and the largest rate over all sites and layers. Raises ValueError if no site is on."""
    every = [rate for _site, d in placement for rate in (d.rate if isinstance(d.rate, tuple) else (d.rate,))]
    return min(every), max(every)


def get_common_rate(placement: Placement) -> float | None:
    """Return the rate that all sites have, or None if the rates differ or no site is on."""
    rates = {dropout.rate for _site, dropout in placement}
    one = rates.pop() if len(rates) == 1 else None
    return one if isinstance(one, float) else None


def replace_all_rates(placement: Placement, rate: float) -> Placement:
    """Return a copy with the same rate at every site. Raises Invalid for a rate outside [0, 1)."""
    return Placement.from_sites({site.name: replace(dropout, rate=rate) for site, dropout in placement}, dict(placement.losses))


def _replace_sharing(site: str, dropout: Dropout, name: str) -> Dropout:
    time, batch, _label = SHARING_VARIANTS[name]
    axes = SITES[site].axes
    if SITES[site].kind == "weights":
        batch = dropout.batch  # a mask of weights for each sample would rarely fit in memory
    return replace(dropout, time=time if "time" in axes else dropout.time, batch=batch if "batch" in axes else dropout.batch)
