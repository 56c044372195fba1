"""Texts that quote what came from outside, made safe for a page."""

import re

LONGEST = 600  # characters of a sentence; what was quoted may be of any length
_ADDRESS = re.compile(r"(https?|www)(?=[:.])", re.IGNORECASE)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|$~:])")


def plain(text: object) -> str:
    """The text as it is, for where Streamlit expects Markdown: no picture is loaded, no link made, nothing styled."""
    printable = str(text).encode("utf-8", "replace").decode()
    shown = printable if len(printable) <= LONGEST else printable[:LONGEST] + "…"
    # A word joiner, which nobody sees, keeps an address from becoming a link.
    return _MARKDOWN.sub(r"\\\1", _ADDRESS.sub("\\1\u2060", shown))
