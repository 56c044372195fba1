"""Places labels so that they do not overlap, each as near as possible to its point."""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

from core.figures.theme import Figure


def spread_labels(
    centers: Sequence[float], sizes: Sequence[float], columns: Sequence[int], low: float = -math.inf, high: float = math.inf
) -> list[float]:
    """Return the shift of each label that removes all overlaps.

    centers: the wanted middle of each label. sizes: the height of each label, in the same unit. columns: the column of
    each label; labels of different columns cannot overlap. Within a column the order is kept, overlapping labels are
    stacked around the mean of their wanted places, and all lie between `low` and `high`; they exceed `high` where
    there is too little room.
    """
    shifts = [0.0] * len(centers)
    for column in set(columns):
        members = sorted((i for i in range(len(centers)) if columns[i] == column), key=lambda i: centers[i])
        places = _place_in_order([centers[i] for i in members], [sizes[i] for i in members], low, high)
        for i, place in zip(members, places, strict=True):
            shifts[i] = place - centers[i]
    return shifts


def assign_columns(x: Sequence[float], width: float) -> list[int]:
    """Return the column of each label from its left edge x.

    Labels whose left edges are at most `width` apart share a column, also where this holds only through other labels.
    """
    order = sorted(range(len(x)), key=lambda i: x[i])
    columns = [0] * len(x)
    for before, i in pairwise(order):
        columns[i] = columns[before] + (x[i] - x[before] > width)
    return columns


def build_end_label(lines: Sequence[str], x: float, y: float, shift: float, color: str, size: int = 11) -> Figure:
    """Return the Plotly annotation right of the end (x, y) of a curve, moved up by `shift` pixels."""
    return {
        "x": x,
        "y": y,
        "xanchor": "left",
        "yanchor": "middle",
        "xshift": 5,
        "yshift": round(shift, 1),
        "text": "<br>".join(lines),
        "align": "left",
        "showarrow": False,
        "font": {"size": size, "color": color},
    }


def _place_in_order(centers: list[float], sizes: list[float], low: float, high: float) -> list[float]:
    # Isotonic regression by pooling adjacent violators: once the heights of the labels below are subtracted, edges may be
    # equal but must not decrease. Each pooled block lies at the mean of its members' wishes; the bounds clip at the end.
    below = [sum(sizes[:i]) for i in range(len(sizes))]
    blocks: list[list[float]] = []
    for middle, size, room in zip(centers, sizes, below, strict=True):
        blocks.append([middle - size / 2 - room])
        while len(blocks) > 1 and fmean(blocks[-2]) > fmean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    edges = [max(low, min(fmean(block), high - sum(sizes))) for block in blocks for _member in block]
    return [edge + room + size / 2 for edge, room, size in zip(edges, below, sizes, strict=True)]
