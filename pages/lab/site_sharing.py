"""The end of a site's row: its rate as a number, and the choice of how its masks are shared, as a small picture that opens."""

from collections.abc import Callable

from core.dropout.placement import SHARING, Dropout
from core.dropout.sites import Site
from core.experiment import edits
from core.figures.sharing_picture import render_sharing_picture
from core.i18n import N_, _
from pages.common.component import make_value_callback, mount_component

_mount = mount_component(
    "site_sharing",
    '<div class="share"><output></output><label class="share-choice">'
    '<span class="share-picture"></span><select></select></label></div>',
)
# By the sharing over time and over the batch.
LABELS = {
    ("step", "sample"): N_("a new mask at every step"),
    ("step", "batch"): N_("a new mask at every step, the same for all samples"),
    ("sequence", "sample"): N_("one mask per sequence"),
    ("sequence", "batch"): N_("one mask per batch"),
}


def draw_site_sharing(site: Site, dropout: Dropout, on: bool, note: str, on_change: Callable[[str, str], None]) -> None:
    """Draw the rate and the choice. note: stands in place of the rate. on_change: is called with `time` and `batch`."""
    choices = [
        (time, batch)
        for time in (SHARING["time"] if "time" in site.axes else (dropout.time,))
        for batch in (SHARING["batch"] if "batch" in site.axes else (dropout.batch,))
    ]
    rate = f"{edits.first_rate(dropout):.2f}" + ("…" if isinstance(dropout.rate, tuple) else "")
    # Tuples: for lists, Streamlit would import pandas, half a second of the first page.
    data = {
        "rate": note or rate,
        "label": _("masks of {site}").format(site=_(site.label)),
        "value": f"{dropout.time} {dropout.batch}",
        "options": tuple({"value": " ".join(choice), "label": _(LABELS[choice])} for choice in choices),
        "picture": render_sharing_picture(dropout.time, dropout.batch),
        "disabled": not on,
    }

    def report(value: str) -> None:
        time, batch = str(value).split(" ")
        if (time, batch) in choices:
            on_change(time, batch)

    key = f"shared-{site.name}"
    _mount(key=key, data=data, on_chosen_change=make_value_callback(key, "chosen", report))
