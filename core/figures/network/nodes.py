"""The nodes of the network figure: layer bands, states and cells, inputs and predictions, climb handles, the legend."""

from collections.abc import Iterator

from core.figures.dot_picture import is_dot_picture, render_dot_picture
from core.figures.network.connections import is_on_path
from core.figures.network.gate_routes import label_gate_routes, list_gates, render_legend_sample
from core.figures.network.labels import (
    describe_outside_crossings,
    describe_visible_units,
    label_climb,
    label_input,
    label_prediction,
)
from core.figures.network.layout import HALF_NODE_WIDTH, LANES_RANGE, LEGEND_Y, TIME_LABEL_Y, TOKEN_HEIGHT, WIDTH
from core.figures.network.scene import Scene
from core.figures.svg import escape_text, estimate_width, format_coordinate, format_path, group, label, shorten, tag
from core.i18n import _

_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
PICTURE_HEIGHT = 18.0  # of a picture in a word's box, in units of the view box
FONT_SIZE = 14.0  # in units of the view box
LINE_HEIGHT = 15.0  # in units of the view box


def render_layer_bands(scene: Scene) -> str:
    """Return a panel behind each layer, with the names of its lanes."""
    return "".join(_render_layer_band(scene, layer) for layer in range(1, scene.layers + 1))


def render_nodes(scene: Scene) -> str:
    """Return h and c of every layer and step, except where a barcode takes their place."""
    positions = [(layer, t) for layer in range(1, scene.layers + 1) for t in scene.steps]
    return "".join(_render_state(scene, layer, t) + _render_cell(scene, layer, t) for layer, t in positions)


def render_joints(scene: Scene) -> str:
    """Return a dot at every g, where input and recurrent state meet."""
    at = scene.layout
    positions = [(layer, t) for layer in range(1, scene.layers + 1) for t in scene.steps]
    return "".join(tag("circle", cx=at.x(t), cy=at.g(layer), r=2.5, class_="net-joint") for layer, t in positions)


def render_tokens(scene: Scene, name: str) -> str:
    """Return the inputs at x_t, the predictions at y_t with the targets above them, and the step numbers."""
    at = scene.layout
    inputs = group(
        *(_render_input(scene, name, t) for t in scene.steps), id=f"{name}-inputs", role="group", aria_label=_("input")
    )
    predictions = group(
        *(_render_prediction(scene, name, t) for t in scene.steps),
        id=f"{name}-predictions",
        role="group",
        aria_label=_("predicts"),
    )
    clock = "".join(label(f"{t}", at.x(t), TIME_LABEL_Y - at.slack, "net-mid net-soft") for t in scene.steps)
    rows = (
        (_("correct"), at.prediction_top - 7),
        (_("predicts"), at.prediction_top + 15.5),
        (_("input"), at.input_top + 15.5),
        (_("step t"), TIME_LABEL_Y - at.slack),
    )
    names = "".join(_render_fitted_text(row, 4, y, LANES_RANGE[0] - 8, "net-soft") for row, y in rows)
    return names + clock + inputs + predictions


def render_climb_handles(scene: Scene, name: str) -> str:
    """Return a handle for each climb of the path between layers within the window."""
    inner = range(1, scene.layers)
    return "".join(_render_climb_handle(scene, name, layer) for layer in inner if scene.climbs[layer] in scene.steps)


def render_legend(scene: Scene, name: str) -> str:
    """Return the legend in one line, with a note on the units that the barcodes leave out."""
    x, parts = 4.0, []
    for sample, meaning in _list_legend_entries(scene):
        parts.append(
            group(sample, label(meaning, 27, 0, "net-soft"), transform=f"translate({format_coordinate(x)} {LEGEND_Y})")
        )
        x += 27 + estimate_width(meaning, FONT_SIZE) + 12
    lines = _wrap(describe_visible_units(scene), WIDTH - 6 - x)
    first = LEGEND_Y + 5 - LINE_HEIGHT * (len(lines) - 1) if len(lines) > 1 else LEGEND_Y
    note = "".join(label(line, WIDTH - 6, first + LINE_HEIGHT * n, "net-end net-soft") for n, line in enumerate(lines))
    return group(*parts, note, id=f"{name}-legend")


