"""Bar charts and pictures made of Braille characters, small enough for the box of a word."""

from collections.abc import Iterable

from core.tasks.task import Bools

# The bits of the dots of a Braille character: two columns of four, from the bottom up.
_DOTS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))


def draw_bars(values: Iterable[float]) -> str:
    """Draw an even number of bars, two per character; each value is the height of a bar, from 0 to 1."""
    heights = [round(min(1.0, max(0.0, float(value))) * 4) for value in values]
    return "".join(_make_character(heights[at : at + 2]) for at in range(0, len(heights), 2))


def draw_picture(dots: Bools) -> str:
    """Draw dots [4, 2n] with n characters."""
    pairs = [dots[:, at : at + 2].T for at in range(0, dots.shape[1], 2)]
    return "".join(
        chr(
            0x2800
            + sum(
                dot for side, column in zip(_DOTS, pair, strict=True) for dot, on in zip(side, column[::-1], strict=True) if on
            )
        )
        for pair in pairs
    )


def _make_character(heights: list[int]) -> str:
    return chr(0x2800 + sum(sum(dots[:height]) for dots, height in zip(_DOTS, heights, strict=True)))
