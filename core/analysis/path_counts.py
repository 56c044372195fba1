"""Count the masks on the paths from x_s to y_t, by running the step of core/nn/cells.py on symbols instead of numbers.

Content paths lead from x_s into a cell through its candidate g, along time through the cell (f ⊙ c₋) or through the state
(h₋ into the product that makes g), up through h, and out at y_t. Gates modulate content and are 1 here. With all weights 1
and every mask the symbol k, running the step gives ∂y_t/∂x_s = Σ N_n kⁿ: N_n paths cross n masks, the lowest degree is the
least corrupted path and the highest degree the most corrupted one.

Zoneout erases nothing and is counted apart: how often content can be held back where it is written or read. Routes through
gates are counted apart as well (`count_gate_routes`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from itertools import pairwise, zip_longest
from types import MappingProxyType
from typing import Any

from core.dropout.cells import GATES
from core.dropout.placement import Dropout, Placement
from core.dropout.sites import SITES, Site, get_site_layers
from core.errors import Invalid
from core.i18n import _
from core.nn.cells import CELLS, ONE, LayerMasks, Ops, run_layers, unroll

MAX_DISTANCE = 1000
MAX_LAYERS = 8  # distinct arrays are counted over subsets of the layers, of which there are 2^L


@dataclass(frozen=True, slots=True)
class MaskCrossing:
    """A mask at the place where a path crosses it.

    layer: from 1. t: the step. shared: whether the same array is used at every step.
    """

    site: str
    layer: int
    t: int
    shared: bool

    @property
    def array(self) -> tuple[str, int, int | None]:
        """Return the identity of the mask array: equal for two crossings of the same array."""
        return self.site, self.layer, None if self.shared else self.t

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Tracer | _Gate):
            return other.apply_mask(self)
        return self if other == 1 else 0  # an open gate (1), a closed gate or no content (0)

    __rmul__ = __mul__


class Tracer:
    """A symbol that stands for content on its way. No content is 0; a weight or a gate is 0 (closed) or 1 (open)."""

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, MaskCrossing):
            return self.apply_mask(other)
        if isinstance(other, _Gate):
            return other * self
        return self if other == 1 else 0

    def __add__(self, other: Any) -> Any:
        return self.merge(other) if isinstance(other, Tracer) else self

    __rmul__, __radd__ = __mul__, __add__

    def apply_mask(self, mask: MaskCrossing) -> "Tracer":
        """Return the content after a mask."""
        raise TypeError

    def merge(self, other: Any) -> "Tracer":
        """Return the content of two routes that meet."""
        raise TypeError


@dataclass(frozen=True)
class PathNumber(Tracer):
    """The number of paths, whatever masks they cross."""

    paths: int = 1

    def apply_mask(self, mask: MaskCrossing) -> "PathNumber":
        """Return the same number."""
        return self

    def merge(self, other: "PathNumber") -> "PathNumber":
        """Return the sum."""
        return PathNumber(self.paths + other.paths)


@dataclass(frozen=True)
class Polynomial(Tracer):
    """Σ N_n kⁿ with exact integers N_n ≥ 0, packed into one integer: N_n begins at byte n · width.

    So a sum is one addition and a factor k one shift, however many terms there are. width: bytes that suffice for the sum of
    all N_n at the end.
    """

    packed: int
    width: int

    def apply_mask(self, mask: MaskCrossing) -> "Polynomial":
        """Return k times the polynomial."""
        return Polynomial(self.packed << 8 * self.width, self.width)

    def merge(self, other: "Polynomial") -> "Polynomial":
        """Return the sum."""
        return Polynomial(self.packed + other.packed, self.width)

    @property
    def coefficients(self) -> tuple[int, ...]:
        """Return the coefficients (N_0, N_1, …); the last one is above 0."""
        terms = -(-self.packed.bit_length() // (8 * self.width))
        raw = self.packed.to_bytes(terms * self.width, "little")
        return tuple(int.from_bytes(raw[at : at + self.width], "little") for at in range(0, len(raw), self.width))


@dataclass(frozen=True)
class Trail(Tracer):
    """The masks on a single path, in the order in which it crosses them."""

    masks: tuple[MaskCrossing, ...] = ()

    def apply_mask(self, mask: MaskCrossing) -> "Trail":
        """Return the trail with one mask more."""
        return Trail((*self.masks, mask))


@dataclass(frozen=True)
class DistinctArrays(Tracer):
    """The distinct arrays on all paths: for each set of time-shared arrays on a path, the greatest number of fresh ones.

    A path is dropped if another one has met all its shared arrays and at least as many fresh ones: it cannot end with more.
    Otherwise there would be 2ⁿ sets of n arrays.
    """

    fresh: Mapping[frozenset[Any], int]

    def apply_mask(self, mask: MaskCrossing) -> "DistinctArrays":
        """Return the counts with one more fresh array, or with a shared array, which counts once."""
        if not mask.shared:
            return DistinctArrays({shared: n + 1 for shared, n in self.fresh.items()})
        return DistinctArrays(_keep_greatest((shared | {mask.array}, n) for shared, n in self.fresh.items()))

    def merge(self, other: "DistinctArrays") -> "DistinctArrays":
        """Return the union; of paths with the same shared arrays, the one with the most fresh ones."""
        return DistinctArrays(_drop_surpassed(_keep_greatest(other.fresh.items(), self.fresh)))


@dataclass(frozen=True)
class _Gate:
    """A gate that carries content, by the product rule.

    What the gate multiplies gets the gate's mask; the gate's own content, which has passed that mask already, is added.
    """

    mask: Any
    content: Any

    def apply_mask(self, mask: MaskCrossing) -> "_Gate":
        return _Gate(mask, mask * self.content)

    def __mul__(self, other: Any) -> Any:
        return self.mask * other + self.content

    __rmul__ = __mul__


@dataclass(frozen=True)
class CorruptionCounts:
    """The counts of masks on the content paths over a distance Δ.

    histogram: N_n, the number of paths that cross n masks, from n = 0. through_state, through_cell: the count of the path that
    uses only the state, or only the cell (a GRU's carry), along time; None if there is no such route. distinct: the greatest
    number of different arrays on one path. held: how often Zoneout can hold content back, at least and at most, over all paths.
    """

    histogram: tuple[int, ...]
    through_state: int | None
    through_cell: int | None
    distinct: int
    held: tuple[int, int] = (0, 0)

    @property
    def least(self) -> int:
        """Return the number of masks on the least corrupted path."""
        return _degree(self.histogram)

    @property
    def most(self) -> int:
        """Return the number of masks on the most corrupted path."""
        return len(self.histogram) - 1

    @property
    def paths(self) -> int:
        """Return the number of content paths."""
        return sum(self.histogram)


def list_routes(cell: str) -> tuple[str, ...]:
    """Return the routes along time that a cell has: a plain RNN has the state alone."""
    return ("cell", "state") if len(GATES[cell]) > 1 else ("state",)


@lru_cache(maxsize=512)
def get_mask_pattern(placement: Placement, layers: int) -> Placement:
    """Return the placement reduced to what its counts depend on: where masks are and which are shared over time."""

    def mark_layers(site: str, at: range) -> float | tuple[float, ...]:
        rates = tuple(0.5 * (placement.get_rate(site, layer, layers) > 0) for layer in at)
        return rates if len(set(rates)) > 1 else rates[0]

    def mark_site(site: Site, dropout: Dropout, at: range) -> Dropout:
        scaling = "test" if site.kind == "zoneout" else "none"
        return Dropout(mark_layers(site.name, at), dropout.time, "batch", units="layer", scaling=scaling)

    sites = [(site, dropout, at) for site, dropout in placement if (at := get_site_layers(site, layers))]
    return Placement.from_sites({site.name: mark_site(site, dropout, at) for site, dropout, at in sites})


def count_corruption(placement: Placement, layers: int, distance: int, cell: str = "lstm") -> CorruptionCounts:
    """Count the masks on all content paths over `distance` steps of L layers. Raises Invalid for arguments out of range."""
    _check_range(layers, distance)
    return _count_corruption(get_mask_pattern(placement, layers), layers, distance, cell)


@lru_cache(maxsize=64)
def _count_corruption(placement: Placement, layers: int, distance: int, cell: str) -> CorruptionCounts:
    network = _TracedNetwork(placement, layers, cell)

    def count_route(name: str) -> int | None:
        if name not in list_routes(cell):
            return None
        return _degree(_count_by_masks(network, distance, cell_open=name == "cell", state_open=name == "state"))

    arrays = _run_to_last_step(network, _enter(DistinctArrays({frozenset(): 0}), distance)).fresh
    held = _count_by_masks(_TracedNetwork(placement, layers, cell, _HOLDING), distance)
    return CorruptionCounts(
        histogram=_count_by_masks(network, distance),
        through_state=count_route("state"),
        through_cell=count_route("cell"),
        distinct=max(len(shared) + fresh for shared, fresh in arrays.items()),
        held=(_degree(held), len(held) - 1),
    )


def count_all_routes(placement: Placement, layers: int, distance: int, cell: str = "lstm") -> tuple[int, ...]:
    """Return the histogram of all routes, content paths and routes through gates. Raises Invalid for arguments out of range."""
    _check_range(layers, distance)
    return _count_all_routes(get_mask_pattern(placement, layers), layers, distance, cell)


@lru_cache(maxsize=64)
def _count_all_routes(placement: Placement, layers: int, distance: int, cell: str) -> tuple[int, ...]:
    return _count_by_masks(_TracedNetwork(placement, layers, cell), distance, gates=len(GATES[cell]) > 1)


def count_gate_routes(placement: Placement, layers: int, distance: int, cell: str = "lstm") -> tuple[int, ...]:
    """Return the histogram of the routes through at least one gate; empty if there are none.

    Raises Invalid for arguments out of range.
    """
    all_routes = count_all_routes(placement, layers, distance, cell)
    content = count_corruption(placement, layers, distance, cell).histogram
    through_gates = tuple(n - m for n, m in zip_longest(all_routes, content, fillvalue=0))
    return through_gates if any(through_gates) else ()


def trace_arrivals(
    tracer: Tracer, placement: Placement, layers: int, distance: int, cell: str = "lstm", through: str = ""
) -> list[Any]:
    """Return what arrives at y of every step from 0 to Δ of a tracer that enters at x_0.

    through: "cell" or "state" for the paths that use only this route along time, "" for all. Raises Invalid for arguments out
    of range.
    """
    _check_range(layers, distance)
    return _run_network(
        _TracedNetwork(placement, layers, cell), _enter(tracer, distance), through != "state", through != "cell"
    )


def list_crossings(
    placement: Placement, layers: int, climbs: Sequence[int], through: str, cell: str = "lstm"
) -> list[MaskCrossing]:
    """Return the masks on one path, in order.

    climbs: L + 1 steps in ascending order: where the path enters layer 1 (the source s), layer 2, …, and where it leaves the
    top layer (the target t). through: "cell" or "state", the route along time. Raises Invalid for a path that does not exist.
    """
    if len(climbs) != layers + 1 or list(climbs) != sorted(climbs) or climbs[0] < 0:
        raise Invalid(
            _("A path through {layers} layers has {steps} steps, none earlier than the one before.").format(
                layers=layers, steps=layers + 1
            ),
            "path",
        )
    if through not in list_routes(cell):
        raise Invalid(
            _("“{other}” is not a route of this cell; its routes: {routes}.").format(
                routes=", ".join(list_routes(cell)), other=through
            ),
            "path",
        )
    return list(_list_crossings(placement, layers, tuple(climbs), through, cell))


@lru_cache(maxsize=128)  # asked for twice at every tick of a live page
def _list_crossings(
    placement: Placement, layers: int, climbs: tuple[int, ...], through: str, cell: str
) -> tuple[MaskCrossing, ...]:
    trail = _follow_path(_TracedNetwork(placement, layers, cell), climbs, _content_ops(through == "cell", through == "state"))
    return tuple(trail.masks)


def _follow_path(net: "_TracedNetwork", climbs: Sequence[int], op: Ops) -> Any:
    """Return what arrives at the top of one path; each layer runs only over the steps at which the path is in it."""
    row = CELLS[net.cell]
    (arrived,) = _apply_masks(net.over_time("words", 1, climbs[:1]), [Trail()])
    for layer, (enters, leaves) in enumerate(pairwise(climbs), start=1):
        m = net.masks(layer, range(enters, leaves + 1))
        x = _apply_masks(m.input_weights, _apply_masks(m.into, [arrived, *[0] * (leaves - enters)]))
        arrived = unroll(row, x, (0,) * len(row.carries), ONE, 0, m, op)[0][-1]
    (decoder_input,) = _apply_masks(net.over_time("output", net.layers, climbs[-1:]), [arrived])
    return decoder_input


def make_even_climbs(layers: int, source: int, target: int) -> tuple[int, ...]:
    """Return the climbs of a path that climbs at even distances: it leaves layer l at step s + l·Δ/L, rounded down."""
    return tuple(source + (target - source) * layer // layers for layer in range(layers + 1))


# For each site where masks are counted: the site whose rate decides, and how many layers away. Masks that erase count where
# they are.
_ERASING = {site.name: (site.name, 0) for site in SITES.values() if site.kind != "zoneout"}
# Zoneout holds content back where it is written into a cell, and where a state is read: by the layer above, at the next step.
_HOLDING = {
    "candidate": ("zoneout_cell", 0),
    "state": ("zoneout_state", 0),
    "between": ("zoneout_state", -1),
    "output": ("zoneout_state", 0),
}


@dataclass(frozen=True)
class _TracedNetwork:
    placement: Placement
    layers: int
    cell: str
    counted: Mapping[str, tuple[str, int]] = field(default_factory=lambda: _ERASING)

    def over_time(self, site: str, layer: int, steps: Iterable[int]) -> Any:
        """Return the masks of a site at a layer, one for each step, or ONE if there are none."""
        name, offset = self.counted.get(site, ("", 0))
        if not name or self.placement.get_rate(name, layer + offset, self.layers) == 0:
            return ONE
        dropout = self.placement.get(name)
        # A list, because a tuple would mean a mask per gate.
        return list(_make_crossings(site, layer, tuple(steps), dropout is not None and not dropout.is_fresh("time")))

    def masks(self, layer: int, steps: Iterable[int]) -> LayerMasks:
        into = self.over_time("input" if layer == 1 else "between", layer, steps)
        within = {f.name: self.over_time(f.name, layer, steps) for f in fields(LayerMasks) if f.name in self.counted}
        return LayerMasks(into, **within)


@lru_cache(maxsize=128)  # shared by all placements that have the site
def _make_crossings(site: str, layer: int, steps: tuple[int, ...], shared: bool) -> tuple[MaskCrossing, ...]:
    return tuple(MaskCrossing(site, layer, t, shared) for t in steps)


def _enter(tracer: Tracer, distance: int) -> list[Any]:
    """Return the inputs x of `distance` + 1 steps, of which the tracer is the first and all others have no content."""
    return [tracer, *[0] * distance]


def _count_by_masks(net: "_TracedNetwork", distance: int, **routes: bool) -> tuple[int, ...]:
    """Return the numbers of paths over the distance, by the number of masks that they cross. routes: as in `_run_network`."""
    paths = _run_to_last_step(net, _enter(PathNumber(), distance), **routes).paths
    counted: Polynomial = _run_to_last_step(net, _enter(Polynomial(1, paths.bit_length() // 8 + 1), distance), **routes)
    return counted.coefficients


def _run_to_last_step(
    net: _TracedNetwork,
    x: list[Any],
    cell_open: bool = True,
    state_open: bool = True,
    gates: bool = False,
) -> Any:
    """Return what arrives at y of the last step, of the tracers x."""
    return _run_network(net, x, cell_open, state_open, gates)[-1]


def _run_network(
    net: _TracedNetwork,
    x: list[Any],
    cell_open: bool = True,
    state_open: bool = True,
    gates: bool = False,
) -> list[Any]:
    """Return what arrives at y of every step, of the tracers x."""
    op = _open_gate_ops() if gates else _content_ops(cell_open, state_open)
    row, steps = CELLS[net.cell], range(len(x))

    def run(x: list[Any], state: tuple[Any, ...], _weights: None, m: LayerMasks) -> tuple[list[Any], Any]:
        into = _apply_masks(m.input_weights, _apply_masks(m.into, x))
        return unroll(row, into, state, ONE, 0, m, op)

    masks = [net.masks(layer, steps) for layer in range(1, net.layers + 1)]
    begin = [(0,) * len(row.carries)] * net.layers
    hs, _states = run_layers(_apply_masks(net.over_time("words", 1, steps), x), begin, [None] * net.layers, masks, run)
    return _apply_masks(net.over_time("output", net.layers, steps), hs)


def _apply_masks(masks: Any, values: list[Any]) -> list[Any]:
    return values if masks is ONE else [mask * value for mask, value in zip(masks, values, strict=True)]


def _content_ops(cell_open: bool, state_open: bool) -> Ops:
    # Only g carries content. The gate that keeps the past (f, or a GRU's z) and the recurrent product are open or closed, the
    # other gates are open.
    def split_gates(a: Any, n: int) -> tuple[Any, ...]:
        return {1: (a,), 3: (1, int(cell_open), a), 4: (1, int(cell_open), a, 1)}[n]

    return Ops(
        sigmoid=lambda a: a if isinstance(a, Tracer) else int(a > 0),
        tanh=_identity,
        masked_product=lambda weights, mask, v: weights * (mask * v) if state_open else 0,
        split_gates=split_gates,
        one_minus=lambda _gate: 1,  # 1 - z is a gate like any other
        mask_weights=lambda _weights, mask, _gates: mask,
        stack_steps=_identity,
    )


def _open_gate_ops() -> Ops:
    # Every gate carries content as well.
    return replace(
        _content_ops(True, True),
        sigmoid=lambda a: _Gate(ONE, a),
        split_gates=lambda a, n: (a,) * n,
        one_minus=lambda gate: _Gate(ONE, gate.content),
    )


def _identity(a: Any) -> Any:
    return a


def _keep_greatest(
    pairs: Iterable[tuple[frozenset[Any], int]], so_far: Mapping[frozenset[Any], int] = MappingProxyType({})
) -> Any:
    """Return the greatest number of each key."""
    greatest = dict(so_far)
    for key, n in pairs:
        if greatest.get(key, -1) < n:
            greatest[key] = n
    return greatest


def _drop_surpassed(fresh: Mapping[frozenset[Any], int]) -> Mapping[frozenset[Any], int]:
    """Leave out each set that is within another one with as great a number."""
    if len(fresh) == 1:
        return fresh
    ordered = sorted(fresh.items(), key=lambda one: (len(one[0]), one[1]), reverse=True)
    kept: dict[frozenset[Any], int] = {}
    for shared, n in ordered:
        if not any(n <= most and shared <= larger for larger, most in kept.items()):
            kept[shared] = n
    return kept


def _degree(polynomial: tuple[int, ...]) -> int:
    return next(n for n, coefficient in enumerate(polynomial) if coefficient)


def _check_range(layers: int, distance: int) -> None:
    if not 1 <= layers <= MAX_LAYERS or not 0 <= distance <= MAX_DISTANCE:
        raise Invalid(
            _("Paths are counted for 1 to {layers} layers and distances from 0 to {most}.").format(
                layers=MAX_LAYERS, most=MAX_DISTANCE
            )
        )
