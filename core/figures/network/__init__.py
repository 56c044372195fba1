"""The network figure: a recurrent network unrolled over time and layers, with its masks and one traced path, as SVG."""

from collections.abc import Hashable
from threading import Lock

from cachetools import LRUCache, cached

from core.experiment.memory_size import estimate_bytes
from core.figures.network.barcodes import fill_barcodes, render_blank_barcodes, render_crossing_numbers
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
from core.i18n import _, get_catalogue
from core.tasks.file_caches import register_file_cache

__all__ = ["Scene", "network"]


def render_network(scene: Scene, theme: Theme, name: str = "network") -> str:
    """Return the figure as one SVG element, the same text for the same scene and theme. name: prefix of all ids.

    Each barcode is one <path>: data-site, data-layer and data-t name its mask, data-first-unit and data-units the units
    shown; each "M<u> 0v1" in its d is a kept unit, u counted from 0.
    """
    at = scene.layout
    behind, handles, barcodes, front = _render_unmasked(scene, theme, name)
    return tag(
        "svg",
        behind,
        render_tokens(scene, name),
        handles,
        fill_barcodes(scene, barcodes),
        front,
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


def _get_key(scene: Scene, theme: Theme, name: str) -> Hashable:
    """Return all that `_render_unmasked` depends on, the language included."""
    units = tuple(scene.units(site, layer) for site, layer in scene.active_rates)
    where = scene.first, scene.count, tuple(scene.climbs), scene.through, scene.gates
    return scene.placement, scene.shape, where, units, theme, name, get_catalogue()


# Most of the figure is the same at every update, and in all visits with the same experiment.
@register_file_cache
@cached(LRUCache(12 * 2**20, estimate_bytes), key=_get_key, lock=Lock())
def _render_unmasked(scene: Scene, theme: Theme, name: str) -> tuple[str, str, tuple[str, ...], str]:
    """Return the parts that no update changes, in pieces.

    They are what lies behind the words, the handles, the barcodes without their stripes, and what lies in front of them.
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
    behind = (
        head,
        tag("desc", escape_text(describe_network(scene)), id=f"{name}-desc"),
        tag("style", escape_text(build_style_sheet(theme))),
        render_layer_bands(scene),
        group(render_links(scene, name), clip_path=f"url(#{name}-window)"),
        render_joints(scene),
        render_gate_routes(scene, name),
        render_path(scene, name),
        render_nodes(scene),
    )
    front = (render_crossing_numbers(scene, name), render_gate_letters(scene, name), render_legend(scene, name))
    return "".join(behind), render_climb_handles(scene, name), render_blank_barcodes(scene, name), "".join(front)
