"""The routes through the gates, as a layer of their own over the connections: dotted, from where a cell reads what is new and
what was to each gate, and a dot where the gate multiplies."""

from collections.abc import Callable, Iterator

from core.dropout.masks import GATES
from core.figures.network.layout import Layout
from core.figures.network.scene import Scene
from core.figures.network.svg import group, label, number, tag
from core.i18n import _

SIDE = 19  # from the middle of a column to where a gate meets the carry, left of the cell
SWING = 32  # how far the curve to what is told swings out, past the cell
RISE = 13  # how high the curve to the state before rises
ROOMY = 2  # layers at most, that a letter has room beside every dot
# Where a letter stands, from the dot of its gate: where no wire runs.
_BESIDE = {"i": (8, -5), "f": (-2, -7), "o": (9, -4), "r": (0, 11), "z": (-2, -7)}
Point = tuple[float, float]


def gates(scene: Scene, name: str) -> str:
    """The layer, between the source of the path and its target: content of x_s is nowhere else. Empty where it is not shown, or
    the cell has no gates."""
    if not scene.gates or not letters(scene.shape.cell):
        return ""
    every = (_gate(scene, name, gate, layer) for layer in range(1, scene.layers + 1) for gate in letters(scene.shape.cell))
    return group(*every, id=f"{name}-gates", role="img", aria_label=gates_say(scene))


def letters(cell: str) -> tuple[str, ...]:
    """The gates of a cell, by their letters; those of a plain RNN are none."""
    return tuple(gate for gate in GATES[cell] if gate != "g")


def gates_say(scene: Scene) -> str:
    """The layer, for those who do not see it, and in the legend."""
    return _("through gates {letters}").format(letters=", ".join(letters(scene.shape.cell)))


def dotted() -> str:
    """What stands for the layer in the legend."""
    return tag("path", d="M0 -4.5h17", class_="net-gate") + tag("path", d="M20 -4.5h0", class_="net-valve")


def gate_letters(scene: Scene, name: str) -> str:
    """The letters of the gates beside their dots, above all else: below the barcodes they could not be read."""
    if not scene.gates or scene.layers > ROOMY:
        return ""
    every = [
        _letter(gate, *end)
        for layer in range(1, scene.layers + 1)
        for gate in letters(scene.shape.cell)
        for _curve, end in _drawn(scene, gate, layer)
    ]
    return group(*every, id=f"{name}-gate-letters", class_="net-letters", aria_hidden="true") if every else ""


def _gate(scene: Scene, name: str, gate: str, layer: int) -> str:
    if not (drawn := _drawn(scene, gate, layer)):
        return ""
    dots = "".join(f"M{number(x)} {number(y)}h0" for _curve, (x, y) in drawn)
    return group(
        tag("path", class_="net-gate", d="".join(curve for curve, _end in drawn)),
        tag("path", class_="net-valve", d=dots),
        id=f"{name}-gate-{gate}-{layer}",
        data_gate=gate,
        data_layer=str(layer),
    )


def _drawn(scene: Scene, gate: str, layer: int) -> list[tuple[str, Point]]:
    """Each curve to where the gate multiplies, and that place, at the steps between source and target."""
    steps = [t for t in scene.steps if scene.climbs[0] <= t <= scene.climbs[-1]]
    return [one for t in steps for one in _CURVES[scene.shape.cell, gate](scene.layout, layer, t)]


def _letter(gate: str, x: float, y: float) -> str:
    across, down = _BESIDE[gate]
    return label(gate, x + across, y + down, "net-letter")


def _writes(at: Layout, layer: int, t: int) -> Iterator[tuple[str, Point]]:
    """To what is written, on its way from g into the cell."""
    yield _arc(at, layer, t, (at.x(t), (at.c(layer) + at.sizes.node / 2 + at.g(layer)) / 2), SWING / 2)


def _keeps(at: Layout, layer: int, t: int) -> Iterator[tuple[str, Point]]:
    """To what is carried over from the step before, where it comes to the cell."""
    end = (at.x(t) - SIDE, at.c(layer))
    yield f"M{number(at.x(t))} {number(at.g(layer))}L{number(end[0])} {number(end[1])}", end


def _tells(at: Layout, layer: int, t: int) -> Iterator[tuple[str, Point]]:
    """To what is told, on its way from the cell to the state."""
    yield _arc(at, layer, t, (at.x(t), (at.h(layer) + at.c(layer)) / 2), SWING)


def _resets(at: Layout, layer: int, t: int) -> Iterator[tuple[str, Point]]:
    """To what the candidate sees of the state before."""
    x, y = at.x(t), at.g(layer)
    end, above = (x - SIDE + 3, y), number(y - RISE)
    yield f"M{number(x)} {number(y)}C{number(x)} {above} {number(end[0])} {above} {number(end[0])} {number(y)}", end


def _updates(at: Layout, layer: int, t: int) -> Iterator[tuple[str, Point]]:
    """z to what is carried over, 1 - z to what is written."""
    yield from _keeps(at, layer, t)
    yield from _writes(at, layer, t)


def _arc(at: Layout, layer: int, t: int, end: Point, swing: float) -> tuple[str, Point]:
    x, y = at.x(t), at.g(layer)
    side = number(x + swing)
    return f"M{number(x)} {number(y)}C{side} {number(y)} {side} {number(end[1])} {number(end[0])} {number(end[1])}", end


_CURVES: dict[tuple[str, str], Callable[[Layout, int, int], Iterator[tuple[str, Point]]]] = {
    ("lstm", "i"): _writes,
    ("lstm", "f"): _keeps,
    ("lstm", "o"): _tells,
    ("gru", "r"): _resets,
    ("gru", "z"): _updates,
}
