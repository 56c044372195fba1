"""Counts how often content is corrupted, by running the very step of cells.py on tracer numbers.

Content paths: from x_s into a cell through its candidate g, along time through the cell (f ⊙ c₋) or through the state
(h₋ into the product that makes g), up through h, out at y_t. Gates modulate: they are 1 here. With all weights 1 and
every mask the symbol k, running the step gives ∂y_t/∂x_s = Σ N_n kⁿ: the lowest degree is the least corrupted path,
the highest the most, and N_n is how many paths cross n masks.

Zoneout erases nothing and is counted apart: how often content can be held back where it is written or read. Routes through
gates are counted on request.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from itertools import pairwise, zip_longest
from types import MappingProxyType
from typing import Any

from core.dropout.masks import GATES
from core.dropout.placement import Placement
from core.dropout.sites import SITES
from core.errors import Invalid
from core.i18n import _
from core.nn.cells import CELLS, ONE, LayerMasks, Ops, stack, unroll

MAX_DISTANCE = 1000
MAX_LAYERS = 8  # the arrays that a path may meet are counted over subsets of the layers: 2^L of them


@dataclass(frozen=True)
class Mask:
    """A mask on a path: its site, its layer (from 1), the step at which it is crossed, and whether it is the same
    array at every step."""

    site: str
    layer: int
    t: int
    shared: bool

    @property
    def array(self) -> tuple[str, int, int | None]:
        """What tells two arrays apart."""
        return self.site, self.layer, None if self.shared else self.t

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Tracer | _Gate):
            return other.masked(self)
        return self if other == 1 else 0  # a gate that is open, or closed; content that is not there

    __rmul__ = __mul__


class Tracer:
    """A number that stands for content on its way. No content is 0; a weight or a gate is 0 (closed) or 1 (open)."""

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Mask):
            return self.masked(other)
        if isinstance(other, _Gate):
            return other * self
        return self if other == 1 else 0

    def __add__(self, other: Any) -> Any:
        return self.joined(other) if isinstance(other, Tracer) else self

    __rmul__, __radd__ = __mul__, __add__

    def masked(self, mask: Mask) -> "Tracer":
        """The content behind a mask."""
        raise TypeError

    def joined(self, other: Any) -> "Tracer":
        """The content of two routes that meet."""
        raise TypeError


@dataclass(frozen=True)
class Polynomial(Tracer):
    """Σ N_n kⁿ by its coefficients (N_0, N_1, …): exact integers of any size."""

    coefficients: tuple[int, ...]

    def masked(self, mask: Mask) -> "Polynomial":
        """k times the polynomial."""
        return Polynomial((0, *self.coefficients))

    def joined(self, other: "Polynomial") -> "Polynomial":
        """The sum."""
        pairs = zip_longest(self.coefficients, other.coefficients, fillvalue=0)
        return Polynomial(tuple(a + b for a, b in pairs))


@dataclass(frozen=True)
class Trail(Tracer):
    """The masks of the one path that is open, in the order in which they are crossed."""

    masks: tuple[Mask, ...] = ()

    def masked(self, mask: Mask) -> "Trail":
        """One mask further."""
        return Trail((*self.masks, mask))


@dataclass(frozen=True)
class Arrays(Tracer):
    """For all paths at once: per set of arrays shared over time that a path has crossed, the most fresh ones."""

    fresh: Mapping[frozenset[Any], int]

    def masked(self, mask: Mask) -> "Arrays":
        """One fresh array more, or one more shared array, which counts once."""
        if not mask.shared:
            return Arrays({shared: n + 1 for shared, n in self.fresh.items()})
        return Arrays(_most((shared | {mask.array}, n) for shared, n in self.fresh.items()))

    def joined(self, other: "Arrays") -> "Arrays":
        """The union; of paths with the same shared arrays, the one with the most fresh ones."""
        return Arrays(_most(other.fresh.items(), self.fresh))


@dataclass(frozen=True)
class _Gate:
    """A gate through which content flows as well: by the product rule, what it multiplies meets the gate's mask, and the
    gate's own content, which has met it already, joins."""

    mask: Any
    content: Any

    def masked(self, mask: Mask) -> "_Gate":
        return _Gate(mask, mask * self.content)

    def __mul__(self, other: Any) -> Any:
        return self.mask * other + self.content

    __rmul__ = __mul__


@dataclass(frozen=True)
class Corruption:
    """How often content is corrupted over a distance Δ, whatever the path.

    histogram: N_n, how many content paths cross n masks, from n = 0. through_state, through_cell: the count of the
    paths that use only the state, or only the cell (a GRU's carry), along time; None where there is no such route.
    distinct: how many different arrays one path can meet at most. held: how often Zoneout can hold content back, on the
    path on which it can least often, and on that on which it can most often.
    """

    histogram: tuple[int, ...]
    through_state: int | None
    through_cell: int | None
    distinct: int
    held: tuple[int, int] = (0, 0)

    @property
    def least(self) -> int:
        """The count of the least corrupted path."""
        return _degree(self.histogram)

    @property
    def most(self) -> int:
        """The count of the most corrupted path."""
        return len(self.histogram) - 1

    @property
    def paths(self) -> int:
        """How many content paths there are."""
        return sum(self.histogram)


