"""The layout of the network figure: the positions of all parts in units of the SVG's view box."""

from dataclasses import dataclass, replace
from functools import cached_property

WIDTH, HEIGHT = 760, 460
LANES_RANGE = (70, 750)  # left and right end of the lanes
TOKEN_HEIGHT = 22  # height of a word's box
PREDICTION_TOP, INPUT_TOP = 24, 384  # tops of the boxes at y_t and at x_t
LAYERS_RANGE = (PREDICTION_TOP + TOKEN_HEIGHT, INPUT_TOP)  # top and bottom of the space for all layers
TIME_LABEL_Y, LEGEND_Y = 421, 450  # baselines of the time labels and of the legend
MAX_STEP_WIDTH, MAX_LAYER_HEIGHT = 110, 176  # at most: width of a step, height of a layer
MAX_BARCODE_LENGTH = 48  # length of a barcode, at most
UPRIGHT_WIDTH = 13  # of a barcode that stands upright
HALF_NODE_WIDTH = 13  # half the width of an h or c
# The sites that lie on one stretch of a connection, in the order in which content meets them.
SLOTS = {
    "enter": ("words", "input", "between", "input_weights"),
    "write": ("candidate", "input_gate"),
    "memory": ("cell", "zoneout_cell"),
    "carry": ("forget_gate", "update_gate"),
    "tell": ("output_gate",),
    "state": ("zoneout_state",),
    "past": ("whole_state",),
    "back": ("state", "recurrent_weights", "reset_gate"),
    "leave": ("output",),
}
BEND_DISTANCE = 3.5  # gap between the bend of a state curve and the barcodes of its column
CORNER_RADIUS = 6.5  # radius of its bends


@dataclass(frozen=True)
class Sizes:
    """Heights. bar: of a horizontal barcode. gap: above and below it. node: of h and c. count: of a crossing's number."""

    bar: float
    gap: float
    node: float
    count: float


SIZES = {1: Sizes(20, 26, 28, 17), 2: Sizes(17, 10, 24, 17), 3: Sizes(13, 5.5, 20, 16.5), 4: Sizes(11, 3, 18, 15.5)}


@dataclass(frozen=True)
class Box:
    """Left, top, width and height of a barcode. upright: whether content crosses it from left to right."""

    x: float
    y: float
    width: float
    height: float
    upright: bool = False


