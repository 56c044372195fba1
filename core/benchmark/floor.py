"""What the arithmetic alone would take: the operations of an update, at the best rate that a matrix product reaches here."""

import torch

from core.benchmark.clock import timed

# Operations of a step, layer, sample and unit, forward and backward, by what comes in: 24·B·H·(I + H) for an LSTM (PLATFORM of
# the design: three products forward and back, each 2·4H·(I + H)).
OPERATIONS = {"lstm": 24, "gru": 18, "rnn": 6, "rnn-logistic": 6}
ROUNDS = 20
SQUARE = 1024  # a product large enough to show the machine's peak


def operations(cell: str, T: int, B: int, widths: tuple[int, ...], below: int) -> float:
    """Of one forward and backward pass of the whole stack; `below` is the width of what comes into layer 1."""
    pairs = zip((below, *widths[:-1]), widths, strict=True)
    return sum(OPERATIONS[cell] * T * B * h * (i + h) for i, h in pairs)


def peak(rows: int, inner: int, columns: int, device: torch.device) -> float:
    """Operations a millisecond of the product [rows, inner] × [inner, columns], the best of the rounds."""
    a, b = torch.randn(rows, inner, device=device), torch.randn(inner, columns, device=device)
    out, calls = torch.empty(rows, columns, device=device), min(100, max(1, 20_000_000 // (rows * inner * columns)))

    def products() -> None:
        for _call in range(calls):
            torch.mm(a, b, out=out)

    return 2 * rows * inner * columns * calls / timed({"mm": products}, ROUNDS, device)["mm"].least
