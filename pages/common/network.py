"""The network figure on a page: mounted once, changed in place, and what the user does with it comes back."""

from collections.abc import Callable
from typing import Any

from core.i18n import _
from pages.common.component import mount, on_value

HTML = """<div class="net-root">
<div class="net-callout" role="note" hidden><p></p><button type="button"></button></div>
<button class="net-tour" type="button" hidden>?</button>
<div class="net-scroll"></div>
<div class="net-tip" role="tooltip" hidden></div>
</div>"""

_figure = mount("network", HTML)


def network_view(svg: str, key: str, on_did: Callable[[dict[str, Any]], None], zoneout: bool = False) -> None:
    """Shows what `core.figures.network.network` drew, and tells `on_did` what the user does on it:

    {"source": t} or {"target": t}: a word was chosen as the beginning or end of the path.
    {"climb": layer, "t": t}: the path is to leave that layer (1 to L-1) at step t.
    {"site": name, "layer": layer, "t": t}: a barcode was opened.

    zoneout: whether its masks choose between a new value and the old one.
    """
    _figure(
        key=key,
        data={"svg": svg, "callouts": _callouts(zoneout), "tour": _("Show the tour of this figure")},
        on_did_change=on_value(key, "did", lambda did: on_did(dict(did))),
    )


def _callouts(zoneout: bool) -> tuple[dict[str, str], ...]:
    # Where on the figure, what is said there, and what its button says. A tuple: to look whether a list is a table,
    # Streamlit would import pandas, half a second of the first page.
    drops, zones = (
        _("A barcode is a mask: one stripe a unit, filled is kept, empty is dropped."),
        _("A barcode is a mask: one stripe a unit, filled takes the new value, empty keeps the old."),
    )
    texts = (
        (".net-mask", zones if zoneout else drops),
        (
            "[id$=predictions] .is-chosen",
            _("The thick line follows one word to one prediction. Each number is a mask it meets."),
        ),
        ("[id$=inputs] .is-chosen", _("Click a word below and a prediction above: the path goes from one to the other.")),
    )
    return tuple(
        {"at": at, "text": text, "next": _("Got it") if n == len(texts) else _("Next")} for n, (at, text) in enumerate(texts, 1)
    )
