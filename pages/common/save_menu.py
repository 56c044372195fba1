"""The menu below a figure that saves it: as a picture, as a drawing, and its data."""

from core.i18n import _

# Of tuples alone: for a list or a dict, Streamlit would import pandas, half a second of the first page.
SaveMenu = tuple[str, str, tuple[tuple[str, str], ...]]


def build_save_menu(file: str, has_data: bool = True) -> SaveMenu:
    """Return the menu as its component expects it: its name, `file`, and its entries, each a kind and a text.

    file: name of the saved files, without their ending. has_data: whether the data can be saved, too.
    """
    kinds = [("png", _("Picture (PNG)")), ("svg", _("Drawing (SVG)"))]
    kinds += [("csv", _("Data (CSV)"))] * has_data
    return _("Save this figure"), file, tuple(kinds)
