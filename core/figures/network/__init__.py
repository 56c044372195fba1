"""The network figure: a recurrent network unrolled over time and layers, with its masks and one traced path, as SVG."""

from core.figures.network.barcodes import render_barcodes, render_crossing_numbers
from core.figures.network.connections import render_links, render_path
from core.figures.network.gate_routes import render_gate_letters, render_gate_routes
from core.figures.network.labels import describe_network
from core.figures.network.layout import HEIGHT, LAYERS_RANGE, WIDTH
from core.figures.network.nodes import (
    render_climb_handles,
    render_joints,
    render_layer_bands,
    render_legend,
    render_nodes,
    render_tokens,
)
from core.figures.network.scene import Scene
from core.figures.network.style import build_style_sheet
from core.figures.svg import escape_text, format_coordinate, group, tag
from core.figures.theme import Theme
from core.i18n import _

__all__ = ["Scene", "network"]


def render_network(scene: Scene, theme: Theme, name: str = "network") -> str:
    """Return the figure as one SVG element, the same text for the same scene and theme. name: prefix of all ids.

    Each barcode is one <path>: data-site, data-layer and data-t name its mask, data-first-unit and data-units the units
    shown; each "M<u> 0v1" in its d is a kept unit, u counted from 0.
    """
    at = scene.layout
    frame = {
        "x": at.left,
        "y": LAYERS_RANGE[0] - 40,
        "width": at.right - at.left,
        "height": LAYERS_RANGE[1] - LAYERS_RANGE[0] + 80,
    }
    head = tag(
        "defs",
        tag("title", escape_text(_("The network over time")), id=f"{name}-title"),
        tag("clipPath", tag("rect", **frame), id=f"{name}-window"),
    )
    return tag(
        "svg",
        head,
        tag("desc", escape_text(describe_network(scene)), id=f"{name}-desc"),
        tag("style", escape_text(build_style_sheet(theme))),
        render_layer_bands(scene),
        group(render_links(scene, name), clip_path=f"url(#{name}-window)"),
        render_joints(scene),
        render_gate_routes(scene, name),
        render_path(scene, name),
        render_nodes(scene),
        render_tokens(scene, name),
        render_climb_handles(scene, name),
        render_barcodes(scene, name),
        render_crossing_numbers(scene, name),
        render_gate_letters(scene, name),
        render_legend(scene, name),
        xmlns="http://www.w3.org/2000/svg",
        id=name,
        class_="net",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="group",
        aria_labelledby=f"{name}-title",
        aria_describedby=f"{name}-desc",
        data_first=str(at.first),
        data_count=str(at.count),
        data_x=format_coordinate(at.x(at.first)),
        data_pitch=f"{at.pitch:.4g}",
    )
