"""Where everything in the network figure lies: plain arithmetic, in the units of the SVG's view box."""

from dataclasses import dataclass, replace

WIDTH, HEIGHT = 760, 460
PLOT = (70, 750)  # left and right end of the lanes
TOKEN = 22  # height of a word's box
PREDICTED, READ = 24, 384  # tops of the boxes at y_t and at x_t
STACK = (PREDICTED + TOKEN, READ)  # what the layers have to share
CLOCK, NOTES = 421, 450  # baselines of the time labels and of the legend
COLUMN, CORE = 110, 176  # at most: width of a step, height of a layer
BAR = 48  # length of a barcode, at most
THICKNESS = 13  # of a barcode that stands upright
HALF_NODE = 13  # half the width of an h or c
# The sites that lie on one stretch of a connection, in the order in which content meets them.
SLOTS = {
    "enter": ("words", "input", "between", "input_weights"),
    "write": ("candidate", "input_gate"),
    "memory": ("cell", "zoneout_cell"),
    "carry": ("forget_gate", "update_gate"),
    "tell": ("output_gate",),
    "state": ("zoneout_state",),
    "back": ("state", "recurrent_weights", "reset_gate"),
    "leave": ("output",),
}
LANE_IN = 3.5  # between the bend of a state curve and the barcodes of its column
CORNER = 6.5  # radius of its bends


@dataclass(frozen=True)
class Sizes:
    """Heights. bar: of a barcode that lies; gap: above and below it; node: of an h or c; count: of a crossing's number."""

    bar: float
    gap: float
    node: float
    count: float


SIZES = {1: Sizes(20, 26, 28, 17), 2: Sizes(17, 10, 24, 17), 3: Sizes(13, 5.5, 20, 16.5), 4: Sizes(11, 3, 18, 15.5)}


@dataclass(frozen=True)
class Box:
    """Where a barcode lies: left, top, width, height; upright where content crosses it from left to right."""

    x: float
    y: float
    width: float
    height: float
    upright: bool = False