def routes_of(cell: str) -> tuple[str, ...]:
    """The routes along time that a cell has: a plain RNN carries nothing past its product."""
    return ("cell", "state") if len(GATES[cell]) > 1 else ("state",)


@lru_cache(maxsize=512)
def corruption(placement: Placement, layers: int, distance: int, cell: str = "lstm") -> Corruption:
    """The counts for one placement on L layers over Δ = distance steps. Raises Invalid for what is out of range."""
    _check_range(layers, distance)
    net, start = _Net(placement, layers, cell), Polynomial((1,))
    x: list[Any] = [start, *[0] * distance]

    def route(name: str) -> int | None:
        if name not in routes_of(cell):
            return None
        return _degree(_arrive(net, x, cell_open=name == "cell", state_open=name == "state").coefficients)

    arrays = _arrive(net, [Arrays({frozenset(): 0}), *x[1:]]).fresh
    held = _arrive(_Net(placement, layers, cell, _HELD), x).coefficients
    return Corruption(
        histogram=_arrive(net, x).coefficients,
        through_state=route("state"),
        through_cell=route("cell"),
        distinct=max(len(shared) + fresh for shared, fresh in arrays.items()),
        held=(_degree(held), len(held) - 1),
    )


@lru_cache(maxsize=512)
def through_gates(placement: Placement, layers: int, distance: int, cell: str = "lstm") -> tuple[int, ...]:
    """The histogram of all routes, those included along which content changes a gate. Raises Invalid."""
    _check_range(layers, distance)
    x: list[Any] = [Polynomial((1,)), *[0] * distance]
    histogram: tuple[int, ...] = _arrive(_Net(placement, layers, cell), x, gates=len(GATES[cell]) > 1).coefficients
    return histogram


def gated(placement: Placement, layers: int, distance: int, cell: str = "lstm") -> tuple[int, ...]:
    """The histogram of the routes through at least one gate: all routes but the content paths. Empty where there are none.
    Raises Invalid."""
    every = through_gates(placement, layers, distance, cell)
    content = corruption(placement, layers, distance, cell).histogram
    alone = tuple(n - m for n, m in zip_longest(every, content, fillvalue=0))
    return alone if any(alone) else ()


def arrivals(
    start: Tracer, placement: Placement, layers: int, distance: int, cell: str = "lstm", through: str = ""
) -> list[Any]:
    """What arrives at y of every step from 0 to Δ of the tracer number that enters at x_0: one pass for all distances.

    through: "cell" or "state" for the paths that use only this along time, "" for all. Raises Invalid.
    """
    _check_range(layers, distance)
    x: list[Any] = [start, *[0] * distance]
    return _told(_Net(placement, layers, cell), x, through != "state", through != "cell")


def crossings(placement: Placement, layers: int, climbs: Sequence[int], through: str, cell: str = "lstm") -> list[Mask]:
    """The masks that one path crosses, in order.

    climbs: the step at which the path enters layer 1 (the source s), enters layer 2, …, and leaves at the top (the
    target t): L + 1 steps that never go back. through: "cell" or "state", the route along time. Raises Invalid.
    """
    if len(climbs) != layers + 1 or list(climbs) != sorted(climbs) or climbs[0] < 0:
        raise Invalid(
            _("A path through {layers} layers has {steps} steps, none earlier than the one before.").format(
                layers=layers, steps=layers + 1
            ),
            "path",
        )
    if through not in routes_of(cell):
        raise Invalid(
            _("A path of this cell goes through the {routes}, not “{other}”.").format(
                routes=_(" or through the ").join(routes_of(cell)), other=through
            ),
            "path",
        )
    trail = _climbed(_Net(placement, layers, cell), climbs, _ops(through == "cell", through == "state"))
    return list(trail.masks)


def _climbed(net: "_Net", climbs: Sequence[int], op: Ops) -> Any:
    """What arrives at the top of the one path that climbs at these steps: each layer runs only while the path is in it."""
    row = CELLS[net.cell]
    (arrived,) = _over(net.over_time("words", 1, climbs[:1]), [Trail()])
    for layer, (enters, leaves) in enumerate(pairwise(climbs), start=1):
        m = net.masks(layer, range(enters, leaves + 1))
        x = _over(m.input_weights, _over(m.into, [arrived, *[0] * (leaves - enters)]))
        arrived = unroll(row, x, (0,) * len(row.carries), ONE, 0, m, op)[0][-1]
    (told,) = _over(net.over_time("output", net.layers, climbs[-1:]), [arrived])
    return told


