"""A small picture of dots as SVG, from the Braille characters in which tasks write bars and images.

The characters themselves are too small to be read, and mean nothing to a screen reader.
"""

from core.figures.svg import escape_text, format_coordinate, tag
from core.i18n import _

FIRST, LAST = 0x2800, 0x28FF  # the Braille characters
# The bits of the dots of a character, from the top down: the left and the right column.
COLUMNS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
ROWS = 4
GAP = 0.12  # between two dots, as a part of a dot's place


def is_dot_picture(text: str) -> bool:
    """Return whether the text consists of Braille characters."""
    return bool(text) and all(FIRST <= ord(character) <= LAST for character in text)


def list_dots(text: str) -> list[list[bool]]:
    """Return the columns of a picture, from left to right, each with its 4 dots from the top down."""
    return [[bool(ord(character) - FIRST & bit) for bit in column] for character in text for column in COLUMNS]


def describe_dots(text: str) -> str:
    """Return the picture in words: how many dots each column has. A text that is no picture is returned as it is."""
    if not is_dot_picture(text):
        return text
    heights = " ".join(str(sum(column)) for column in list_dots(text))
    return _("picture; dots by column, of {rows}: {heights}").format(rows=ROWS, heights=heights)


def render_dot_picture(text: str, x: float, y: float, height: float) -> str:
    """Return the picture, centered at x and with its top at y, with its description as a title."""
    columns, pitch = list_dots(text), height / ROWS
    left, side = x - pitch * len(columns) / 2, format_coordinate(pitch * (1 - GAP))
    dots = "".join(
        f"M{format_coordinate(left + pitch * column)} {format_coordinate(y + pitch * row)}h{side}v{side}h-{side}z"
        for column, filled in enumerate(columns)
        for row, on in enumerate(filled)
        if on
    )
    return tag("path", tag("title", escape_text(describe_dots(text))), d=dots, class_="net-dots")
