"""Moves labels apart that would overlap, as little as possible."""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean


def spread(
    at: Sequence[float], sizes: Sequence[float], columns: Sequence[int], low: float = -math.inf, high: float = math.inf
) -> list[float]:
    """By how much each label is to be moved. at: where its middle should be; sizes: how high it is, in the same unit.

    Labels of different columns never meet. Within a column their order stays, they end up side by side where they would
    overlap, around the mean of where they should be, and lie between `low` and `high`; above, where there is too little room.
    """
    shifts = [0.0] * len(at)
    for column in set(columns):
        members = sorted((i for i in range(len(at)) if columns[i] == column), key=lambda i: at[i])
        places = _apart([at[i] for i in members], [sizes[i] for i in members], low, high)
        for i, place in zip(members, places, strict=True):
            shifts[i] = place - at[i]
    return shifts


def columns_of(x: Sequence[float], width: float) -> list[int]:
    """The column of each label by its left edge: labels whose edges are nearer than a label's width share one, as do
    those between which others make a chain."""
    order = sorted(range(len(x)), key=lambda i: x[i])
    columns = [0] * len(x)
    for before, i in pairwise(order):
        columns[i] = columns[before] + (x[i] - x[before] > width)
    return columns


def _apart(at: list[float], sizes: list[float], low: float, high: float) -> list[float]:
    # Least squares under an order: without the room that those below need, edges may be equal but not fall. Neighbours that
    # fall are pooled, each block at the mean of its members' wishes; bounds then only cut off what lies beyond them.
    below = [sum(sizes[:i]) for i in range(len(sizes))]
    blocks: list[list[float]] = []
    for middle, size, room in zip(at, sizes, below, strict=True):
        blocks.append([middle - size / 2 - room])
        while len(blocks) > 1 and fmean(blocks[-2]) > fmean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    edges = [max(low, min(fmean(block), high - sum(sizes))) for block in blocks for _member in block]
    return [edge + room + size / 2 for edge, room, size in zip(edges, below, sizes, strict=True)]
