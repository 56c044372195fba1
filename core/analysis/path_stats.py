"""Path counts for every distance at once, the least and most corrupted paths, and survival probabilities. Without torch."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

from core.analysis.path_counts import (
    DistinctArrays,
    MaskCrossing,
    Tracer,
    get_mask_pattern,
    list_crossings,
    list_routes,
    make_even_climbs,
    trace_arrivals,
)
from core.dropout.methods import METHODS
from core.dropout.placement import Placement
from core.dropout.schedule import CONSTANT_RATE

DIGITS = 12  # digits of a probability, so that 1 - 0.3 is 0.7


@dataclass(frozen=True)
class ExtremeCounts(Tracer):
    """The numbers of masks on the least and on the most corrupted of the paths that meet."""

    least: int = 0
    most: int = 0

    def apply_mask(self, mask: MaskCrossing) -> "ExtremeCounts":
        """Return the counts with one mask more on every path."""
        return ExtremeCounts(self.least + 1, self.most + 1)

    def merge(self, other: "ExtremeCounts") -> "ExtremeCounts":
        """Return the extremes of both."""
        return ExtremeCounts(min(self.least, other.least), max(self.most, other.most))


@dataclass(frozen=True)
class DistanceCounts:
    """The counts over one distance.

    least, most: masks on the least and on the most corrupted path. distinct: the greatest number of different arrays on one
    path.
    """

    least: int
    most: int
    distinct: int


@dataclass(frozen=True)
class EvenRoute:
    """The path that climbs evenly and uses one route along time.

    count: the masks on it. survival: the probability, 0 to 1, that none of them drops a given unit; an array that is crossed
    again drops nothing new. keep_factors: the factors of that probability, as (k, number of arrays) with k = 1 - p.
    """

    count: int
    survival: float
    keep_factors: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True)
class MethodRow:
    """A method over one distance: all paths, and the even paths through cell (None if there is no such route) and state."""

    counts: DistanceCounts
    cell: EvenRoute | None
    state: EvenRoute


def remove_schedules(placement: Placement) -> Placement:
    """Return the placement at its full rates, without schedules."""
    sites = {name: replace(dropout, schedule=CONSTANT_RATE) for name, dropout in placement.sites}
    return Placement.from_sites(sites, dict(placement.losses))


def count_by_distance(placement: Placement, layers: int, max_distance: int, cell: str = "lstm") -> tuple[DistanceCounts, ...]:
    """Return the counts for every distance from 0 to `max_distance`. Raises Invalid for arguments out of range."""
    return _count_by_distance(_mask_pattern(placement, layers), layers, max_distance, cell)


def list_methods_of_cell(cell: str) -> tuple[str, ...]:
    """Return the names of all methods that the cell has."""
    return tuple(_usual_placements(cell))


def compute_method_rows(
    layers: int, distance: int, max_distance: int, cell: str, names: Iterable[str] | None = None
) -> dict[str, MethodRow]:
    """Return methods of the cell at their full usual rates over a distance of at most `max_distance`, by name.

    names: the methods; None for all that the cell has.
    """
    rows = {}
    for name in list_methods_of_cell(cell) if names is None else names:
        placement = _usual_placements(cell)[name]
        routes = {through: describe_even_route(placement, layers, distance, cell, through) for through in list_routes(cell)}
        counts = count_by_distance(placement, layers, max_distance, cell)[distance]
        rows[name] = MethodRow(counts, routes.get("cell"), routes["state"])
    return rows


@lru_cache(maxsize=256)
def count_along_route(placement: Placement, layers: int, max_distance: int, cell: str, through: str) -> tuple[int, ...]:
    """Return the number of masks on the least corrupted path along one route, for each distance from 0 to `max_distance`.

    The route, "cell" or "state", is the only one that the path uses along time.
    """
    arrived = trace_arrivals(ExtremeCounts(), _mask_pattern(placement, layers), layers, max_distance, cell, through)
    return tuple(counts.least for counts in arrived)


def compute_survival(masks: Iterable[MaskCrossing], placement: Placement, layers: int) -> float:
    """Return the probability that none of these masks drops a given unit. An array that is crossed again drops nothing new."""
    return prod(k**often for k, often in list_keep_factors(masks, placement, layers))


def list_keep_factors(masks: Iterable[MaskCrossing], placement: Placement, layers: int) -> tuple[tuple[float, int], ...]:
    """Return the factors of the survival probability, in the order in which they are crossed.

    Each is a k = 1 - p below 1, with the number of different arrays that have it.
    """
    arrays = {mask.array: (mask.site, mask.layer) for mask in masks}
    counts = Counter(round(1 - _drop_probability(placement, *at, layers), DIGITS) for at in arrays.values())
    return tuple((k, often) for k, often in counts.items() if k < 1)


@lru_cache(maxsize=256)
def find_extreme_path(
    placement: Placement, layers: int, source: int, target: int, cell: str, most: bool
) -> tuple[tuple[int, ...], str]:
    """Return a path from source to target that is corrupted most, or least: its climbs, and its route along time.

    The masks of a hop along time depend on its layer and route alone, so one of the paths with all hops in one layer is an
    extreme. Where the layers are alike, the path that climbs evenly is as good and is returned.
    """
    candidates = [make_even_climbs(layers, source, target)]
    candidates += [(source,) * layer + (target,) * (layers + 1 - layer) for layer in range(1, layers + 1)]
    paths = [(climbs, through) for climbs in candidates for through in list_routes(cell)]
    counts = [len(list_crossings(placement, layers, *path, cell)) for path in paths]
    return paths[counts.index(max(counts) if most else min(counts))]


@lru_cache(maxsize=256)
def _count_by_distance(pattern: Placement, layers: int, max_distance: int, cell: str) -> tuple[DistanceCounts, ...]:
    arrived = trace_arrivals(ExtremeCounts(), pattern, layers, max_distance, cell)
    if all(dropout.is_fresh("time") for _site, dropout in pattern):  # no array is crossed twice
        return tuple(DistanceCounts(counts.least, counts.most, counts.most) for counts in arrived)
    arrays = trace_arrivals(DistinctArrays({frozenset(): 0}), pattern, layers, max_distance, cell)
    distinct = [max(len(shared) + fresh for shared, fresh in sets.fresh.items()) for sets in arrays]
    return tuple(DistanceCounts(counts.least, counts.most, n) for counts, n in zip(arrived, distinct, strict=True))


@lru_cache(maxsize=8)
def _usual_placements(cell: str) -> dict[str, Placement]:
    return {name: remove_schedules(row.build_placement(cell=cell)) for name, row in METHODS.items() if cell in row.cells}


@lru_cache(maxsize=256)
def _mask_pattern(placement: Placement, layers: int) -> Placement:
    """Return the pattern of the masks that erase, without Zoneout."""
    pattern = get_mask_pattern(placement, layers)
    return Placement.from_sites({site.name: dropout for site, dropout in pattern if site.kind != "zoneout"})


def describe_even_route(placement: Placement, layers: int, distance: int, cell: str, through: str) -> EvenRoute:
    """Return the path over a distance that climbs evenly and uses one route. Raises Invalid for arguments out of range."""
    path = _cross_evenly(_mask_pattern(placement, layers), layers, distance, cell, through)
    return EvenRoute(len(path), compute_survival(path, placement, layers), list_keep_factors(path, placement, layers))


@lru_cache(maxsize=256)
def _cross_evenly(pattern: Placement, layers: int, distance: int, cell: str, through: str) -> list[MaskCrossing]:
    return list_crossings(pattern, layers, make_even_climbs(layers, 0, distance), through, cell)


def _drop_probability(placement: Placement, site: str, layer: int, layers: int) -> float:
    """Return the probability that a unit is dropped: 0 for Gaussian noise."""
    dropout = placement.get(site)
    return placement.get_rate(site, layer, layers) if dropout and dropout.noise == "bernoulli" else 0.0
