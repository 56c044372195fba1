"""The menu below a figure that saves it: as a picture, as a drawing, and its data."""

from typing import Any

from core.i18n import _


def build_save_menu(file: str, has_data: bool = True) -> dict[str, Any]:
    """Return the menu as its component expects it. file: name of the saved files, without their ending."""
    kinds = [("png", _("Picture (PNG)")), ("svg", _("Drawing (SVG)"))]
    kinds += [("csv", _("Data (CSV)"))] * has_data
    # Tuples: for lists, Streamlit would import pandas, half a second of the first page.
    return {
        "label": _("Save this figure"),
        "file": file,
        "kinds": tuple({"kind": kind, "label": label} for kind, label in kinds),
    }
