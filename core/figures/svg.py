"""Builds SVG elements as text, with escaped attributes in a fixed order, and estimates the width of texts."""

import re
from html import escape

# Characters that XML 1.0 does not allow, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Widths of characters as fractions of the font size; all others have 0.51, those of East Asian scripts 1.
_ADVANCES = {0.27: "ijl.,;:!|'I ", 0.36: "frt()[]-", 0.46: "cksvxyz", 0.6: "ABCDEFGHJKLNOPQRSTUVXYZ", 0.8: "mwMW@%…"}


def format_coordinate(value: float) -> str:
    """Return a coordinate with at most one decimal."""
    return f"{round(value, 1):g}"


def format_path(*parts: str | float) -> str:
    """Return path data from commands and numbers: ("M", 1.25, 3, "h", 4) gives "M1.2 3h4"."""
    data = ""
    for i, part in enumerate(parts):
        separator = " " if i and not isinstance(part, str) and not isinstance(parts[i - 1], str) else ""
        data += part if isinstance(part, str) else separator + format_coordinate(part)
    return data


def escape_text(value: str) -> str:
    """Return a text escaped for XML; characters that XML does not allow become U+FFFD."""
    return escape(_FORBIDDEN.sub("\ufffd", value))


def _attribute(value: str | float) -> str:
    # XML parsers turn a plain line break within an attribute into a space.
    return escape_text(value).replace("\n", "&#10;") if isinstance(value, str) else format_coordinate(value)


def tag(name: str, *inside: str, **attributes: str | float | None) -> str:
    """Return one element.

    inside: the content, SVG already. attributes: those that are None are left out; `class_` becomes class and `data_t`
    becomes data-t.
    """
    attribute_text = "".join(
        f' {key.strip("_").replace("_", "-")}="{_attribute(value)}"' for key, value in attributes.items() if value is not None
    )
    return f"<{name}{attribute_text}>{''.join(inside)}</{name}>" if inside else f"<{name}{attribute_text}/>"


def group(*inside: str, **attributes: str | float | None) -> str:
    """Return a `<g>` element."""
    return tag("g", *inside, **attributes)


def label(value: str, x: float, y: float, class_: str, **attributes: str | float | None) -> str:
    """Return a `<text>` element with its baseline at y."""
    return tag("text", escape_text(value), x=x, y=y, class_=class_, **attributes)


def estimate_width(value: str, size: float) -> float:
    """Return an upper estimate of a text's width at a font size, since the server knows no font metrics."""
    return size * sum(
        1.0
        if ord(character) >= 0x1100
        else next((width for width, characters in _ADVANCES.items() if character in characters), 0.51)
        for character in value
    )


def shorten(value: str, width: float, size: float) -> str:
    """Return the text, or the longest beginning of it that fits into the width, with an ellipsis."""
    if estimate_width(value, size) <= width:
        return value
    while value and estimate_width(value + "…", size) > width:
        value = value[:-1]
    return value + "…"


def wrap_two_lines(value: str, width: float, size: float) -> list[str]:
    """Return the text in one line or, where it does not fit, in two lines, each shortened to the width."""
    cut = max(value.rfind(" ", 0, len(value) * 2 // 3), 0)
    lines = [value] if estimate_width(value, size) <= width or not cut else [value[:cut], value[cut + 1 :]]
    return [shorten(line, width, size) for line in lines]
