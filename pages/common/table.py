"""A table of texts and links, which on a narrow screen becomes a card a row."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

import streamlit as st

from pages.common.lab_link import anchor


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Draws it. Its cells are HTML, made by the functions below; the first of a row is its name."""
    names = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    body = "".join(_row(head, row) for row in rows)
    st.html(f'<div class="texts"><table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table></div>')


def said(*lines: str) -> str:
    """Lines of text, as a cell."""
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def value(text: str, note: str) -> str:
    """What counts, and below it, smaller, what is to be known of it."""
    return f"<p><b>{escape(text)}</b></p>{small(note)}"


def small(text: str) -> str:
    """A line in small letters."""
    return f"<p><small>{escape(text)}</small></p>"


def parts(text: str, apart: str = " / ") -> str:
    """A cell of values, none of which is broken over two lines."""
    return "<p>" + apart.join(f"<span>{escape(one)}</span>" for one in text.split(apart)) + "</p>"


def to_lab(text: str, query: Mapping[str, str]) -> str:
    """A link to the Lab with that experiment."""
    return f"<p>{anchor(text, query)}</p>"


def _row(head: Sequence[str], row: Sequence[str]) -> str:
    first, *cells = row
    others = "".join(f'<td data-name="{escape(name)}">{cell}</td>' for name, cell in zip(head[1:], cells, strict=True))
    return f"<tr><th scope='row'>{first}</th>{others}</tr>"
