"""The connections of the network, masked ones dashed, and the path that is traced along them."""

from collections.abc import Iterator

from core.dropout.sites import SITES, layers_of
from core.figures.network.labels import link_says, masks_on, tooltip
from core.figures.network.layout import CORNER, HALF_NODE, TOKEN, Layout
from core.figures.network.scene import Scene
from core.figures.network.svg import group, number, tag


def links(scene: Scene, name: str) -> str:
    """One element for each stretch at each layer: the connections, over the whole window, on which its masks would act."""
    there = [site for site in _DRAW if scene.carries or site != "cell"]
    return "".join(_link(scene, name, site, layer) for site in there for layer in layers_of(SITES[site], scene.layers))


def trace(scene: Scene, name: str) -> str:
    """The traced path, as far as it lies within the window, and an arrow where it comes in or goes out."""
    line = tag("path", id=f"{name}-path", class_="net-path", d=" ".join(_route(scene)), pathLength="1")
    return group(line, clip_path=f"url(#{name}-window)") + "".join(_arrows(scene, name))


def on_path(scene: Scene, layer: int, t: int) -> bool:
    """Whether the path is at step t while it is in a layer."""
    return scene.climbs[layer - 1] <= t <= scene.climbs[layer]


def _link(scene: Scene, name: str, site: str, layer: int) -> str:
    draw = _tell if site == "candidate" and not scene.carries else _DRAW[site]
    d = "".join(draw(scene.layout, layer, t) for t in scene.steps) + _onward(scene, site, layer)
    return group(
        tag("path", class_="net-reach", d=d),
        tag("path", class_="net-wire", d=d),
        id=f"{name}-link-{site}-{layer}",
        class_="net-link is-masked" if masks_on(scene, site, layer) else "net-link",
        role="img",
        tabindex="-1",
        data_site=site,
        data_layer=str(layer),
        data_tip="\n".join(tooltip(scene, site, layer)),
        aria_label=link_says(scene, site, layer),
    )


def _onward(scene: Scene, site: str, layer: int) -> str:
    # What goes on along time after the window's last step.
    at, last = scene.layout, scene.layout.last
    if last + 1 == scene.shape.steps or site not in ("cell", "state"):
        return ""
    return _lane(at, layer, last + 1) if site == "cell" else _curve(at, layer, last + 1)


def _up(at: Layout, layer: int, t: int) -> str:
    """From the layer below, or the input, to where it meets the state."""
    below = at.top(layer - 1) if layer > 1 else at.read
    return _line(at.x(t), below, at.g(layer))


def _out(at: Layout, layer: int, t: int) -> str:
    """From the top layer to the prediction."""
    return _line(at.x(t), at.top(layer), at.predicted + TOKEN)


def _write(at: Layout, layer: int, t: int) -> str:
    """From g into the cell."""
    return _line(at.x(t), at.g(layer), at.c(layer))


def _tell(at: Layout, layer: int, t: int) -> str:
    """From where they meet straight to the state, where nothing else remembers."""
    return _line(at.x(t), at.g(layer), at.h(layer))


def _keep(at: Layout, layer: int, t: int) -> str:
    """The cell of the step before into this one, and this one up to its state: all that a mask on the cell changes."""
    return _lane(at, layer, t) + _line(at.x(t), at.c(layer), at.h(layer))


def _lane(at: Layout, layer: int, t: int) -> str:
    return f"M{number(at.x(t - 1))} {number(at.c(layer))}H{number(at.x(t))}"


def _curve(at: Layout, layer: int, t: int) -> str:
    """From the state of the step before to where it meets the input."""
    return f"M{number(at.x(t - 1) + HALF_NODE)} {number(at.h(layer))}{_turns(at, layer, t)}"


def _turns(at: Layout, layer: int, t: int) -> str:
    bend, r = at.bend(t), CORNER
    return f"H{number(bend - r)}q{r} 0 {r} {r}V{number(at.g(layer) - r)}q0 {r} {r} {r}H{number(at.x(t))}"


def _line(x: float, start: float, end: float) -> str:
    return f"M{number(x)} {number(start)}V{number(end)}"


_DRAW = {"input": _up, "between": _up, "output": _out, "state": _curve, "candidate": _write, "cell": _keep}


def _route(scene: Scene) -> Iterator[str]:
    at, climbs = scene.layout, scene.climbs
    yield f"M{number(at.x(climbs[0]))} {number(at.read)}"
    for layer in range(1, scene.layers + 1):
        yield f"V{number(at.c(layer))}"
        yield from _along(scene, layer, climbs[layer - 1], climbs[layer])
        yield f"V{number(at.h(layer))}"
    yield f"V{number(at.predicted + TOKEN)}"


def _along(scene: Scene, layer: int, start: int, end: int) -> Iterator[str]:
    at = scene.layout
    if scene.through == "cell":
        yield f"H{number(at.x(end))}"
        return
    # Hops outside the window would all lie in the one column beside it.
    for t in range(max(start, at.first - 1) + 1, min(end, at.last + 1) + 1):
        yield f"V{number(at.h(layer))}{_turns(at, layer, t)}V{number(at.c(layer))}"


def _arrows(scene: Scene, name: str) -> Iterator[str]:
    at = scene.layout
    for side, before, x in (("in", at.first - 1, at.left - 8), ("out", at.last, at.right - 5)):
        for layer in range(1, scene.layers + 1):
            if scene.climbs[layer - 1] <= before < scene.climbs[layer]:
                y = at.c(layer) if scene.through == "cell" else at.h(layer)
                d = f"M{number(x)} {number(y - 7)}l8 7l-8 7z"
                yield tag("path", id=f"{name}-path-{side}", class_="net-arrow", d=d)