def _wrap(value: str, width: float) -> list[str]:
    """Return the text in one line, or in two lines of about equal width."""
    cuts = [n for n, sign in enumerate(value) if sign == " "]
    if estimate_width(value, FONT_SIZE) <= width or not cuts:
        return [shorten(value, width, FONT_SIZE)]
    cut = min(cuts, key=lambda n: max(estimate_width(value[:n], FONT_SIZE), estimate_width(value[n:], FONT_SIZE)))
    return [shorten(line, width, FONT_SIZE) for line in (value[:cut], value[cut + 1 :])]


def _list_legend_entries(scene: Scene) -> Iterator[tuple[str, str]]:
    frame = tag("rect", x=0, y=-11, width=22, height=13, rx=3, class_="net-frame")
    filled, empty = (_("new value"), _("old value")) if scene.placement.is_zoneout else (_("kept"), _("dropped"))
    yield frame + tag("path", d="M5 -9v9M9 -9v9M13 -9v9M17 -9v9", class_="net-stripes"), filled
    yield frame, empty
    yield tag("path", d="M0 -4.5h22", class_="net-wire"), _("clean")
    yield group(tag("path", d="M0 -4.5h22", class_="net-wire"), class_="is-masked"), _("masked")
    yield tag("path", d="M0 -4.5h22", class_="net-path"), describe_outside_crossings(scene) or _("path")
    if scene.gates and list_gates(scene.shape.cell):
        yield render_legend_sample(), label_gate_routes(scene)


def _render_layer_band(scene: Scene, layer: int) -> str:
    at = scene.layout
    top, bottom = at.top(layer) - 2, at.bottom(layer) + 1
    middle = (top + bottom) / 2
    return group(
        tag("rect", x=4, y=top, width=at.right - 4, height=bottom - top, rx=8, class_="net-band"),
        label(
            _("layer {n}").format(n=layer),
            0,
            0,
            "net-mid net-soft",
            transform=f"translate(17 {format_coordinate(middle)}) rotate(-90)",
        ),
        _render_fitted_text(_("state"), 26, at.h(layer) + 4.5, 44, "net-soft"),
        _render_fitted_text(_("cell") if scene.shape.cell == "lstm" else _("carry"), 26, at.c(layer) + 4.5, 44, "net-soft")
        if scene.has_carry
        else "",
    )


def _render_state(scene: Scene, layer: int, t: int) -> str:
    at = scene.layout
    x, y, node = at.x(t), at.h(layer), at.sizes.node
    taken = is_on_path(scene, layer, t) and (scene.through == "state" or t == scene.climbs[layer])
    box = tag("rect", x=x - HALF_NODE_WIDTH, y=y - node / 2, width=2 * HALF_NODE_WIDTH, height=node, rx=5)
    if ("zoneout_state", layer) in scene.active_rates:
        return ""
    return group(box, label("h", x, y + 4.5, "net-symbol"), class_=_node_class("h", taken))


def _render_cell(scene: Scene, layer: int, t: int) -> str:
    at = scene.layout
    x, y, node = at.x(t), at.c(layer), at.sizes.node
    symbol = "c" if scene.shape.cell == "lstm" else "h"
    if not scene.has_carry:
        return ""
    if {("cell", layer), ("zoneout_cell", layer)} & set(scene.active_rates):
        return _render_symbol_above(scene, symbol, layer, t)
    oval = tag("rect", x=x - HALF_NODE_WIDTH - 1, y=y - node / 2, width=2 * HALF_NODE_WIDTH + 2, height=node, rx=node / 2)
    taken = is_on_path(scene, layer, t)
    return group(oval, label(symbol, x, y + 4.5, "net-symbol"), class_=_node_class("c", taken))


def _render_symbol_above(scene: Scene, symbol: str, layer: int, t: int) -> str:
    """Return the letter above the barcode that takes the place of its node, if there is room."""
    at = scene.layout
    base = at.c(layer) - at.sizes.node / 2 - 4
    free = base - FONT_SIZE + 3 > at.h(layer) + at.sizes.node / 2 and ("output_gate", layer) not in scene.active_rates
    return label(symbol, at.x(t) + 10, base, "net-symbol") if free else ""


