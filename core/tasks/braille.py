"""Bars and pictures made of Braille signs: small enough for a word's box."""

from collections.abc import Iterable

from core.tasks.task import Bools

# The dots of a Braille sign, from the bottom up: two bars of four.
_DOTS = ((0x40, 0x04, 0x02, 0x01), (0x80, 0x20, 0x10, 0x08))


def bars(shares: Iterable[float]) -> str:
    """An even number of bars, two in each sign; a share is how full a bar is, from 0 to 1."""
    heights = [round(min(1.0, max(0.0, float(share))) * 4) for share in shares]
    return "".join(_sign(heights[at : at + 2]) for at in range(0, len(heights), 2))


def picture(lit: Bools) -> str:
    """Four rows of dots, [4, 2n], in n signs."""
    pairs = [lit[:, at : at + 2].T for at in range(0, lit.shape[1], 2)]
    return "".join(
        chr(
            0x2800
            + sum(
                dot for side, column in zip(_DOTS, pair, strict=True) for dot, on in zip(side, column[::-1], strict=True) if on
            )
        )
        for pair in pairs
    )


def _sign(heights: list[int]) -> str:
    return chr(0x2800 + sum(sum(dots[:height]) for dots, height in zip(_DOTS, heights, strict=True)))
