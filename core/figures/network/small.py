"""The network figure at the size of a card: barcodes, connections and the traced path, without words and without names."""

from dataclasses import asdict, dataclass
from functools import cached_property

from core.figures.network.barcodes import draw_stripes, place_stripes
from core.figures.network.connections import draw_route, draw_stretch, list_stretches
from core.figures.network.labels import list_active_sites
from core.figures.network.layout import HALF_NODE_WIDTH, TOKEN_HEIGHT, Layout, Sizes
from core.figures.network.scene import Scene
from core.figures.svg import escape_text, format_coordinate, group, tag
from core.figures.theme import Theme

SHOWN_UNITS = 12  # the most units whose stripes can be told apart at this size
STEP_WIDTH, BARCODE_LENGTH = 62.0, 42.0
MARGIN = 9.0
_SIZES = Sizes(bar=16, gap=7, node=17, count=0)
_LAYER_HEIGHTS = {1: 96.0, 2: 58.0, 3: 46.0, 4: 40.0}
_SHEET = """
.small-band{{fill:{panel}}} .small-wire{{fill:none;stroke:{wire};stroke-width:1.2}}
.small-wire.is-masked{{stroke-dasharray:3 3}}
.small-path{{fill:none;stroke:{accent};stroke-width:4.5;stroke-linejoin:round}}
.small-node{{fill:{paper};stroke:{wire};stroke-width:1.1}} .small-mask rect{{fill:{paper};stroke:{line};stroke-width:1}}
.small-mask.is-crossed rect{{stroke:{accent};stroke-width:2.2}} .small-mask path{{stroke:{ink};stroke-width:.72}}
"""


@dataclass(frozen=True)
class SmallLayout(Layout):
    """The layout of the small figure: narrow steps, low layers, no room for words."""

    @property
    def sizes(self) -> Sizes:
        """Return the heights of its parts."""
        return _SIZES

    @cached_property
    def pitch(self) -> float:
        """Return the width of a step."""
        return STEP_WIDTH

    @cached_property
    def bar(self) -> float:
        """Return the length of a barcode."""
        return BARCODE_LENGTH

    @cached_property
    def core(self) -> float:
        """Return the height of a layer."""
        return _LAYER_HEIGHTS[self.layers]


class SmallScene(Scene):
    """The content of the small figure."""

    @cached_property
    def layout(self) -> SmallLayout:
        """Return the layout of the figure."""
        count = min(self.count, self.shape.steps - self.first)
        return SmallLayout(self.layers, self.first, count, frozenset(self.active_rates))


def render_small_network(scene: SmallScene, theme: Theme, name: str, sentence: str) -> str:
    """Return the figure as one SVG element. name: prefix of its ids. sentence: the text for screen readers."""
    at = scene.layout
    left, right = at.x(at.first) - STEP_WIDTH / 2, at.x(at.last) + STEP_WIDTH / 2
    top, bottom = at.prediction_top + TOKEN_HEIGHT, at.input_top
    box = (left - MARGIN, top - 2, right - left + 2 * MARGIN, bottom - top + 4)
    window = tag("rect", x=box[0], y=box[1], width=box[2], height=box[3])
    return tag(
        "svg",
        tag("style", escape_text(_SHEET.format(**asdict(theme)))),
        tag("defs", tag("clipPath", window, id=f"{name}-window")),
        *(_render_band(scene, layer, box[0], box[2]) for layer in range(1, scene.layers + 1)),
        group(*_render_wires(scene), clip_path=f"url(#{name}-window)"),
        *_render_nodes(scene),
        *(_render_mask_row(scene, site, layer) for site, layer in scene.active_rates),
        tag("path", class_="small-path", d=" ".join(draw_route(scene)), clip_path=f"url(#{name}-window)"),
        *(_render_mask_row(scene, site, layer, crossed=True) for site, layer in scene.active_rates),
        xmlns="http://www.w3.org/2000/svg",
        class_="small-network",
        viewBox=" ".join(format_coordinate(number) for number in box),
        role="img",
        aria_label=sentence,
    )


def _render_band(scene: SmallScene, layer: int, left: float, width: float) -> str:
    at = scene.layout
    top, bottom = at.top(layer) - 2, at.bottom(layer) + 1
    return tag("rect", x=left, y=top, width=width, height=bottom - top, rx=6, class_="small-band")


def _render_wires(scene: SmallScene) -> list[str]:
    return [
        tag(
            "path",
            class_="small-wire is-masked" if list_active_sites(scene, site, layer) else "small-wire",
            d=draw_stretch(scene, site, layer),
        )
        for site, layer in list_stretches(scene)
    ]


def _render_nodes(scene: SmallScene) -> list[str]:
    """Return h and c of every layer and step, except where a barcode takes their place."""
    at, nodes = scene.layout, []
    for layer in range(1, scene.layers + 1):
        for t in scene.steps:
            if ("zoneout_state", layer) not in scene.active_rates:
                box = {"x": at.x(t) - HALF_NODE_WIDTH, "y": at.h(layer) - _SIZES.node / 2, "width": 2 * HALF_NODE_WIDTH}
                nodes.append(tag("rect", **box, height=_SIZES.node, rx=4, class_="small-node"))
            if scene.has_carry and not {("cell", layer), ("zoneout_cell", layer)} & set(scene.active_rates):
                nodes.append(tag("circle", cx=at.x(t), cy=at.c(layer), r=_SIZES.node / 2, class_="small-node"))
    return nodes


def _render_mask_row(scene: SmallScene, site: str, layer: int, crossed: bool = False) -> str:
    """Return the barcodes of a site and layer: those that the path crosses, which lie on it, or the others."""
    rows = zip(scene.steps, scene.select_window(site, layer)[:, :SHOWN_UNITS], strict=True)
    masks = []
    for t, factors in rows:
        if ((site, layer, t) in scene.crossing_numbers) == crossed:
            box = scene.layout.place_mask(site, layer, t)
            masks.append(
                group(
                    tag("rect", width=box.width, height=box.height, rx=2.5),
                    tag("path", d=draw_stripes(scene, site, factors), transform=place_stripes(box, len(factors))),
                    class_="small-mask is-crossed" if crossed else "small-mask",
                    transform=f"translate({format_coordinate(box.x)} {format_coordinate(box.y)})",
                )
            )
    return "".join(masks)
