"""The escaping of texts from outside for Markdown."""

import re

MAX_CHARACTERS = 600  # longest text; a quoted value may have any length
_ADDRESS = re.compile(r"(https?|www)(?=[:.])", re.IGNORECASE)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|$~:])")


def escape_markdown(text: object) -> str:
    """Return the text escaped for Markdown: no image, no link, no style. It is cut after MAX_CHARACTERS."""
    printable = str(text).encode("utf-8", "replace").decode()
    shown = printable if len(printable) <= MAX_CHARACTERS else printable[:MAX_CHARACTERS] + "…"
    # An invisible word joiner keeps an address from becoming a link.
    return _MARKDOWN.sub(r"\\\1", _ADDRESS.sub("\\1\u2060", shown))