@dataclass(frozen=True)
class Layout:
    """The layout of `count` steps from `first` on `layers` layers (1 to 4).

    active: the active (site, layer) pairs; sites on the same stretch of a connection share its space.
    """

    layers: int
    first: int
    count: int
    active: frozenset[tuple[str, int]] = frozenset()

    @cached_property
    def last(self) -> int:
        """Return the last step of the window."""
        return self.first + self.count - 1

    @property
    def sizes(self) -> Sizes:
        """Return the heights that fit this number of layers."""
        return SIZES[self.layers]

    @cached_property
    def pitch(self) -> float:
        """Return the width of a step."""
        return min(MAX_STEP_WIDTH, (LANES_RANGE[1] - LANES_RANGE[0] - 14) / self.count)

    @cached_property
    def bar(self) -> float:
        """Return the length of a barcode."""
        return min(MAX_BARCODE_LENGTH, 0.64 * self.pitch)

    @cached_property
    def core(self) -> float:
        """Return the height of a layer, from its h to its g."""
        s = self.sizes
        return min(
            MAX_LAYER_HEIGHT, (LAYERS_RANGE[1] - LAYERS_RANGE[0] - (self.layers + 1) * (2 * s.gap + s.bar)) / self.layers
        )

    @cached_property
    def slack(self) -> float:
        """Return the unused height above, which equals that below."""
        s = self.sizes
        used = (self.layers + 1) * (2 * s.gap + s.bar) + self.layers * self.core
        return (LAYERS_RANGE[1] - LAYERS_RANGE[0] - used) / 2

    def x(self, t: int) -> float:
        """Return the middle of step t; steps outside the window lie one column beside it."""
        within = min(max(t, self.first - 1), self.last + 1) - self.first
        middle = (LANES_RANGE[0] + LANES_RANGE[1]) / 2
        return middle + (within - (self.count - 1) / 2) * self.pitch

    @property
    def left(self) -> float:
        """Return the left end of the lanes."""
        return self.x(self.first) - self.pitch / 2 - 8

    @property
    def right(self) -> float:
        """Return the right end of the lanes."""
        return self.x(self.last) + self.pitch / 2 + 6

    @cached_property
    def input_top(self) -> float:
        """Return the top of the boxes at x_t."""
        return INPUT_TOP - self.slack

    @cached_property
    def prediction_top(self) -> float:
        """Return the top of the boxes at y_t."""
        return PREDICTION_TOP + self.slack

    def bottom(self, layer: int) -> float:
        """Return the lower end of a layer; for layer L + 1, of the space of the output's barcode."""
        s = self.sizes
        return self.input_top - (2 * s.gap + s.bar) - (layer - 1) * (self.core + 2 * s.gap + s.bar)

    def top(self, layer: int) -> float:
        """Return the upper end of a layer."""
        return self.bottom(layer) - self.core

    def h(self, layer: int) -> float:
        """Return the middle of the state lane."""
        return self.top(layer) + self.sizes.node / 2

    def g(self, layer: int) -> float:
        """Return the height of g, where input and recurrent state meet."""
        return self.bottom(layer) - 4

    def c(self, layer: int) -> float:
        """Return the middle of the cell lane."""
        return self.h(layer) + 0.53 * (self.g(layer) - self.h(layer))

    def bend(self, t: int) -> float:
        """Return where the curve from h of step t - 1 turns down towards g of step t."""
        return self.x(t) - self.bar / 2 - BEND_DISTANCE

    def place_mask(self, site: str, layer: int, t: int) -> Box:
        """Return the box of a mask, at the place where it multiplies."""
        slot = next(name for name, sites in SLOTS.items() if site in sites)
        sites = self._list_sites(slot, layer, site)
        box, place = self._slot(slot, layer, t, crowded=len(sites) > 1), sites.index(site)
        if slot == "memory" and len(sites) > 1:
            return _split_lane(box)[place]
        # Content passes upright barcodes to the right and all others upwards.
        if not box.upright:
            return _split_height(box, len(sites) - 1 - place, len(sites))
        columns = self._count_columns(slot, layer, len(sites))
        return _split_width(box, 0 if slot == "past" else columns - len(sites) + place, columns)

    def _list_sites(self, slot: str, layer: int, site: str = "") -> list[str]:
        """Return the active sites of a slot, and `site`, in the order in which content meets them."""
        return [name for name in SLOTS[slot] if name == site or (name, layer) in self.active]

    def _count_columns(self, slot: str, layer: int, sites: int) -> int:
        """Return how many upright barcodes stand side by side: one across both lanes stands left of those on one of them."""
        beside = max(len(self._list_sites(lane, layer)) for lane in ("back", "carry"))
        if slot == "past":
            return 1 + beside
        return 1 + max(sites, beside) if self._list_sites("past", layer) else sites

    def _slot(self, slot: str, layer: int, t: int, crowded: bool) -> Box:
        s, x, h, c = self.sizes, self.x(t) - self.bar / 2, self.h(layer), self.c(layer)
        if slot in ("past", "back", "carry"):
            return self._upright(layer, t, slot)
        if slot == "memory":
            return Box(x, c - s.node / 2, self.bar, s.node)
        if slot == "state":
            return Box(self.x(t) - HALF_NODE_WIDTH, h - s.node / 2, 2 * HALF_NODE_WIDTH, s.node)
        if slot in ("write", "tell"):
            top, bottom = (c, self.g(layer) + s.node / 2) if slot == "write" else (h, c)
            room = bottom - top - s.node
            height = room - 2 if crowded else min(s.bar, room - 1.5)
            return Box(x, (top + bottom - height) / 2, self.bar, height)
        low = self.bottom(layer + (slot == "leave"))
        return Box(x, low + 1, self.bar, 2 * s.gap + s.bar - 2) if crowded else Box(x, low + s.gap, self.bar, s.bar)

    def _upright(self, layer: int, t: int, slot: str) -> Box:
        x, node = self.bend(t) - CORNER_RADIUS - UPRIGHT_WIDTH, self.sizes.node
        if slot == "carry":
            return Box(x, self.c(layer) - node / 2, UPRIGHT_WIDTH, node, upright=True)
        top = self.h(layer) - node / 2 + 2
        height = self.c(layer) + node / 2 - top if slot == "past" else min(44, self.c(layer) - 10.5 - top)
        return Box(x, top, UPRIGHT_WIDTH, height, upright=True)

    def place_number(self, site: str, layer: int, t: int, width: float) -> tuple[float, float]:
        """Return left end and vertical middle of the number of a crossing, `width` wide.

        It stands right of its barcode; the second of several on one stretch left of it or above; on the carry below it; of a
        barcode across both lanes between them.
        """
        box, between = self.place_mask(site, layer, t), self.x(t) - self.pitch / 2 - width / 2
        slot = next(name for name, sites in SLOTS.items() if site in sites)
        before = self._list_sites(slot, layer, site).index(site)
        beside = self.bend(t) - CORNER_RADIUS + 0.8
        if slot == "carry":
            return between, box.y + box.height + 1 + self.sizes.count / 2
        if slot == "past":
            return beside, (self.h(layer) + self.c(layer)) / 2
        if slot == "back":
            before += len(self._list_sites("past", layer))
            above = self.h(layer) - self.sizes.node / 2 - (before - 0.5) * self.sizes.count
            return (between, above) if before else (beside, self.h(layer))
        left = box.x - width - 2 if before % 2 else box.x + box.width + 2
        return left, box.y + box.height / 2 + self._beside_carry(slot, box, layer)

    def _beside_carry(self, slot: str, box: Box, layer: int) -> float:
        """Return the vertical shift of a number that keeps it clear of the barcodes on the carry."""
        half, middle, node = self.sizes.count / 2, box.y + box.height / 2, self.sizes.node / 2
        if slot == "tell":
            return min(0.0, self.c(layer) - node - half - middle)
        return max(0.0, self.c(layer) + node + half - middle) if slot == "write" else 0.0


def _split_lane(box: Box) -> tuple[Box, Box]:
    """Return two boxes side by side; the vertical connection in the middle of the column crosses the first."""
    first = 0.58 * box.width
    return replace(box, width=first), replace(box, x=box.x + first + 0.5, width=box.width - first - 0.5)


def _split_height(box: Box, place: int, parts: int) -> Box:
    """Return part number `place`, from the top, of a box that is divided into rows."""
    apart = 1.5 if parts > 1 else 0
    height = (box.height - apart * (parts - 1)) / parts
    return replace(box, y=box.y + place * (height + apart), height=height)


def _split_width(box: Box, place: int, parts: int) -> Box:
    """Return part number `place`, from the left, of a box that is divided into columns; several exceed its width."""
    width, apart = {1: (box.width, 0.0), 2: (10.0, 0.5), 3: (6.8, 0.5), 4: (5.0, 0.5)}[parts]
    right = box.x + box.width
    return replace(box, x=right - (parts - place) * (width + apart) + apart, width=width)
