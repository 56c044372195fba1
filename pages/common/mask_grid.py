"""The mask grid as a component that is mounted once and changed in place."""

from collections.abc import Callable

from pages.common.component import make_value_callback, mount_component
from pages.common.save_menu import build_save_menu

_mount = mount_component("mask_grid", '<div class="grid-root"></div><div class="grid-tools figure-tools"></div>')


def draw_mask_grid(svg: str, key: str, on_opened: Callable[[str, int, int, int], None]) -> None:
    """Draw the SVG of `render_mask_grid`. on_opened: is called with site, layer, sample and step of a clicked cell."""

    def open_cell(place: str) -> None:
        site, layer, sample, t = str(place).split(" ")
        on_opened(site, int(layer), int(sample), int(t))

    _mount(
        key=key,
        data={"svg": svg, "save": build_save_menu("masks")},
        on_opened_change=make_value_callback(key, "opened", open_cell),
    )
