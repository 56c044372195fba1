"""Where everything in the network figure lies: plain arithmetic, in the units of the SVG's view box."""

from dataclasses import dataclass

from core.dropout.sites import SITES

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
    """The window of `count` steps from `first`, on `layers` (1 to 4)."""

    layers: int
    first: int
    count: int

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
        s, x = self.sizes, self.x(t) - self.bar / 2
        if site == "state":
            return self._upright(layer, t)
        if site == "cell":
            return Box(x, self.c(layer) - s.node / 2, self.bar, s.node)
        if site == "candidate":
            middle = (self.c(layer) + s.node / 2 + self.g(layer)) / 2
            return Box(x, middle - s.bar / 2, self.bar, s.bar)
        entered = layer + (SITES[site].layers == "last")
        return Box(x, self.bottom(entered) + s.gap, self.bar, s.bar)

    def _upright(self, layer: int, t: int) -> Box:
        node = self.sizes.node
        room = self.c(layer) - 10.5 - (self.h(layer) - node / 2 + 2)
        return Box(self.bend(t) - CORNER - THICKNESS, self.h(layer) - node / 2 + 2, THICKNESS, min(44, room), upright=True)

    def number(self, site: str, layer: int, t: int) -> tuple[float, float]:
        """Where the number of a crossing has its left end and its middle: right of the barcode."""
        box = self.box(site, layer, t)
        if box.upright:
            return box.x + box.width + 0.8, self.h(layer)
        return box.x + box.width + 2, box.y + box.height / 2
