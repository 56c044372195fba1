"""Citations in Markdown, with their arXiv numbers and DOIs as links."""

import re

from pages.common.escape import escape_markdown

# The addresses by what stands before the number. A DOI ends at a space, or before the comma, semicolon or period behind it.
_ADDRESSES = {"arXiv": "https://arxiv.org/abs/", "doi": "https://doi.org/"}
_NUMBER = re.compile(r"(arXiv|doi):(\d{4}\.\d{4,5}|10\.\d{4,9}/[^\s()<>\[\]]*[^\s()<>\[\].,;])")


def format_citation(text: str) -> str:
    """Return the citation escaped for Markdown; each arXiv number and each DOI leads to the paper's page."""
    parts = _NUMBER.split(text)  # texts, and between them kind and number
    citation = escape_markdown(parts[0])
    for kind, number, rest in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        citation += f"[{escape_markdown(f'{kind}:{number}')}]({_ADDRESSES[kind]}{number})" + escape_markdown(rest)
    return citation
