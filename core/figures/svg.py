"""Writes SVG as text: elements whose attributes are escaped and always in the same order."""

import re
from html import escape

# What XML 1.0 cannot hold at all, not even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# How wide characters are, in parts of the font size; all others 0.51, and 1 in the scripts of East Asia.
_ADVANCES = {0.27: "ijl.,;:!|'I ", 0.36: "frt()[]-", 0.46: "cksvxyz", 0.6: "ABCDEFGHJKLNOPQRSTUVXYZ", 0.8: "mwMW@%…"}


def number(value: float) -> str:
    """A coordinate with at most one decimal."""
    return f"{round(value, 1):g}"


def text(value: str) -> str:
    """The text as XML holds it."""
    return escape(_FORBIDDEN.sub("\ufffd", value))


def _attribute(value: str | float) -> str:
    # A parser would turn a plain line break within an attribute into a space.
    return text(value).replace("\n", "&#10;") if isinstance(value, str) else number(value)


def tag(name: str, *inside: str, **attributes: str | float | None) -> str:
    """One element. `inside` is SVG already; attributes that are None are left out; data_t is written data-t."""
    given = "".join(
        f' {key.strip("_").replace("_", "-")}="{_attribute(value)}"' for key, value in attributes.items() if value is not None
    )
    return f"<{name}{given}>{''.join(inside)}</{name}>" if inside else f"<{name}{given}/>"


def group(*inside: str, **attributes: str | float | None) -> str:
    """A group of elements."""
    return tag("g", *inside, **attributes)


def label(value: str, x: float, y: float, kind: str, **attributes: str | float | None) -> str:
    """A line of text with its baseline at y."""
    return tag("text", text(value), x=x, y=y, class_=kind, **attributes)


def width_of(value: str, size: float) -> float:
    """About how wide a text is at a font size: an estimate on the safe side, for the server knows no fonts."""
    return size * sum(map(_advance, value))


def shortened(value: str, width: float, size: float) -> str:
    """The text, or as much of its beginning as fits into the width, with an ellipsis."""
    if width_of(value, size) <= width:
        return value
    while value and width_of(value + "…", size) > width:
        value = value[:-1]
    return value + "…"


def two_lines(value: str, width: float, size: float) -> list[str]:
    """The text in one line, or, where that is too short for it, in two, each shortened to the width."""
    cut = max(value.rfind(" ", 0, len(value) * 2 // 3), 0)
    lines = [value] if width_of(value, size) <= width or not cut else [value[:cut], value[cut + 1 :]]
    return [shortened(line, width, size) for line in lines]


def _advance(character: str) -> float:
    if ord(character) >= 0x1100:
        return 1.0
    return next((width for width, some in _ADVANCES.items() if character in some), 0.51)
