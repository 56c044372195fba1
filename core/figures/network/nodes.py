"""What the connections join: states and cells in their layers, the words read and predicted, the legend."""

from collections.abc import Iterator

from core.figures.network.connections import on_path
from core.figures.network.gate_routes import dotted, gates_say, letters
from core.figures.network.labels import climb_says, excerpt, input_says, outside, prediction_says
from core.figures.network.layout import CLOCK, HALF_NODE, NOTES, PLOT, TOKEN, WIDTH
from core.figures.network.scene import Scene
from core.figures.network.svg import group, label, number, shortened, tag, text, width_of
from core.i18n import _

_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SIZE = 14.0  # of all text that people read, in units of the view box
LINE = 15.0  # between two lines of it


def bands(scene: Scene) -> str:
    """A panel behind each layer, with the names of its lanes."""
    return "".join(_band(scene, layer) for layer in range(1, scene.layers + 1))


def nodes(scene: Scene) -> str:
    """h, and c where no barcode stands on it, of every layer and step."""
    every = [(layer, t) for layer in range(1, scene.layers + 1) for t in scene.steps]
    return "".join(_state(scene, layer, t) + _cell(scene, layer, t) for layer, t in every)


def joints(scene: Scene) -> str:
    """Where what is read and what is remembered meet."""
    at = scene.layout
    every = [(layer, t) for layer in range(1, scene.layers + 1) for t in scene.steps]
    return "".join(tag("circle", cx=at.x(t), cy=at.g(layer), r=2.5, class_="net-joint") for layer, t in every)


def words(scene: Scene, name: str) -> str:
    """The words at x_t, the predictions at y_t with what is right above them, and the steps."""
    at = scene.layout
    read = group(*(_input(scene, name, t) for t in scene.steps), id=f"{name}-inputs", role="group", aria_label=_("input"))
    told = group(
        *(_prediction(scene, name, t) for t in scene.steps), id=f"{name}-predictions", role="group", aria_label=_("predicts")
    )
    clock = "".join(label(f"{t}", at.x(t), CLOCK - at.slack, "net-mid net-soft") for t in scene.steps)
    rows = (
        (_("correct"), at.predicted - 7),
        (_("predicts"), at.predicted + 15.5),
        (_("input"), at.read + 15.5),
        (_("step t"), CLOCK - at.slack),
    )
    names = "".join(_fitted(row, 4, y, PLOT[0] - 8, "net-soft") for row, y in rows)
    return names + clock + read + told


def handles(scene: Scene, name: str) -> str:
    """What moves the climbs of the path between layers, one for each that lies within the window."""
    inner = range(1, scene.layers)
    return "".join(_handle(scene, name, layer) for layer in inner if scene.climbs[layer] in scene.steps)


def legend(scene: Scene, name: str) -> str:
    """The grammar of the figure in one line, and what its barcodes leave out."""
    x, parts = 4.0, []
    for sample, meaning in _grammar(scene):
        parts.append(group(sample, label(meaning, 27, 0, "net-soft"), transform=f"translate({number(x)} {NOTES})"))
        x += 27 + width_of(meaning, SIZE) + 12
    lines = _wrapped(excerpt(scene), WIDTH - 6 - x)
    first = NOTES + 5 - LINE * (len(lines) - 1) if len(lines) > 1 else NOTES
    note = "".join(label(line, WIDTH - 6, first + LINE * n, "net-end net-soft") for n, line in enumerate(lines))
    return group(*parts, note, id=f"{name}-legend")


def _wrapped(value: str, width: float) -> list[str]:
    """The text in one line, or in two that are as equal as can be."""
    cuts = [n for n, sign in enumerate(value) if sign == " "]
    if width_of(value, SIZE) <= width or not cuts:
        return [shortened(value, width, SIZE)]
    cut = min(cuts, key=lambda n: max(width_of(value[:n], SIZE), width_of(value[n:], SIZE)))
    return [shortened(line, width, SIZE) for line in (value[:cut], value[cut + 1 :])]


def _grammar(scene: Scene) -> Iterator[tuple[str, str]]:
    frame = tag("rect", x=0, y=-11, width=22, height=13, rx=3, class_="net-frame")
    filled, empty = (_("new value"), _("old value")) if scene.placement.zones else (_("kept"), _("dropped"))
    yield frame + tag("path", d="M5 -9v9M9 -9v9M13 -9v9M17 -9v9", class_="net-stripes"), filled
    yield frame, empty
    yield tag("path", d="M0 -4.5h22", class_="net-wire"), _("clean")
    yield group(tag("path", d="M0 -4.5h22", class_="net-wire"), class_="is-masked"), _("masked")
    yield tag("path", d="M0 -4.5h22", class_="net-path"), outside(scene) or _("path")
    if scene.gates and letters(scene.shape.cell):
        yield dotted(), gates_say(scene)


def _band(scene: Scene, layer: int) -> str:
    at = scene.layout
    top, bottom = at.top(layer) - 2, at.bottom(layer) + 1
    middle = (top + bottom) / 2
    return group(
        tag("rect", x=4, y=top, width=at.right - 4, height=bottom - top, rx=8, class_="net-band"),
        label(
            _("layer {n}").format(n=layer), 0, 0, "net-mid net-soft", transform=f"translate(17 {number(middle)}) rotate(-90)"
        ),
        _fitted(_("state"), 26, at.h(layer) + 4.5, 44, "net-soft"),
        _fitted(_("cell") if scene.shape.cell == "lstm" else _("carry"), 26, at.c(layer) + 4.5, 44, "net-soft")
        if scene.carries
        else "",
    )


