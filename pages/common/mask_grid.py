"""The grid of masks on a page: mounted once, changed in place; the cell that is opened comes back."""

from collections.abc import Callable

from pages.common.component import mount, on_value

_mount = mount("mask_grid", '<div class="grid-root"></div>')


def mask_grid(svg: str, key: str, on_opened: Callable[[str, int, int, int], None]) -> None:
    """Shows what `core.figures.mask_grid.grid` drew; tells `on_opened` the site, layer, sample and step that are pressed."""

    def tell(place: str) -> None:
        site, layer, sample, t = str(place).split(" ")
        on_opened(site, int(layer), int(sample), int(t))

    _mount(key=key, data={"svg": svg}, on_opened_change=on_value(key, "opened", tell))
