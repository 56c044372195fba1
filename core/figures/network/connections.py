"""The connections of the network figure, dashed where masked, and the traced path along them."""

from collections.abc import Iterator

from core.dropout.sites import SITES, get_site_layers
from core.figures.network.labels import build_tooltip, label_link, list_active_sites
from core.figures.network.layout import CORNER_RADIUS, HALF_NODE_WIDTH, TOKEN_HEIGHT, Layout
from core.figures.network.scene import Scene
from core.figures.svg import format_path, group, tag


def render_links(scene: Scene, name: str) -> str:
    """Return one element for each stretch of connections and layer, over all steps of the window."""
    return "".join(_render_link(scene, name, site, layer) for site, layer in list_stretches(scene))


def list_stretches(scene: Scene) -> list[tuple[str, int]]:
    """Return the stretches of connections, each named by the site that lies on it, with its layer."""
    sites = [site for site in _STRETCH_PATHS if scene.has_carry or site != "cell"]
    return [(site, layer) for site in sites for layer in get_site_layers(SITES[site], scene.layers)]


def draw_stretch(scene: Scene, site: str, layer: int) -> str:
    """Return the path data of a stretch of connections, over all steps of the window."""
    draw = _draw_state_update if site == "candidate" and not scene.has_carry else _STRETCH_PATHS[site]
    return "".join(draw(scene.layout, layer, t) for t in scene.steps) + _draw_beyond_window(scene, site, layer)


def render_path(scene: Scene, name: str) -> str:
    """Return the traced path within the window, with an arrow where it enters or leaves the window."""
    line = tag("path", id=f"{name}-path", class_="net-path", d=" ".join(draw_route(scene)), pathLength="1")
    return group(line, clip_path=f"url(#{name}-window)") + "".join(_render_arrows(scene, name))


def is_on_path(scene: Scene, layer: int, t: int) -> bool:
    """Return whether the path is in this layer at step t."""
    return scene.climbs[layer - 1] <= t <= scene.climbs[layer]


def _render_link(scene: Scene, name: str, site: str, layer: int) -> str:
    d = draw_stretch(scene, site, layer)
    return group(
        tag("path", class_="net-reach", d=d),
        tag("path", class_="net-wire", d=d),
        id=f"{name}-link-{site}-{layer}",
        class_="net-link is-masked" if list_active_sites(scene, site, layer) else "net-link",
        role="img",
        tabindex="-1",
        data_site=site,
        data_layer=str(layer),
        data_tip="\n".join(build_tooltip(scene, site, layer)),
        aria_label=label_link(scene, site, layer),
    )


def _draw_beyond_window(scene: Scene, site: str, layer: int) -> str:
    # The connections in time that continue after the last step of the window.
    at, last = scene.layout, scene.layout.last
    if last + 1 == scene.shape.steps or site not in ("cell", "state"):
        return ""
    return _draw_carry(at, layer, last + 1) if site == "cell" else _draw_recurrence(at, layer, last + 1)


def _draw_input(at: Layout, layer: int, t: int) -> str:
    """Return the line from the layer below, or the input, to g."""
    below = at.top(layer - 1) if layer > 1 else at.input_top
    return _draw_vertical(at.x(t), below, at.g(layer))


def _draw_output(at: Layout, layer: int, t: int) -> str:
    """Return the line from the top layer to the prediction."""
    return _draw_vertical(at.x(t), at.top(layer), at.prediction_top + TOKEN_HEIGHT)


def _draw_write(at: Layout, layer: int, t: int) -> str:
    """Return the line from g into the cell."""
    return _draw_vertical(at.x(t), at.g(layer), at.c(layer))


def _draw_state_update(at: Layout, layer: int, t: int) -> str:
    """Return the line from g straight to the state, for cells without a carry."""
    return _draw_vertical(at.x(t), at.g(layer), at.h(layer))


def _draw_cell(at: Layout, layer: int, t: int) -> str:
    """Return the lines from the cell of the step before to this cell and from there up to its state."""
    return _draw_carry(at, layer, t) + _draw_vertical(at.x(t), at.c(layer), at.h(layer))


def _draw_carry(at: Layout, layer: int, t: int) -> str:
    return format_path("M", at.x(t - 1), at.c(layer), "H", at.x(t))


def _draw_recurrence(at: Layout, layer: int, t: int) -> str:
    """Return the curve from the state of the step before to g."""
    return format_path("M", at.x(t - 1) + HALF_NODE_WIDTH, at.h(layer), _draw_bends(at, layer, t))


def _draw_bends(at: Layout, layer: int, t: int) -> str:
    bend, r = at.bend(t), CORNER_RADIUS
    return format_path("H", bend - r, "q", r, 0, r, r, "V", at.g(layer) - r, "q", 0, r, r, r, "H", at.x(t))


def _draw_vertical(x: float, start: float, end: float) -> str:
    return format_path("M", x, start, "V", end)


_STRETCH_PATHS = {
    "input": _draw_input,
    "between": _draw_input,
    "output": _draw_output,
    "state": _draw_recurrence,
    "candidate": _draw_write,
    "cell": _draw_cell,
}


def draw_route(scene: Scene) -> Iterator[str]:
    """Yield the path data of the traced path."""
    at, climbs = scene.layout, scene.climbs
    yield format_path("M", at.x(climbs[0]), at.input_top)
    for layer in range(1, scene.layers + 1):
        yield format_path("V", at.c(layer))
        yield from _draw_along_time(scene, layer, climbs[layer - 1], climbs[layer])
        yield format_path("V", at.h(layer))
    yield format_path("V", at.prediction_top + TOKEN_HEIGHT)


def _draw_along_time(scene: Scene, layer: int, start: int, end: int) -> Iterator[str]:
    at = scene.layout
    if scene.through == "cell":
        yield format_path("H", at.x(end))
        return
    # Time steps outside the window are left out: they would all lie in the one column beside it.
    for t in range(max(start, at.first - 1) + 1, min(end, at.last + 1) + 1):
        yield format_path("V", at.h(layer), _draw_bends(at, layer, t), "V", at.c(layer))


def _render_arrows(scene: Scene, name: str) -> Iterator[str]:
    at = scene.layout
    for side, before, x in (("in", at.first - 1, at.left - 8), ("out", at.last, at.right - 5)):
        for layer in range(1, scene.layers + 1):
            if scene.climbs[layer - 1] <= before < scene.climbs[layer]:
                y = at.c(layer) if scene.through == "cell" else at.h(layer)
                d = format_path("M", x, y - 7, "l8 7l-8 7z")
                yield tag("path", id=f"{name}-path-{side}", class_="net-arrow", d=d)