def _state(scene: Scene, layer: int, t: int) -> str:
    at = scene.layout
    x, y, node = at.x(t), at.h(layer), at.sizes.node
    taken = on_path(scene, layer, t) and (scene.through == "state" or t == scene.climbs[layer])
    box = tag("rect", x=x - HALF_NODE, y=y - node / 2, width=2 * HALF_NODE, height=node, rx=5)
    if ("zoneout_state", layer) in scene.on:
        return ""
    return group(box, label("h", x, y + 4.5, "net-symbol"), class_=_kind("h", taken))


def _cell(scene: Scene, layer: int, t: int) -> str:
    at = scene.layout
    x, y, node = at.x(t), at.c(layer), at.sizes.node
    symbol = "c" if scene.shape.cell == "lstm" else "h"
    if not scene.carries:
        return ""
    if {("cell", layer), ("zoneout_cell", layer)} & set(scene.on):
        return _beside(scene, symbol, layer, t)
    oval = tag("rect", x=x - HALF_NODE - 1, y=y - node / 2, width=2 * HALF_NODE + 2, height=node, rx=node / 2)
    taken = on_path(scene, layer, t)
    return group(oval, label(symbol, x, y + 4.5, "net-symbol"), class_=_kind("c", taken))


def _beside(scene: Scene, symbol: str, layer: int, t: int) -> str:
    """The letter above the barcode that stands in the place of its circle, where there is room."""
    at = scene.layout
    base = at.c(layer) - at.sizes.node / 2 - 4
    free = base - SIZE + 3 > at.h(layer) + at.sizes.node / 2 and ("output_gate", layer) not in scene.on
    return label(symbol, at.x(t) + 10, base, "net-symbol") if free else ""


def _kind(symbol: str, taken: bool) -> str:
    return f"net-node net-{symbol}" + " is-taken" * taken


def _input(scene: Scene, name: str, t: int) -> str:
    at, source = scene.layout, t == scene.climbs[0]
    return _token(
        scene,
        scene.inputs[t],
        at.x(t),
        at.read,
        id=f"{name}-x-{t}",
        chosen=source,
        says=input_says(scene, t),
        kind="source",
        t=t,
    )


def _prediction(scene: Scene, name: str, t: int) -> str:
    at, target = scene.layout, t == scene.climbs[-1]
    nothing = "–" if scene.right[t] is None else f"y{str(t).translate(_LOWERED)}"  # not asked; not predicted yet
    token = _token(
        scene,
        scene.predicted[t] or nothing,
        at.x(t),
        at.predicted,
        id=f"{name}-y-{t}",
        chosen=target,
        says=prediction_says(scene, t),
        kind="target",
        t=t,
        empty=scene.predicted[t] is None,
    )
    return token + _verdict(scene, t)


def _verdict(scene: Scene, t: int) -> str:
    at, right = scene.layout, scene.right[t]
    if right is None:
        return ""
    x, y = at.x(t), at.predicted - 7
    if right == scene.predicted[t]:
        return tag("path", class_="net-tick", d=f"M{number(x - 6)} {number(y - 4)}l4 4 7 -9")
    return _fitted(right, x, y, at.pitch - 6, "net-mid net-soft")


def _token(
    scene: Scene, word: str, x: float, top: float, *, id: str, chosen: bool, says: str, kind: str, t: int, empty: bool = False
) -> str:
    width = scene.layout.pitch - 5
    box = tag("rect", x=x - width / 2, y=top, width=width, height=TOKEN, rx=6)
    states = " is-chosen" * chosen + " is-empty" * empty
    return group(
        box,
        _fitted(word, x, top + 15.5, width - 4, "net-mid"),
        id=id,
        class_="net-token" + states,
        role="button",
        tabindex="0" if chosen else "-1",
        aria_pressed="true" if chosen else "false",
        aria_label=says,
        data_kind=kind,
        data_t=str(t),
    )


def _fitted(word: str, x: float, y: float, width: float, kind: str) -> str:
    short = shortened(word, width, SIZE)
    full = tag("title", text(word)) if short != word else ""
    return tag("text", full + text(short), x=x, y=y, class_=kind) if word else ""


def _handle(scene: Scene, name: str, layer: int) -> str:
    at, climbs = scene.layout, scene.climbs
    x, y, node = at.x(climbs[layer]), at.h(layer), at.sizes.node
    upper, lower = at.g(layer + 1), at.c(layer) - node / 2
    hold = tag("rect", x=x - 10, y=upper, width=20, height=lower - upper, class_="net-hold")
    wide = 2 * HALF_NODE + 20
    ring = tag("rect", x=x - wide / 2, y=y - node / 2 - 1, width=wide, height=node + 2, rx=6, class_="net-ring")
    arrows = tag("path", d=f"M{number(x - 16)} {number(y - 5)}l-6 5 6 5zM{number(x + 16)} {number(y - 5)}l6 5 -6 5z")
    return group(
        hold,
        ring,
        arrows,
        id=f"{name}-climb-{layer}",
        class_="net-handle",
        role="slider",
        tabindex="0",
        aria_label=climb_says(scene, layer),
        aria_valuemin=str(climbs[layer - 1]),
        aria_valuenow=str(climbs[layer]),
        aria_valuemax=str(climbs[layer + 1]),
        data_climb=str(layer),
    )
