"""What a placement is compared with: the same sites under another sharing, or another method, on the same seeds."""

from dataclasses import replace
from functools import cache

from core.dropout.methods import METHODS, method, name_of
from core.dropout.placement import Dropout, Placement
from core.dropout.sites import SITES
from core.errors import Invalid
from core.i18n import N_, _

MOST = 2  # so many stand beside the first
# The same sites, but with these axes: what is fresh, and what is reused.
SHARED = {
    "step": ("step", "sample", N_("Fresh at every step")),
    "sequence": ("sequence", "sample", N_("One mask per sequence")),
    "batch": ("sequence", "batch", N_("One mask per batch")),
}


def choices(cell: str) -> list[str]:
    """The names of all that can stand beside a placement in the cell: sharings, then methods."""
    return [*SHARED, *methods_of(cell)]


@cache  # a list of every page, asked for in each of its runs
def methods_of(cell: str) -> tuple[str, ...]:
    """The methods of the cell whose placement is no other method's."""
    rows = [row for row in METHODS.values() if cell in row.cells]
    return tuple(row.name for row in rows if name_of(row.placement(cell=cell), cell) == row.name)


def usual_beside(placement: Placement) -> tuple[str, ...]:
    """What stands beside a placement at first: the sharings that are not its own, as many as there is room for."""
    # Weights that are drawn afresh at every step are millions of numbers: only where they are asked for.
    dear = {"step"} if any(site.kind == "weights" for site, _dropout in placement) else set()
    names = [name for name in ("sequence", "batch", "step") if name not in dear]
    return tuple([name for name in names if _lanes(beside(placement, name, "lstm")) != _lanes(placement)][:MOST])


def _lanes(placement: Placement) -> list[tuple[str, Dropout]]:
    """What differs at a glance: words, which have no time axis, only where there is nothing else."""
    return [(site.name, d) for site, d in placement if "time" in site.axes] or list(placement.sites)


def label(name: str) -> str:
    """What it is called."""
    return _(SHARED[name][2]) if name in SHARED else _(method(name).label)


def check_beside(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, aliases of methods resolved. Raises Invalid for too many and for unknown ones."""
    if len(names) > MOST:
        raise Invalid(
            _("At most {most} can stand beside the first; the link names {n}.").format(most=MOST, n=len(names)), "beside"
        )
    return tuple(dict.fromkeys(name if name in SHARED else method(name).name for name in names))


def beside(placement: Placement, name: str, cell: str) -> Placement:
    """The placement under that name. A method has the rate of the first placement, where that has but one, else its own.

    Raises Invalid for an unknown method, or one that the cell does not have.
    """
    if name in SHARED:
        return Placement.of({site.name: _shared(site.name, dropout, name) for site, dropout in placement})
    return method(name).placement(only_rate(placement), cell)


def rates(placement: Placement) -> tuple[float, float]:
    """The least and the largest rate of all sites and layers. Raises ValueError where no site is on."""
    every = [rate for _site, d in placement for rate in (d.rate if isinstance(d.rate, tuple) else (d.rate,))]
    return min(every), max(every)


def only_rate(placement: Placement) -> float | None:
    """The rate of all sites, or None where they differ or there is none."""
    rates = {dropout.rate for _site, dropout in placement}
    one = rates.pop() if len(rates) == 1 else None
    return one if isinstance(one, float) else None


def with_rate(placement: Placement, rate: float) -> Placement:
    """Every site at one rate. Raises Invalid for a bad one."""
    return Placement.of({site.name: replace(dropout, rate=rate) for site, dropout in placement}, dict(placement.losses))


def _shared(site: str, dropout: Dropout, name: str) -> Dropout:
    time, batch, _label = SHARED[name]
    axes = SITES[site].axes
    if SITES[site].kind == "weights":
        batch = dropout.batch  # a mask of weights for each sample would rarely fit in memory
    return replace(dropout, time=time if "time" in axes else dropout.time, batch=batch if "batch" in axes else dropout.batch)