def even_climbs(layers: int, source: int, target: int) -> tuple[int, ...]:
    """A path that climbs at even distances: layer l is left at s + l·Δ/L, rounded down, the last at t."""
    return tuple(source + (target - source) * layer // layers for layer in range(layers + 1))


# Of which site, how many layers further, the rate counts where a site is asked for: those that erase are themselves.
_ERASING = {site.name: (site.name, 0) for site in SITES.values() if site.kind != "old"}
# Zoneout holds back what is written into a cell, and a state where it is read: from above, from the next step.
_HELD = {"candidate": ("zoneout_cell", 0), "state": ("zoneout_state", 0), "between": ("zoneout_state", -1),
         "output": ("zoneout_state", 0)}  # fmt: skip


@dataclass(frozen=True)
class _Net:
    placement: Placement
    layers: int
    cell: str
    counted: Mapping[str, tuple[str, int]] = field(default_factory=lambda: _ERASING)

    def over_time(self, site: str, layer: int, steps: Iterable[int]) -> Any:
        """The masks of a site at a layer, one for each of the steps, or ONE where there are none."""
        name, further = self.counted.get(site, ("", 0))
        if not name or self.placement.rate(name, layer + further, self.layers) == 0:
            return ONE
        dropout = self.placement.get(name)
        # A list: a tuple of masks would be one for each gate.
        return list(_over_time(site, layer, tuple(steps), dropout is not None and not dropout.fresh("time")))

    def masks(self, layer: int, steps: Iterable[int]) -> LayerMasks:
        into = self.over_time("input" if layer == 1 else "between", layer, steps)
        within = {f.name: self.over_time(f.name, layer, steps) for f in fields(LayerMasks) if f.name in self.counted}
        return LayerMasks(into, **within)


@lru_cache(maxsize=1024)  # the same for all placements that have the site
def _over_time(site: str, layer: int, steps: tuple[int, ...], shared: bool) -> tuple[Mask, ...]:
    return tuple(Mask(site, layer, t, shared) for t in steps)


def _arrive(
    net: _Net,
    x: list[Any],
    cell_open: bool = True,
    state_open: bool = True,
    gates: bool = False,
) -> Any:
    """What arrives at y of the last step, of the tracer numbers x."""
    return _told(net, x, cell_open, state_open, gates)[-1]


def _told(
    net: _Net,
    x: list[Any],
    cell_open: bool = True,
    state_open: bool = True,
    gates: bool = False,
) -> list[Any]:
    """What arrives at y of every step."""
    op = _gates_open() if gates else _ops(cell_open, state_open)
    row, steps = CELLS[net.cell], range(len(x))

    def run(x: list[Any], state: tuple[Any, ...], _weights: None, m: LayerMasks) -> tuple[list[Any], Any]:
        into = _over(m.input_weights, _over(m.into, x))
        return unroll(row, into, state, ONE, 0, m, op)

    masks = [net.masks(layer, steps) for layer in range(1, net.layers + 1)]
    begin = [(0,) * len(row.carries)] * net.layers
    hs, _states = stack(_over(net.over_time("words", 1, steps), x), begin, [None] * net.layers, masks, run)
    return _over(net.over_time("output", net.layers, steps), hs)


def _over(masks: Any, values: list[Any]) -> list[Any]:
    return values if masks is ONE else [mask * value for mask, value in zip(masks, values, strict=True)]


def _ops(cell_open: bool, state_open: bool) -> Ops:
    # Only g carries content; of the gates, the one that keeps (f, or a GRU's z) is open or closed, the others are open.
    # The state's product is open or closed.
    def gates(a: Any, n: int) -> tuple[Any, ...]:
        return {1: (a,), 3: (1, int(cell_open), a), 4: (1, int(cell_open), a, 1)}[n]

    return Ops(
        sigmoid=lambda a: a if isinstance(a, Tracer) else int(a > 0),
        tanh=_same,
        product=lambda weights, mask, v: weights * (mask * v) if state_open else 0,
        gates=gates,
        rest=lambda _gate: 1,  # 1 - z is a gate like any other
        masked=lambda _weights, mask, _gates: mask,
        stack=_same,
    )


def _gates_open() -> Ops:
    # Every gate carries content as well.
    return replace(
        _ops(True, True),
        sigmoid=lambda a: _Gate(ONE, a),
        gates=lambda a, n: (a,) * n,
        rest=lambda gate: _Gate(ONE, gate.content),
    )


def _same(a: Any) -> Any:
    return a


def _most(pairs: Iterable[tuple[frozenset[Any], int]], so_far: Mapping[frozenset[Any], int] = MappingProxyType({})) -> Any:
    """The greatest number of each key."""
    found = dict(so_far)
    for one, n in pairs:
        if found.get(one, -1) < n:
            found[one] = n
    return found


def _degree(polynomial: tuple[int, ...]) -> int:
    return next(n for n, coefficient in enumerate(polynomial) if coefficient)


def _check_range(layers: int, distance: int) -> None:
    if not 1 <= layers <= MAX_LAYERS or not 0 <= distance <= MAX_DISTANCE:
        raise Invalid(
            _("Paths are counted for 1 to {layers} layers and distances from 0 to {most}.").format(
                layers=MAX_LAYERS, most=MAX_DISTANCE
            )
        )