def _node_class(symbol: str, taken: bool) -> str:
    return f"net-node net-{symbol}" + " is-taken" * taken


def _render_input(scene: Scene, name: str, t: int) -> str:
    at, source = scene.layout, t == scene.climbs[0]
    return _render_token(
        scene,
        scene.inputs[t],
        at.x(t),
        at.input_top,
        id=f"{name}-x-{t}",
        chosen=source,
        description=label_input(scene, t),
        kind="source",
        t=t,
    )


def _render_prediction(scene: Scene, name: str, t: int) -> str:
    at, target = scene.layout, t == scene.climbs[-1]
    nothing = "–" if scene.targets[t] is None else f"y{str(t).translate(_LOWERED)}"  # no target; no prediction yet
    token = _render_token(
        scene,
        scene.predictions[t] or nothing,
        at.x(t),
        at.prediction_top,
        id=f"{name}-y-{t}",
        chosen=target,
        description=label_prediction(scene, t),
        kind="target",
        t=t,
        empty=scene.predictions[t] is None,
    )
    return token + _render_target(scene, t)


def _render_target(scene: Scene, t: int) -> str:
    at, target = scene.layout, scene.targets[t]
    if target is None:
        return ""
    x, y = at.x(t), at.prediction_top - 7
    if target == scene.predictions[t]:
        return tag("path", class_="net-tick", d=format_path("M", x - 6, y - 4, "l4 4 7 -9"))
    return _render_fitted_text(target, x, y, at.pitch - 6, "net-mid net-soft")


def _render_token(
    scene: Scene,
    word: str,
    x: float,
    top: float,
    *,
    id: str,
    chosen: bool,
    description: str,
    kind: str,
    t: int,
    empty: bool = False,
) -> str:
    width = scene.layout.pitch - 5
    box = tag("rect", x=x - width / 2, y=top, width=width, height=TOKEN_HEIGHT, rx=6)
    states = " is-chosen" * chosen + " is-empty" * empty
    inset = (TOKEN_HEIGHT - PICTURE_HEIGHT) / 2
    picture = render_dot_picture(word, x, top + inset, PICTURE_HEIGHT) if is_dot_picture(word) else ""
    return group(
        box,
        picture or _render_fitted_text(word, x, top + 15.5, width - 4, "net-mid"),
        id=id,
        class_="net-token" + states,
        role="button",
        tabindex="0" if chosen else "-1",
        aria_pressed="true" if chosen else "false",
        aria_label=description,
        data_kind=kind,
        data_t=str(t),
    )


def _render_fitted_text(value: str, x: float, y: float, width: float, class_: str) -> str:
    short = shorten(value, width, FONT_SIZE)
    title = tag("title", escape_text(value)) if short != value else ""
    return tag("text", title + escape_text(short), x=x, y=y, class_=class_) if value else ""


def _render_climb_handle(scene: Scene, name: str, layer: int) -> str:
    at, climbs = scene.layout, scene.climbs
    x, y, node = at.x(climbs[layer]), at.h(layer), at.sizes.node
    upper, lower = at.g(layer + 1), at.c(layer) - node / 2
    hold = tag("rect", x=x - 10, y=upper, width=20, height=lower - upper, class_="net-hold")
    wide = 2 * HALF_NODE_WIDTH + 20
    ring = tag("rect", x=x - wide / 2, y=y - node / 2 - 1, width=wide, height=node + 2, rx=6, class_="net-ring")
    arrows = tag(
        "path",
        d=format_path("M", x - 16, y - 5, "l-6 5 6 5zM", x + 16, y - 5, "l6 5 -6 5z"),
    )
    return group(
        hold,
        ring,
        arrows,
        id=f"{name}-climb-{layer}",
        class_="net-handle",
        role="slider",
        tabindex="0",
        aria_label=label_climb(scene, layer),
        aria_valuemin=str(climbs[layer - 1]),
        aria_valuenow=str(climbs[layer]),
        aria_valuemax=str(climbs[layer + 1]),
        data_climb=str(layer),
    )
