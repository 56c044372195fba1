"""The network figure as a component that is mounted once and changed in place."""

from collections.abc import Callable
from typing import Any

from core.i18n import _
from pages.common.component import make_value_callback, mount_component
from pages.common.news import mount_or_collect
from pages.common.save_menu import build_save_menu

HTML = """<div class="net-root">
<div class="net-callout" role="note" hidden><p></p><button type="button"></button></div>
<div class="net-scroll"></div>
<div class="net-tools figure-tools"><button class="net-tour" type="button" hidden>?</button></div>
<div class="net-tip" role="tooltip" hidden></div>
</div>"""

_figure = mount_component("network", HTML)


def draw_network_figure(svg: str, key: str, on_action: Callable[[dict[str, Any]], None], zoneout: bool = False) -> None:
    """Draw the SVG of `render_network`. on_action: is called with the visitor's action on it:

    - {"source": t} or {"target": t}: an input or a prediction was selected as the beginning or end of the path.
    - {"climb": layer, "t": t}: the path should leave that layer (1 to L-1) at step t.
    - {"site": name, "layer": layer, "t": t}: a barcode was opened.

    zoneout: whether the masks choose between the new value and the old one.
    """
    mount_or_collect(
        _figure,
        key,
        {
            "svg": svg,
            "callouts": _callouts(zoneout),
            "tour": _("Show the tour of this figure"),
            "save": build_save_menu("network"),
        },
        on_did_change=make_value_callback(key, "did", lambda action: on_action(dict(action))),
    )


def _callouts(zoneout: bool) -> tuple[dict[str, str], ...]:
    # A tuple: for a list, Streamlit would import pandas, half a second of the first page.
    drop_text, zoneout_text = (
        _("A barcode is a mask: one stripe a unit, filled is kept, empty is dropped."),
        _("A barcode is a mask: one stripe a unit, filled takes the new value, empty keeps the old."),
    )
    texts = (
        (".net-mask", zoneout_text if zoneout else drop_text),
        (
            "[id$=predictions] .is-chosen",
            _("The thick line follows one word to one prediction. Each number is a mask it meets."),
        ),
        ("[id$=inputs] .is-chosen", _("Click a word below and a prediction above: the path goes from one to the other.")),
    )
    return tuple(
        {"at": at, "text": text, "next": _("Got it") if n == len(texts) else _("Next")} for n, (at, text) in enumerate(texts, 1)
    )
