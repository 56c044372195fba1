"""How the counts of corruption grow with the distance, for every distance at once, and the paths that are corrupted least and
most. Built on the tracer numbers of paths.py; no path is walked to count, and no torch is needed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

from core.analysis.path_counts import Arrays, Mask, Tracer, arrivals, crossings, even_climbs, routes_of
from core.dropout.methods import METHODS
from core.dropout.placement import Dropout, Placement
from core.dropout.schedule import CONSTANT
from core.dropout.sites import layers_of

DIGITS = 12  # of a probability: 1 - 0.3 is 0.7


@dataclass(frozen=True)
class Extent(Tracer):
    """The count of the least and of the most corrupted of all paths that meet here."""

    least: int = 0
    most: int = 0

    def masked(self, mask: Mask) -> "Extent":
        """One mask more on every path."""
        return Extent(self.least + 1, self.most + 1)

    def joined(self, other: "Extent") -> "Extent":
        """The extremes of both."""
        return Extent(min(self.least, other.least), max(self.most, other.most))


@dataclass(frozen=True)
class Reach:
    """All paths over one distance: the counts of the least and of the most corrupted, and how many different arrays one path
    can meet at most."""

    least: int
    most: int
    distinct: int


@dataclass(frozen=True)
class Route:
    """The path that climbs evenly and uses one way along time: how many masks it crosses, and the probability, 0 to 1, that
    none of them drops a unit. An array that is met again drops nothing new.

    keeps: that probability as a product, as (k, how often): k = 1 - p and how many different arrays have it.
    """

    count: int
    survival: float
    keeps: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True)
class Row:
    """A method over one distance. cell: None where there is no such route."""

    reach: Reach
    cell: Route | None
    state: Route


def full(placement: Placement) -> Placement:
    """The placement at its full rates: every schedule over the training left out."""
    sites = {name: replace(dropout, schedule=CONSTANT) for name, dropout in placement.sites}
    return Placement.of(sites, dict(placement.losses))


def reach(placement: Placement, layers: int, farthest: int, cell: str = "lstm") -> tuple[Reach, ...]:
    """Of every distance from 0 to `farthest`. Raises Invalid for what is out of range."""
    return _reach(_pattern(placement, layers), layers, farthest, cell)


def counted_methods(cell: str) -> tuple[str, ...]:
    """The names of all methods that the cell has."""
    return tuple(_usual(cell))


def rows(layers: int, distance: int, farthest: int, cell: str, names: Iterable[str] | None = None) -> dict[str, Row]:
    """Methods that the cell has, by their names, or every one; at their full usual rates, over the distance (at most
    `farthest`)."""
    found = {}
    for name in counted_methods(cell) if names is None else names:
        placement = _usual(cell)[name]
        routes = {way: route(placement, layers, distance, cell, way) for way in routes_of(cell)}
        found[name] = Row(reach(placement, layers, farthest, cell)[distance], routes.get("cell"), routes["state"])
    return found


@lru_cache(maxsize=256)
def along(placement: Placement, layers: int, farthest: int, cell: str, through: str) -> tuple[int, ...]:
    """How many masks the least corrupted path crosses that uses only the cell, or only the state, along time: of every distance
    from 0 to `farthest`."""
    every = arrivals(Extent(), _pattern(placement, layers), layers, farthest, cell, through)
    return tuple(one.least for one in every)


def survival(masks: Iterable[Mask], placement: Placement, layers: int) -> float:
    """The probability that none of these masks drops a unit. An array that is met again drops nothing new."""
    return prod(k**often for k, often in keeps(masks, placement, layers))


def keeps(masks: Iterable[Mask], placement: Placement, layers: int) -> tuple[tuple[float, int], ...]:
    """The factors of that probability: each k = 1 - p below 1, and how many different arrays have it, in the order in which
    they are met."""
    arrays = {mask.array: (mask.site, mask.layer) for mask in masks}
    found = Counter(round(1 - _dropping(placement, *at, layers), DIGITS) for at in arrays.values())
    return tuple((k, often) for k, often in found.items() if k < 1)


@lru_cache(maxsize=256)
def extreme(placement: Placement, layers: int, source: int, target: int, cell: str, most: bool) -> tuple[tuple[int, ...], str]:
    """A path from source to target that is corrupted most, or least: the steps at which it climbs, and its route along time.

    What a hop along time costs depends on its layer and route alone. So one of the paths that make all hops in one layer is
    an extreme; where layers are alike, the path that climbs evenly is as good, and is returned.
    """
    ways = [even_climbs(layers, source, target)]
    ways += [(source,) * layer + (target,) * (layers + 1 - layer) for layer in range(1, layers + 1)]
    every = [(climbs, through) for climbs in ways for through in routes_of(cell)]
    counts = [len(crossings(placement, layers, *path, cell)) for path in every]
    return every[counts.index(max(counts) if most else min(counts))]


@lru_cache(maxsize=256)
def _reach(pattern: Placement, layers: int, farthest: int, cell: str) -> tuple[Reach, ...]:
    every = arrivals(Extent(), pattern, layers, farthest, cell)
    if all(dropout.fresh("time") for _site, dropout in pattern):  # no array is met twice
        return tuple(Reach(one.least, one.most, one.most) for one in every)
    arrays = arrivals(Arrays({frozenset(): 0}), pattern, layers, farthest, cell)
    met = [max(len(shared) + fresh for shared, fresh in one.fresh.items()) for one in arrays]
    return tuple(Reach(one.least, one.most, n) for one, n in zip(every, met, strict=True))


@lru_cache(maxsize=8)
def _usual(cell: str) -> dict[str, Placement]:
    return {name: full(row.placement(cell=cell)) for name, row in METHODS.items() if cell in row.cells}


@lru_cache(maxsize=256)
def _pattern(placement: Placement, layers: int) -> Placement:
    """Where masks are, and which are shared over time: many methods have that in common, and are counted once."""

    def on(site: str, at: range) -> float | tuple[float, ...]:
        rates = tuple(0.5 * (placement.rate(site, layer, layers) > 0) for layer in at)
        return rates if len(set(rates)) > 1 else rates[0]

    return Placement.of(
        {
            site.name: Dropout(on(site.name, at), dropout.time, "batch", units="layer", scaling="none")
            for site, dropout in placement
            if site.kind != "old" and (at := layers_of(site, layers))
        }
    )


def route(placement: Placement, layers: int, distance: int, cell: str, through: str) -> Route:
    """The path of a `Route` over the distance. Raises Invalid for what is out of range."""
    path = _even(_pattern(placement, layers), layers, distance, cell, through)
    return Route(len(path), survival(path, placement, layers), keeps(path, placement, layers))


@lru_cache(maxsize=1024)
def _even(pattern: Placement, layers: int, distance: int, cell: str, through: str) -> list[Mask]:
    return crossings(pattern, layers, even_climbs(layers, 0, distance), through, cell)


def _dropping(placement: Placement, site: str, layer: int, layers: int) -> float:
    """The probability of being dropped: a Gaussian factor drops nothing."""
    dropout = placement.get(site)
    return placement.rate(site, layer, layers) if dropout and dropout.noise == "bernoulli" else 0.0
