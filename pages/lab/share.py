"""The button that shares the experiment: it copies the link, and shows it with its QR code."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from core.errors import Invalid
from core.figures.qr_code import render_qr_code
from core.i18n import _
from pages.common import visit
from pages.common.component import make_value_callback, mount_component
from pages.common.guard import guarded_fragment
from pages.lab import workbench

KEY = "share"
MAX_ADDRESS = 500  # characters of the page's address, without its query

_mount = mount_component(
    "share",
    """<div class="link-share"><button class="link-share-open" type="button" aria-expanded="false"></button>
<section class="link-share-panel" role="dialog" hidden>
<p class="link-share-status" role="status"></p>
<div class="link-share-row"><input class="link-share-link" type="text" readonly>
<button class="link-share-copy" type="button"></button></div>
<div class="link-share-code"></div><p class="link-share-about"></p>
</section></div>""",
)


def draw_share_button() -> None:
    """Draw the button and its panel, which a fragment of its own fills when it is opened."""
    st.fragment(guarded_fragment(_draw))()


def _draw() -> None:
    _mount(
        key=KEY,
        data={
            "label": _("Share"),
            "copy": _("Copy"),
            "link": _("Link to this experiment"),
            "copied": _("The link is copied."),
            "select": _("Press Ctrl+C (on a Mac ⌘+C) to copy the selected link."),
            "about": _("The same data, initial weights, masks and path. The link contains nothing of your files."),
            "shared": visit.visit()["shared"],
        },
        on_asked_change=make_value_callback(KEY, "asked", _share),
    )


def _share(request: Mapping[str, Any]) -> None:
    """Make the link of the experiment and its QR code. request: its number, and the page's address as the browser has it."""
    scheme, host, path, _query, _fragment = urlsplit(str(request.get("address"))[:MAX_ADDRESS])
    if scheme not in ("http", "https") or not host:
        return
    link = urlunsplit((scheme, host, path, urlencode(workbench.build_link(), safe=",~"), ""))
    try:
        code, about = render_qr_code(link), ""
    except Invalid as invalid:
        code, about = "", str(invalid)
    visit.visit()["shared"] = {"number": request.get("number"), "link": link, "code": code, "about": about}
