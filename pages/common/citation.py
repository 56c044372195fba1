"""Citations in Markdown, with their arXiv numbers as links."""

import re

from pages.common.escape import escape_markdown

_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")


def format_citation(text: str) -> str:
    """Return the citation escaped for Markdown; each arXiv number leads to the paper's page."""
    parts = _ARXIV.split(text)  # texts, and between them the numbers
    return "".join(
        f"[arXiv:{part}](https://arxiv.org/abs/{part})" if place % 2 else escape_markdown(part)
        for place, part in enumerate(parts)
    )
