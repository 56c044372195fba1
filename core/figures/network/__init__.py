"""The network figure: an LSTM unrolled over time and layers, every mask where it acts, one path traced through them."""

from core.figures.network.barcodes import barcodes, numbers
from core.figures.network.connections import links, trace
from core.figures.network.gate_routes import gate_letters, gates
from core.figures.network.labels import description
from core.figures.network.layout import HEIGHT, STACK, WIDTH
from core.figures.network.nodes import bands, handles, joints, legend, nodes, words
from core.figures.network.scene import Scene
from core.figures.network.style import style
from core.figures.network.svg import group, number, tag, text
from core.figures.theme import Theme
from core.i18n import _

__all__ = ["Scene", "network"]


def network(scene: Scene, theme: Theme, name: str = "network") -> str:
    """The figure as one SVG element, the same text for the same scene and theme. `name` begins all its ids.

    Each barcode is one <path>: data-site, data-layer, data-t say which mask it shows; data-first-unit and data-units
    which of its units; each "M<u> 0v1" in its d is a kept unit, u counted from 0 within the excerpt.
    """
    at = scene.layout
    frame = {"x": at.left, "y": STACK[0] - 40, "width": at.right - at.left, "height": STACK[1] - STACK[0] + 80}
    head = tag(
        "defs",
        tag("title", text(_("The network over time")), id=f"{name}-title"),
        tag("clipPath", tag("rect", **frame), id=f"{name}-window"),
    )
    return tag(
        "svg",
        head,
        tag("desc", text(description(scene)), id=f"{name}-desc"),
        tag("style", text(style(theme))),
        bands(scene),
        group(links(scene, name), clip_path=f"url(#{name}-window)"),
        joints(scene),
        gates(scene, name),
        trace(scene, name),
        nodes(scene),
        words(scene, name),
        handles(scene, name),
        barcodes(scene, name),
        numbers(scene, name),
        gate_letters(scene, name),
        legend(scene, name),
        xmlns="http://www.w3.org/2000/svg",
        id=name,
        class_="net",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="group",
        aria_labelledby=f"{name}-title",
        aria_describedby=f"{name}-desc",
        data_first=str(at.first),
        data_count=str(at.count),
        data_x=number(at.x(at.first)),
        data_pitch=f"{at.pitch:.4g}",
    )
