"""A table of texts and links; on a narrow screen each row becomes a card."""

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st


def draw_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Draw the table. The cells are HTML from the functions below; the first of a row is its header."""
    names = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    body = "".join(_row(head, row) for row in rows)
    st.html(f'<div class="texts"><table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table></div>')


def format_text_cell(*lines: str) -> str:
    """Return a cell with lines of text."""
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def format_value_cell(text: str, note: str) -> str:
    """Return a cell with a value, and below it a note in small letters."""
    return f"<p><b>{escape(text)}</b></p>{format_small_line(note)}"


def format_small_line(text: str) -> str:
    """Return a line in small letters."""
    return f"<p><small>{escape(text)}</small></p>"


def format_unbroken_cell(text: str, apart: str = " / ") -> str:
    """Return a cell with values, none of which is broken over two lines."""
    return "<p>" + apart.join(f"<span>{escape(one)}</span>" for one in text.split(apart)) + "</p>"


def _row(head: Sequence[str], row: Sequence[str]) -> str:
    first, *cells = row
    others = "".join(f'<td data-name="{escape(name)}">{cell}</td>' for name, cell in zip(head[1:], cells, strict=True))
    return f"<tr><th scope='row'>{first}</th>{others}</tr>"
