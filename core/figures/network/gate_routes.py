"""The routes through the gates in the network figure: dotted curves from g to each gate, and a dot where it multiplies."""

from collections.abc import Callable, Iterator

from core.dropout.cells import GATES
from core.figures.network.layout import Layout
from core.figures.network.scene import Scene
from core.figures.svg import format_path, group, label, tag
from core.i18n import _

CARRY_DISTANCE = 19  # from the middle of a column to where a gate multiplies the carry, left of the cell
CURVE_WIDTH = 32  # of the curve past the cell to the state
CURVE_HEIGHT = 13  # of the curve to the state of the step before
MAX_LAYERS_WITH_LETTERS = 2  # with more, letters do not fit beside the dots
# Position of a letter relative to the dot of its gate, clear of all connections.
_LETTER_OFFSETS = {"i": (8, -5), "f": (-2, -7), "o": (9, -4), "r": (0, 11), "z": (-2, -7)}
Point = tuple[float, float]


def render_gate_routes(scene: Scene, name: str) -> str:
    """Return the routes through the gates between source and target of the path, the only place with content of x_s.

    "" if they are not shown or the cell has no gates.
    """
    if not scene.gates or not list_gates(scene.shape.cell):
        return ""
    groups = (
        _render_gate(scene, name, gate, layer) for layer in range(1, scene.layers + 1) for gate in list_gates(scene.shape.cell)
    )
    return group(*groups, id=f"{name}-gates", role="img", aria_label=label_gate_routes(scene))


def list_gates(cell: str) -> tuple[str, ...]:
    """Return the letters of a cell's gates; a plain RNN has none."""
    return tuple(gate for gate in GATES[cell] if gate != "g")


def label_gate_routes(scene: Scene) -> str:
    """Return the label of the routes, for screen readers and the legend."""
    return _("through gates {letters}").format(letters=", ".join(list_gates(scene.shape.cell)))


def render_legend_sample() -> str:
    """Return the sample of the routes in the legend."""
    return tag("path", d="M0 -4.5h17", class_="net-gate") + tag("path", d="M20 -4.5h0", class_="net-valve")


def render_gate_letters(scene: Scene, name: str) -> str:
    """Return the letters of the gates beside their dots, to be drawn above the barcodes."""
    if not scene.gates or scene.layers > MAX_LAYERS_WITH_LETTERS:
        return ""
    groups = [
        label(gate, x + _LETTER_OFFSETS[gate][0], y + _LETTER_OFFSETS[gate][1], "net-letter")
        for layer in range(1, scene.layers + 1)
        for gate in list_gates(scene.shape.cell)
        for _curve, (x, y) in _list_curves(scene, gate, layer)
    ]
    return group(*groups, id=f"{name}-gate-letters", class_="net-letters", aria_hidden="true") if groups else ""


def _render_gate(scene: Scene, name: str, gate: str, layer: int) -> str:
    if not (curves := _list_curves(scene, gate, layer)):
        return ""
    dots = "".join(format_path("M", x, y, "h0") for _curve, (x, y) in curves)
    return group(
        tag("path", class_="net-gate", d="".join(curve for curve, _end in curves)),
        tag("path", class_="net-valve", d=dots),
        id=f"{name}-gate-{gate}-{layer}",
        data_gate=gate,
        data_layer=str(layer),
    )


def _list_curves(scene: Scene, gate: str, layer: int) -> list[tuple[str, Point]]:
    """Return the curves to where the gate multiplies, each with its end, at the steps between source and target."""
    steps = [t for t in scene.steps if scene.climbs[0] <= t <= scene.climbs[-1]]
    return [one for t in steps for one in _CURVES[scene.shape.cell, gate](scene.layout, layer, t)]


def _draw_input_gate(at: Layout, layer: int, t: int) -> Iterator[tuple[str, Point]]:
    """Yield the curve to the connection from g into the cell."""
    yield _draw_arc(at, layer, t, (at.x(t), (at.c(layer) + at.sizes.node / 2 + at.g(layer)) / 2), CURVE_WIDTH / 2)


def _draw_forget_gate(at: Layout, layer: int, t: int) -> Iterator[tuple[str, Point]]:
    """Yield the line to the carry of the step before, left of the cell."""
    end = (at.x(t) - CARRY_DISTANCE, at.c(layer))
    yield format_path("M", at.x(t), at.g(layer), "L", *end), end


def _draw_output_gate(at: Layout, layer: int, t: int) -> Iterator[tuple[str, Point]]:
    """Yield the curve to the connection from the cell to the state."""
    yield _draw_arc(at, layer, t, (at.x(t), (at.h(layer) + at.c(layer)) / 2), CURVE_WIDTH)


def _draw_reset_gate(at: Layout, layer: int, t: int) -> Iterator[tuple[str, Point]]:
    """Yield the curve to the recurrent input of the candidate."""
    x, y = at.x(t), at.g(layer)
    end, above = (x - CARRY_DISTANCE + 3, y), y - CURVE_HEIGHT
    yield format_path("M", x, y, "C", x, above, end[0], above, end[0], y), end


def _draw_update_gate(at: Layout, layer: int, t: int) -> Iterator[tuple[str, Point]]:
    """Yield the curves of z to the carry and of 1 - z to the candidate."""
    yield from _draw_forget_gate(at, layer, t)
    yield from _draw_input_gate(at, layer, t)


def _draw_arc(at: Layout, layer: int, t: int, end: Point, swing: float) -> tuple[str, Point]:
    x, y = at.x(t), at.g(layer)
    return format_path("M", x, y, "C", x + swing, y, x + swing, end[1], *end), end


_CURVES: dict[tuple[str, str], Callable[[Layout, int, int], Iterator[tuple[str, Point]]]] = {
    ("lstm", "i"): _draw_input_gate,
    ("lstm", "f"): _draw_forget_gate,
    ("lstm", "o"): _draw_output_gate,
    ("gru", "r"): _draw_reset_gate,
    ("gru", "z"): _draw_update_gate,
}
