"""Moves labels apart that would overlap, as little as possible."""

from collections.abc import Hashable, Sequence


def spread(at: Sequence[float], sizes: Sequence[float], columns: Sequence[Hashable]) -> list[float]:
    """By how much each label is to be moved. at: where its middle should be; sizes: how high it is, in the same unit.

    Labels of different columns never meet. Within a column their order stays, and they end up side by side where they
    would overlap, around the mean of where they should be.
    """
    shifts = [0.0] * len(at)
    for column in set(columns):
        members = sorted((i for i in range(len(at)) if columns[i] == column), key=lambda i: at[i])
        for i, place in zip(members, _apart([at[i] for i in members], [sizes[i] for i in members]), strict=True):
            shifts[i] = place - at[i]
    return shifts


def _apart(at: list[float], sizes: list[float]) -> list[float]:
    # Least squares under an order: pool neighbours that overlap into blocks, each at the mean of its members' wishes.
    blocks: list[tuple[float, float, list[float]]] = []  # bottom edge, height, sizes
    wishes: list[list[float]] = []
    for middle, size in zip(at, sizes, strict=True):
        blocks.append((middle - size / 2, size, [size]))
        wishes.append([middle - size / 2])
        while len(blocks) > 1 and blocks[-2][0] + blocks[-2][1] > blocks[-1][0]:
            (_low, height, below), (_high, more, above) = blocks[-2:]
            wishes[-2:] = [wishes[-2] + [wish - height for wish in wishes[-1]]]
            blocks[-2:] = [(sum(wishes[-1]) / len(wishes[-1]), height + more, below + above)]
    return [bottom + sum(members[:i]) + size / 2 for bottom, _h, members in blocks for i, size in enumerate(members)]