@dataclass(frozen=True)
class Layout:
    """The window of `count` steps from `first`, on `layers` (1 to 4). on: the sites that drop, by layer: those on one
    stretch share its room."""

    layers: int
    first: int
    count: int
    on: frozenset[tuple[str, int]] = frozenset()

    @property
    def last(self) -> int:
        """The last step of the window."""
        return self.first + self.count - 1

    @property
    def sizes(self) -> Sizes:
        """What fits at this number of layers."""
        return SIZES[self.layers]

    @property
    def pitch(self) -> float:
        """Width of a step."""
        return min(COLUMN, (PLOT[1] - PLOT[0] - 14) / self.count)

    @property
    def bar(self) -> float:
        """Length of a barcode."""
        return min(BAR, 0.64 * self.pitch)

    @property
    def core(self) -> float:
        """Height of a layer, from its h to its g."""
        s = self.sizes
        return min(CORE, (STACK[1] - STACK[0] - (self.layers + 1) * (2 * s.gap + s.bar)) / self.layers)

    @property
    def slack(self) -> float:
        """What is left over, above and below."""
        s = self.sizes
        used = (self.layers + 1) * (2 * s.gap + s.bar) + self.layers * self.core
        return (STACK[1] - STACK[0] - used) / 2

    def x(self, t: int) -> float:
        """The column of step t; steps outside the window have the column just outside it."""
        within = min(max(t, self.first - 1), self.last + 1) - self.first
        middle = (PLOT[0] + PLOT[1]) / 2
        return middle + (within - (self.count - 1) / 2) * self.pitch

    @property
    def left(self) -> float:
        """Where the lanes begin."""
        return self.x(self.first) - self.pitch / 2 - 8

    @property
    def right(self) -> float:
        """Where the lanes end."""
        return self.x(self.last) + self.pitch / 2 + 6

    @property
    def read(self) -> float:
        """Top of the boxes at x_t."""
        return READ - self.slack

    @property
    def predicted(self) -> float:
        """Top of the boxes at y_t."""
        return PREDICTED + self.slack

    def bottom(self, layer: int) -> float:
        """Lower end of a layer; of layer L + 1, where the output's barcode rests."""
        s = self.sizes
        return self.read - (2 * s.gap + s.bar) - (layer - 1) * (self.core + 2 * s.gap + s.bar)

    def top(self, layer: int) -> float:
        """Upper end of a layer."""
        return self.bottom(layer) - self.core

    def h(self, layer: int) -> float:
        """Middle of the state lane."""
        return self.top(layer) + self.sizes.node / 2

    def g(self, layer: int) -> float:
        """Where what is read and what is remembered meet, to be written."""
        return self.bottom(layer) - 4

    def c(self, layer: int) -> float:
        """Middle of the cell lane."""
        return self.h(layer) + 0.53 * (self.g(layer) - self.h(layer))

    def bend(self, t: int) -> float:
        """Where the curve from h of step t - 1 turns down towards g of step t."""
        return self.x(t) - self.bar / 2 - LANE_IN

    def box(self, site: str, layer: int, t: int) -> Box:
        """The place of a mask: exactly where it multiplies."""
        slot = next(name for name, sites in SLOTS.items() if site in sites)
        here = [name for name in SLOTS[slot] if name == site or (name, layer) in self.on]
        whole, place = self._slot(slot, layer, t, crowded=len(here) > 1), here.index(site)
        if slot == "memory" and len(here) > 1:
            return _halves(whole)[place]
        # Content goes to the right through what is upright, upwards through the rest.
        return _column(whole, place, len(here)) if whole.upright else _row(whole, len(here) - 1 - place, len(here))

    def _slot(self, slot: str, layer: int, t: int, crowded: bool) -> Box:
        s, x, h, c = self.sizes, self.x(t) - self.bar / 2, self.h(layer), self.c(layer)
        if slot in ("back", "carry"):
            return self._upright(layer, t, slot)
        if slot == "memory":
            return Box(x, c - s.node / 2, self.bar, s.node)
        if slot == "state":
            return Box(self.x(t) - HALF_NODE, h - s.node / 2, 2 * HALF_NODE, s.node)
        if slot in ("write", "tell"):
            top, bottom = (c, self.g(layer) + s.node / 2) if slot == "write" else (h, c)
            room = bottom - top - s.node
            height = room - 2 if crowded else min(s.bar, room - 1.5)
            return Box(x, (top + bottom - height) / 2, self.bar, height)
        low = self.bottom(layer + (slot == "leave"))
        return Box(x, low + 1, self.bar, 2 * s.gap + s.bar - 2) if crowded else Box(x, low + s.gap, self.bar, s.bar)

    def _upright(self, layer: int, t: int, slot: str) -> Box:
        x, node = self.bend(t) - CORNER - THICKNESS, self.sizes.node
        if slot == "carry":
            return Box(x, self.c(layer) - node / 2, THICKNESS, node, upright=True)
        room = self.c(layer) - 10.5 - (self.h(layer) - node / 2 + 2)
        return Box(x, self.h(layer) - node / 2 + 2, THICKNESS, min(44, room), upright=True)

    def number(self, site: str, layer: int, t: int, width: float) -> tuple[float, float]:
        """Where the number of a crossing, so wide, has its left end and its middle: right of the barcode; of several on one
        stretch the second left of it, or above; below what stands on the carry."""
        box, between = self.box(site, layer, t), self.x(t) - self.pitch / 2 - width / 2
        slot = next(name for name, sites in SLOTS.items() if site in sites)
        before = sum((name, layer) in self.on for name in SLOTS[slot][: SLOTS[slot].index(site)])
        if slot == "carry":
            return between, box.y + box.height + 1 + self.sizes.count / 2
        if slot == "back":
            above = self.h(layer) - self.sizes.node / 2 - (before - 0.5) * self.sizes.count
            return (between, above) if before else (self.bend(t) - CORNER + 0.8, self.h(layer))
        left = box.x - width - 2 if before % 2 else box.x + box.width + 2
        return left, box.y + box.height / 2 + self._beside_carry(slot, box, layer)

    def _beside_carry(self, slot: str, box: Box, layer: int) -> float:
        """How far a number makes way for what stands on the carry: up above it, down below it."""
        half, middle, node = self.sizes.count / 2, box.y + box.height / 2, self.sizes.node / 2
        if slot == "tell":
            return min(0.0, self.c(layer) - node - half - middle)
        return max(0.0, self.c(layer) + node + half - middle) if slot == "write" else 0.0


def _halves(whole: Box) -> tuple[Box, Box]:
    """Side by side on the lane; the way up through the column's middle meets the first."""
    first = 0.58 * whole.width
    return replace(whole, width=first), replace(whole, x=whole.x + first + 0.5, width=whole.width - first - 0.5)


def _row(whole: Box, place: int, parts: int) -> Box:
    """One of the parts, counted from the top, that share a box, a little apart."""
    apart = 1.5 if parts > 1 else 0
    height = (whole.height - apart * (parts - 1)) / parts
    return replace(whole, y=whole.y + place * (height + apart), height=height)


def _column(whole: Box, place: int, parts: int) -> Box:
    """One of the parts, counted from the left, that stand side by side; more than one take a little more room."""
    width, apart = {1: (whole.width, 0.0), 2: (10.0, 0.5), 3: (7.5, 0.5)}[parts]
    right = whole.x + whole.width
    return replace(whole, x=right - (parts - place) * (width + apart) + apart, width=width)
