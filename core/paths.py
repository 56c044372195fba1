"""Counts how often content is corrupted, by running the very step of cells.py on tracer numbers.

Content paths: from x_s into a cell through its candidate g, along time through the cell (f ⊙ c₋) or through the state
(h₋ into the product that makes g), up through h, out at y_t. Gates modulate: they are 1 here. With all weights 1 and
every mask the symbol k, running the step gives ∂y_t/∂x_s = Σ N_n kⁿ: the lowest degree is the least corrupted path,
the highest the most, and N_n is how many paths cross n masks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import zip_longest
from typing import Any

from core.dropout.placement import Placement
from core.errors import Invalid
from core.language import _
from core.recurrence.cells import ONE, STEPS, LayerMasks, Ops, stack, unroll

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

    def __mul__(self, content: Any) -> Any:
        return content.masked(self) if isinstance(content, Tracer) else 0

    __rmul__ = __mul__


class Tracer:
    """A number that stands for content on its way. No content is 0; a weight or a gate is 0 (closed) or 1 (open)."""

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Mask):
            return self.masked(other)
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
        return reduce(Arrays.joined, (Arrays({shared | {mask.array}: n}) for shared, n in self.fresh.items()))

    def joined(self, other: "Arrays") -> "Arrays":
        """The union; of paths with the same shared arrays, the one with the most fresh ones."""
        every = self.fresh.keys() | other.fresh.keys()
        return Arrays({shared: max(self.fresh.get(shared, 0), other.fresh.get(shared, 0)) for shared in every})


@dataclass(frozen=True)
class Corruption:
    """How often content is corrupted over a distance Δ, whatever the path.

    histogram: N_n, how many content paths cross n masks, from n = 0. through_state, through_cell: the count of the
    paths that use only the state, or only the cell, along time; None where there is no such route. distinct: how many
    different arrays one path can meet at most.
    """

    histogram: tuple[int, ...]
    through_state: int | None
    through_cell: int | None
    distinct: int

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


@lru_cache(maxsize=512)
def corruption(placement: Placement, layers: int, distance: int, cell: str = "lstm") -> Corruption:
    """The counts for one placement on L layers over Δ = distance steps. Raises Invalid for what is out of range."""
    if not 1 <= layers <= MAX_LAYERS or not 0 <= distance <= MAX_DISTANCE:
        raise Invalid(_("Paths are counted for 1 to {layers} layers and distances from 0 to {most}.").format(
            layers=MAX_LAYERS, most=MAX_DISTANCE))  # fmt: skip

    def run(x: Any, cell_open: bool = True, state_open: bool = True) -> Any:
        return _arrive(_Net(placement, layers, cell), [x, *[0] * distance], cell_open, state_open)

    start = Polynomial((1,))
    return Corruption(
        histogram=run(start).coefficients,
        through_state=_degree(run(start, cell_open=False).coefficients),
        through_cell=_degree(run(start, state_open=False).coefficients),
        distinct=max(len(shared) + fresh for shared, fresh in run(Arrays({frozenset(): 0})).fresh.items()),
    )


def crossings(placement: Placement, layers: int, climbs: Sequence[int], through: str, cell: str = "lstm") -> list[Mask]:
    """The masks that one path crosses, in order.

    climbs: the step at which the path enters layer 1 (the source s), enters layer 2, …, and leaves at the top (the
    target t): L + 1 steps that never go back. through: "cell" or "state", the route along time. Raises Invalid.
    """
    if len(climbs) != layers + 1 or list(climbs) != sorted(climbs) or climbs[0] < 0:
        raise Invalid(_("A path through {layers} layers has {steps} steps, none earlier than the one before.").format(
            layers=layers, steps=layers + 1), "path")  # fmt: skip
    if through not in ("cell", "state"):
        raise Invalid(_("A path goes through the cell or through the state, not “{other}”.").format(other=through), "path")
    net = _Net(placement, layers, cell)
    x: list[Any] = [Trail() if t == climbs[0] else 0 for t in range(climbs[-1] + 1)]
    climbing = iter(climbs[1:])

    def only_at_climb(hs: list[Any]) -> list[Any]:
        up = next(climbing)
        return [h if t == up else 0 for t, h in enumerate(hs)]

    trail = _arrive(net, x, through == "cell", through == "state", only_at_climb)
    return list(trail.masks)


def even_climbs(layers: int, source: int, target: int) -> tuple[int, ...]:
    """A path that climbs at even distances: layer l is left at s + l·Δ/L, rounded down, the last at t."""
    return tuple(source + (target - source) * layer // layers for layer in range(layers + 1))


@dataclass(frozen=True)
class _Net:
    placement: Placement
    layers: int
    cell: str

    def mask(self, site: str, layer: int, t: int) -> Any:
        if self.placement.rate(site, layer, self.layers) == 0:
            return ONE
        dropout = self.placement.get(site)
        return Mask(site, layer, t, shared=dropout is not None and not dropout.fresh("time"))

    def masks(self, layer: int, steps: int) -> LayerMasks:
        def over_time(site: str) -> list[Any]:
            return [self.mask(site, layer, t) for t in range(steps)]

        into = over_time("input" if layer == 1 else "between")
        return LayerMasks(into, *(over_time(site) for site in ("state", "candidate", "cell")))


def _arrive(
    net: _Net,
    x: list[Any],
    cell_open: bool = True,
    state_open: bool = True,
    between: Callable[[list[Any]], list[Any]] = lambda hs: hs,
) -> Any:
    """What arrives at y of the last step, of the tracer numbers x."""
    op = _ops(cell_open, state_open)

    def run(x: list[Any], state: tuple[Any, ...], _weights: None, m: LayerMasks) -> tuple[list[Any], Any]:
        into = [mask * value for mask, value in zip(m.into, x, strict=True)]
        hs, state = unroll(STEPS[net.cell], into, state, None, m, op)
        return between(hs), state

    masks = [net.masks(layer, len(x)) for layer in range(1, net.layers + 1)]
    hs, _states = stack(x, [(0, 0)] * net.layers, [None] * net.layers, masks, run)
    return net.mask("output", net.layers, len(x) - 1) * hs[-1]


def _ops(cell_open: bool, state_open: bool) -> Ops:
    # Only g carries content; i and o are 1, f is 1 or closed. The state's product is open or closed.
    def same(a: Any) -> Any:
        return a

    return Ops(
        sigmoid=same,
        tanh=same,
        product=lambda _weights, mask, v: mask * v if state_open else 0,
        gates=lambda a: (1, int(cell_open), a, 1),
        stack=same,
    )


def _degree(polynomial: tuple[int, ...]) -> int:
    return next(n for n, coefficient in enumerate(polynomial) if coefficient)
